// The types inferred from descriptors. Compiling this file is the test.
import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "./index.js";
import type { AnyType, Result, ValueOf } from "./index.js";

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2
    ? true
    : false;

function same<A, B>(equal: Equal<A, B>): void {
  assert.ok(equal);
}

const message = v.record({
  subject: v.string,
  body: v.list(v.u8),
  replyTo: v.option(v.string),
});
const shape = v.variant({ point: undefined, circle: v.f64 });
const color = v.enumeration(["red", "green"]);
const rights = v.flags(["read", "write"]);

it("values have the types that jco gives them", () => {
  same<ValueOf<typeof v.u32>, number>(true);
  same<ValueOf<typeof v.u64>, bigint>(true);
  same<
    ValueOf<typeof message>,
    { subject: string; body: Uint8Array; replyTo?: string | undefined }
  >(true);
  same<
    ValueOf<typeof shape>,
    | { readonly tag: "point"; readonly val?: undefined }
    | { readonly tag: "circle"; readonly val: number }
  >(true);
  same<ValueOf<typeof color>, "red" | "green">(true);
  same<ValueOf<typeof rights>, { read?: boolean; write?: boolean }>(true);

  const pair = v.tuple(v.string, v.list(v.u16));
  same<ValueOf<typeof pair>, [string, number[]]>(true);
  const bytes = v.list(v.u8);
  same<ValueOf<typeof bytes>, Uint8Array>(true);
  const maybe = v.option(v.u8);
  same<ValueOf<typeof maybe>, number | undefined>(true);
  const nested = v.option(v.option(v.u8));
  same<
    ValueOf<typeof nested>,
    | { readonly tag: "some"; readonly val: number | undefined }
    | { readonly tag: "none" }
  >(true);
  const outcome = v.result(undefined, v.string);
  same<ValueOf<typeof outcome>, Result<undefined, string>>(true);

  const ok: ValueOf<typeof outcome> = { tag: "ok" };
  const alsoOk: ValueOf<typeof outcome> = { tag: "ok", val: undefined };
  assert.deepEqual(v.encode(outcome, ok), v.encode(outcome, alsoOk));
  // @ts-expect-error an error has a text
  const err: ValueOf<typeof outcome> = { tag: "err" };
  assert.throws(() => v.encode(outcome, err));
  // @ts-expect-error a body is needed
  assert.throws(() => v.encode(message, { subject: "a" }));

  const anything: AnyType = outcome;
  assert.equal(anything.kind, "result");
});
