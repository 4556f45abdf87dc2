// All cases, in the order of the page.
import { callCases } from "./calls.cases.mjs";
import { credentialCases } from "./credentials.cases.mjs";
import { deliveryCases } from "./delivery.cases.mjs";
import { linkCases } from "./links.cases.mjs";
import { processCases } from "./process.cases.mjs";
import { settingsCases } from "./settings.cases.mjs";
import { textCases } from "./texts.cases.mjs";
import { traceCases } from "./traces.cases.mjs";
import { troubleCases } from "./trouble.cases.mjs";

export const groups = [
  { title: "Process", cases: processCases },
  { title: "Settings", cases: settingsCases },
  { title: "Credentials and TLS", cases: credentialCases },
  { title: "Links", cases: linkCases },
  { title: "Links in trouble, health", cases: troubleCases },
  { title: "Messages to a component", cases: deliveryCases },
  { title: "Texts in the log", cases: textCases },
  { title: "publish and request", cases: callCases },
  { title: "Traces", cases: traceCases },
];

export const allCases = groups.flatMap(({ cases }) => cases);
