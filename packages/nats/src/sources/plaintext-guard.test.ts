import assert from "node:assert/strict";
import { test } from "node:test";

import { refuses } from "../errors/refuses.test.fixture.js";
import { PlaintextGuard, type PlaintextWarning } from "./plaintext-guard.js";

const hidden = { source: "the store", plaintext: false };
const plain = { source: "the config", plaintext: true };
const hinted = { ...plain, source: "the link", hint: "Type `put`." };

test("a secret in plain text is warned of once for each source, others never", () => {
  const told: PlaintextWarning[] = [];
  const guard = new PlaintextGuard({
    who: "The link `a`",
    onWarning: (warning) => told.push(warning),
  });
  for (const origin of [hidden, plain, plain, hinted, hinted]) {
    guard.check(origin);
    guard.used(origin);
  }
  guard.used(plain, "a TLS key");
  assert.deepEqual(
    told.map(({ message }) => message),
    [
      "The link `a` uses a credential from the config, where it lies in plain text: whoever may read that has it. Move it into a secret store, or a file that only this program may read.",
      "The link `a` uses a credential from the link, where it lies in plain text: whoever may read that has it. Type `put`.",
      "The link `a` uses a TLS key from the config, where it lies in plain text: whoever may read that has it. Move it into a secret store, or a file that only this program may read.",
    ],
  );
  assert.deepEqual(
    [told[0]?.code, told[0]?.source, guard.count],
    ["CREDENTIAL_PLAINTEXT", "the config", 3],
  );
});

test("with require-secrets it is refused", () => {
  const guard = new PlaintextGuard({
    policy: "require-secrets",
    onWarning: () => assert.fail("a warning"),
  });
  guard.check(hidden);
  refuses(
    () => guard.check(plain),
    "CREDENTIAL_PLAINTEXT_REFUSED",
    "This process may not use a credential from the config: it lies there in plain text, and the policy is `require-secrets`. Move it into a secret store, or a file that only this program may read.",
  );
  refuses(
    () => guard.check(hinted),
    "CREDENTIAL_PLAINTEXT_REFUSED",
    "This process may not use a credential from the link: it lies there in plain text, and the policy is `require-secrets`. Type `put`.",
  );
});

test("sources with ever new names do not fill the memory", () => {
  const guard = new PlaintextGuard({ onWarning: () => undefined });
  for (let i = 0; i < 2500; i++)
    guard.used({ source: `version ${i}`, plaintext: true });
  guard.used({ source: "version 2499", plaintext: true });
  assert.equal(guard.count, 2500);
});
