import assert from "node:assert/strict";
import { inspect } from "node:util";

import { isKeyturnError } from "../errors/keyturn-error.js";

/** Asserts that `make` throws this code with exactly this message. */
export function refuses(
  make: () => unknown,
  code: string,
  message: string,
): void {
  assert.throws(make, (error) => {
    assert.ok(isKeyturnError(error), inspect(error));
    assert.equal(error.message, message);
    assert.equal(error.code, code);
    return true;
  });
}

/** As {@link refuses}, of a promise. */
export async function rejects(
  work: Promise<unknown>,
  code: string,
  message: string,
): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isKeyturnError(error), inspect(error));
    assert.equal(error.message, message);
    assert.equal(error.code, code);
    return true;
  });
}
