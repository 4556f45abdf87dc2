import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";

import { hostDataOfInput } from "./host-data-of-input.js";

/** The input, and the texts of all arrays that were zeroed since. */
function watched(
  context: { mock: { method: typeof test.mock.method } },
  json: string,
) {
  const zeroed: string[] = [];
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const { fill } = typedArray;
  const line = Buffer.from(`${Buffer.from(json).toString("base64")}\r\n`);
  context.mock.method(
    typedArray,
    "fill",
    function (this: Uint8Array, value: number) {
      zeroed.push(Buffer.from(this).toString("latin1"));
      return fill.call(this, value);
    },
  );
  return { zeroed, input: Readable.from([line]) };
}

test("wipes the line and what it decoded to, also when it refuses it", async (context) => {
  const good = '{"provider_key":"p","lattice_rpc_prefix":"l"}';
  for (const json of [good, "{}"]) {
    const { zeroed, input } = watched(context, json);
    await hostDataOfInput(input, []).catch(() => undefined);
    context.mock.restoreAll();
    assert.ok(zeroed.includes(json), "the JSON");
    const line = Buffer.from(json).toString("base64");
    assert.ok(zeroed.includes(line), "the line");
  }
});
