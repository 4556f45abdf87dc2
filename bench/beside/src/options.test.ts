import assert from "node:assert/strict";
import { test } from "node:test";

import { readOptions } from "./options.js";

const tools = ["--driver", "d", "--rust", "r"];

test("what is typed is told apart from what is added", () => {
  const typed = ["delivery 64B", "--quick", "--against", "HEAD~1"];
  const options = readOptions([
    ...typed,
    "--driver",
    "d",
    "--against-script",
    "s",
  ]);
  assert.equal(
    options.command,
    'npm run bench -- beside "delivery 64B" --quick --against HEAD~1',
  );
  assert.deepEqual(options.against, { name: "HEAD~1", script: "s" });
  assert.deepEqual(options.words, ["delivery 64B"]);
});

test("bad options are told", () => {
  assert.throws(() => readOptions(["--quick"]), {
    message:
      "There is no --driver. Use `npm run bench -- beside`, which builds one.",
  });
  assert.throws(() => readOptions(["--soak", "soon", ...tools]), {
    message: '--soak is "soon". Give it seconds, at least 10.',
  });
  assert.throws(
    () => readOptions(["--nope", ...tools]),
    /Unknown option '--nope'/,
  );
});
