import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createCurve, createUser, fromCurveSeed } from "@nats-io/nkeys";

import { encodePublic, NkeyFault } from "../credentials/nkey.js";
import { CurveKey } from "./curve-key.js";

const utf8 = new TextEncoder();
/** Seals that were opened, as text. */
const text = (bytes: Uint8Array | undefined): string =>
  new TextDecoder().decode(bytes);

describe("a curve key", () => {
  test("seals byte for byte as the nkeys library does, whatever the keys", () => {
    for (let i = 0; i < 20; i++) {
      const theirs = createCurve();
      const seed = theirs.getSeed();
      const ours = CurveKey.fromSeed(seed);
      assert.equal(ours.publicKey, theirs.getPublicKey());
      const other = createCurve().getPublicKey();
      const message = utf8.encode("x".repeat(i * 37));
      const nonce = new Uint8Array(24).fill(i);
      assert.deepEqual(
        new Uint8Array(ours.seal(message, other, nonce)),
        theirs.seal(message, other, nonce),
      );
    }
  });

  test("opens what nkeys has sealed, and nkeys what it has", () => {
    const theirs = createCurve();
    const ours = CurveKey.generate();
    const there = ours.seal(utf8.encode("there"), theirs.getPublicKey());
    assert.equal(
      text(theirs.open(there, ours.publicKey) ?? undefined),
      "there",
    );
    const back = theirs.seal(utf8.encode("back"), ours.publicKey);
    assert.equal(text(ours.open(back, theirs.getPublicKey())), "back");
  });

  test("a seed that it makes is one that nkeys takes", () => {
    const seed = CurveKey.generateSeed();
    assert.match(seed, /^SX[A-Z2-7]{56}$/);
    assert.equal(
      fromCurveSeed(utf8.encode(seed)).getPublicKey(),
      CurveKey.fromSeed(utf8.encode(seed)).publicKey,
    );
  });

  test("does not open what is for another, was changed, cut, or is no seal", () => {
    const [one, two, three] = [1, 2, 3].map(() => CurveKey.generate());
    assert.ok(one && two && three);
    const sealed = one.seal(utf8.encode("hello"), two.publicKey);
    assert.equal(text(two.open(sealed, one.publicKey)), "hello");
    assert.equal(three.open(sealed, one.publicKey), undefined);
    assert.equal(two.open(sealed, three.publicKey), undefined);
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      assert.equal(two.open(changed, one.publicKey), undefined, `byte ${at}`);
      assert.equal(two.open(sealed.subarray(0, at), one.publicKey), undefined);
    }
  });

  test("refuses keys that are none: bad text, another kind, a point of small order, a wiped one", () => {
    const key = CurveKey.generate();
    const message = utf8.encode("hello");
    const refuses = (act: () => unknown, why: string): void => {
      assert.throws(act, new NkeyFault(why));
    };
    refuses(
      () => key.seal(message, "X'; drop"),
      "it has a character outside A-Z and 2-7",
    );
    refuses(
      () => key.seal(message, createUser().getPublicKey()),
      "it is of another kind",
    );
    refuses(
      () => CurveKey.fromSeed(createUser().getSeed()),
      "it is the seed of a key of kind user, not curve",
    );
    refuses(
      () => key.seal(message, encodePublic("curve", new Uint8Array(32))),
      "it is no key that anybody could have",
    );
    key.wipe();
    refuses(
      () => key.seal(message, CurveKey.generate().publicKey),
      "its private key was wiped",
    );
  });
});
