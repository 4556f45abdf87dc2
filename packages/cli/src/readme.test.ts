import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { exitCodes } from "./command/exit-codes.js";
import { groups } from "./groups.js";
import { typed } from "./testing/typed.test.fixture.js";
import { readPolicy } from "./secrets/policy/read-policy.js";

const readme = readFileSync(
  fileURLToPath(new URL("../README.md", import.meta.url)),
  "utf8",
);

describe("the README", () => {
  test("types commands and options that there are", () => {
    const typed = [...readme.matchAll(/^\$ keyturn (\w+) (\w+)(.*)$/gm)];
    assert.ok(typed.length > 5);
    for (const [line, group, name, rest = ""] of typed) {
      const command = groups
        .find((one) => one.name === group)
        ?.commands.find((one) => one.name === name);
      assert.ok(command, line);
      for (const [, option = ""] of rest.matchAll(/ --([\w-]+)/g))
        assert.ok(option in command.options, `${line}: --${option}`);
    }
  });

  test("and the help of `serve` shows a policy that can be used, too", async () => {
    const { stdout } = await typed(["secrets", "serve", "--help"]);
    const [policy = ""] = /\{[^]*?\}\]\s*\}/.exec(stdout) ?? [];
    assert.ok(readPolicy(Buffer.from(policy)));
  });

  test("shows a policy that can be used, and the exit codes that there are", () => {
    const [, policy = ""] = /```json\n([^]*?)```/.exec(readme) ?? [];
    assert.ok(readPolicy(Buffer.from(policy)));
    const codes = [...readme.matchAll(/^\| (\d+) /gm)].map(([, code]) =>
      Number(code),
    );
    assert.deepEqual(codes, Object.values(exitCodes));
  });
});
