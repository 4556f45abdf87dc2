// All cases, in the order of the page.
import { callCases } from "./calls.cases.mjs";
import { deliveryCases } from "./delivery.cases.mjs";
import { settingsCases } from "./settings.cases.mjs";

export const groups = [
  { title: "Settings", cases: settingsCases },
  { title: "Messages to a component", cases: deliveryCases },
  { title: "publish and request", cases: callCases },
];

export const allCases = groups.flatMap(({ cases }) => cases);
