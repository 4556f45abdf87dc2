import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { createUser } from "@nats-io/nkeys";

import { BackendLab } from "../../testing/backend-lab.test.fixture.js";

let lab: BackendLab;
before(async () => {
  lab = await BackendLab.start();
});
after(() => lab?.[Symbol.asyncDispose]());

describe("key files", () => {
  test("are made for their owner alone, and never again", async () => {
    const path = lab.path("made.key");
    const publicKey = (await lab.done("keygen", path)).trim();
    assert.match(publicKey, /^X[A-Z2-7]{55}$/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(readFileSync(path, "latin1"), /^SX[A-Z2-7]{56}\n$/);
    const { code, stderr } = await lab.type(["keygen", path]);
    assert.deepEqual(
      [code, stderr],
      [
        1,
        `error: ${path} is there already, and what it holds may still be needed. Choose another name: \`keyturn secrets keygen FILE\`.\n`,
      ],
    );
  });

  test("that are none say why, without what is in them; open ones are warned of", async () => {
    const path = lab.path("bad.key");
    for (const [text, why] of [
      ["hunter2", "it has a character outside A-Z and 2-7"],
      ["", "it is empty"],
      [
        new TextDecoder().decode(createUser().getSeed()),
        "it is the seed of a key of kind user, not curve",
      ],
    ] as const) {
      writeFileSync(path, text, { mode: 0o600 });
      assert.equal(
        (await lab.type(["put", "a", "--seal-key", path], { stdin: "x" }))
          .stderr,
        `error: The seal key in ${path} is no seed of a curve key (SX and 56 more characters): ${why}. Make one: \`keyturn secrets keygen FILE\`.\n`,
      );
    }
    const none = await lab.type(["put", "a", "--seal-key", lab.path("none")], {
      stdin: "x",
    });
    assert.match(
      none.stderr,
      /^error: The seal key cannot be read from \S+none: ENOENT[^]* Check its name and its mode: `ls -l FILE`\.\n$/,
    );
    const open = lab.path("open.key");
    await lab.done("keygen", open);
    chmodSync(open, 0o644);
    const warned = await lab.type(["put", "a", "--seal-key", open], {
      stdin: "x",
    });
    assert.equal(warned.code, 0);
    assert.equal(
      warned.stderr,
      `warning: The seal key in ${open} can be read by others. Close it: \`chmod 600 ${open}\`.\n`,
    );
  });
});
