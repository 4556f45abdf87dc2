import assert from "node:assert/strict";
import { test } from "node:test";

import { errorFactory, isKeyturnError } from "./keyturn-error.js";

const fail = errorFactory({
  TEA_COLD: { meaning: "The tea is cold.", next: "Boil it." },
});

test("an error says what is wrong and ends with what to do", () => {
  const cause = new Error("power cut");
  const error = fail("TEA_COLD", "The tea of Tuesday is cold.", { cause });
  assert.equal(error.message, "The tea of Tuesday is cold. Boil it.");
  assert.deepEqual(
    [error.name, error.code, error.next, error.cause],
    ["KeyturnError", "TEA_COLD", "Boil it.", cause],
  );
  const other = fail("TEA_COLD", "Cold.", { next: "Drink it." });
  assert.equal(other.message, "Cold. Drink it.");
  assert.equal("cause" in other, false);
});

test("an error is recognised whichever copy of the package made it", () => {
  assert.equal(isKeyturnError(fail("TEA_COLD", "Cold.")), true);
  assert.equal(isKeyturnError({ [Symbol.for("keyturn.error")]: true }), true);
  for (const other of [new Error("x"), undefined, null, "x", {}])
    assert.equal(isKeyturnError(other), false);
});
