import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const program = fileURLToPath(new URL("main.js", import.meta.url));

test("the executable tells its version and ends with the code of an error", async () => {
  const { stdout } = await run(process.execPath, [program, "--version"]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  await assert.rejects(run(process.execPath, [program, "secrts"]), {
    code: 2,
    stderr:
      "error: `keyturn` has no command `secrts`. Did you mean `keyturn secrets`? Look at what there is: `keyturn --help`.\n",
  });
});
