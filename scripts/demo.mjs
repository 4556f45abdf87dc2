// `npm run demo`: sets the checkout up, then runs examples/demo. Arguments go to it (`--json`).
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { main } from "./lib/step.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup();
  await import(pathToFileURL(join(root, "examples/demo/dist/main.js")).href);
});
