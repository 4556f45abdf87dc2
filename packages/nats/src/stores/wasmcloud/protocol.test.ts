import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  encodeSeed,
  signingKeyFromSeed,
  type NkeyKind,
} from "../../credentials/nkey.js";
import { Secret } from "../../secret/secret.js";
import { CurveKey } from "../../xkey/curve-key.js";
import { selfSignedHostToken, signClaims } from "./claims.js";
import {
  backendSubject,
  readAnswer,
  readFault,
  readRequest,
  writeAnswer,
  writeFault,
  writeRequest,
} from "./protocol.js";

const utf8 = new TextEncoder();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** The text of a seed whose 32 bytes count up from `first`. */
const seedOf = (kind: NkeyKind, first: number): Uint8Array =>
  utf8.encode(
    encodeSeed(
      kind,
      Uint8Array.from({ length: 32 }, (_, i) => first + i),
    ),
  );

// The keys of the worked exchange.
const server = CurveKey.fromSeed(seedOf("curve", 0x41));
const requester = CurveKey.fromSeed(seedOf("curve", 0x61));
const responder = CurveKey.fromSeed(seedOf("curve", 0x81));
const sealedRequest =
  "786b7631b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7" +
  "eccff3114378c6e3e785ff140eda185d" +
  "691cd75314cd552961b5320a61ef1139f2649d3b41034ed6d6e2bb01180460d0c57ce6f381ddae41f99eca19ecb8a918" +
  "1755fcb1152f1c8d0323985403eaa6cf86ead17ce5176910d67c827eddc13038a29968d1df8a5ad8963557149b9fded1" +
  "289ee88e383b572785f109f4840ba2b66025cf254075d96d7f2e7cc216e76d32a3592d97fcf1";
const sealedAnswer =
  "786b7631c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf" +
  "f3603b2b6e077dd866735a4fa462beca" +
  "581d89837314bb47078aafb71762f8ed456b4d79f9741925d0b80a68e883088e0d540ad6d3a37a8dc8fcbf41ff3d72c9" +
  "3fd42c1c52bc89136e942874b244e174a00a72d547";
const nonce = (first: number): Uint8Array =>
  Uint8Array.from({ length: 24 }, (_, i) => first + i);

describe("the worked exchange", () => {
  const request = {
    key: "nats/prod",
    field: undefined,
    version: undefined,
    entityJwt: "E",
    hostJwt: "H",
    application: { name: "app", policy: "{}" },
  };

  test("a request, byte for byte, and back", () => {
    const sealed = requester.seal(
      writeRequest(request),
      server.publicKey,
      nonce(0xb0),
    );
    assert.equal(Buffer.from(sealed).toString("hex"), sealedRequest);
    const opened = server.open(sealed, requester.publicKey);
    assert.ok(opened);
    assert.deepEqual(readRequest(opened), request);
  });

  test("an answer, byte for byte, and back", () => {
    const answer = { value: Secret.fromText("SUA"), version: "1" };
    const sealed = responder.seal(
      writeAnswer(answer),
      requester.publicKey,
      nonce(0xc8),
    );
    assert.equal(Buffer.from(sealed).toString("hex"), sealedAnswer);
    const opened = requester.open(sealed, responder.publicKey);
    assert.ok(opened);
    const read = readAnswer(opened);
    assert.equal(read?.version, "1");
    assert.equal(read.value.revealText(), "SUA");
  });
});

test("subjects have the version of the protocol in them", () => {
  assert.equal(
    backendSubject("wasmcloud.secrets", "nats-kv", "get"),
    "wasmcloud.secrets.v1alpha1.nats-kv.get",
  );
});

describe("requests", () => {
  test("need key and tokens; what is optional may be null or absent; what is unknown is passed over", () => {
    const read = (value: unknown) =>
      readRequest(utf8.encode(JSON.stringify(value)));
    const context = { entity_jwt: "E", host_jwt: "H" };
    assert.deepEqual(read({ key: "k", context, later: [1] }), {
      key: "k",
      field: undefined,
      version: undefined,
      entityJwt: "E",
      hostJwt: "H",
      application: { name: undefined, policy: "{}" },
    });
    for (const [value, message] of [
      [{ context }, "`key` is missing"],
      [{ key: "k" }, "`context.entity_jwt` is missing"],
      [
        { key: "k", version: 3, context },
        "`version` must be a string, not a number",
      ],
      [[], "the whole must be an object, not an array"],
    ] as const)
      assert.throws(() => read(value), { name: "JsonError", message });
  });
});

describe("answers", () => {
  test("text goes as text, other bytes as bytes, and both come back", () => {
    for (const value of [
      utf8.encode('line\n"quoted" \\ \u0001 ü€😀'),
      Uint8Array.of(0, 9, 10, 99, 100, 199, 255),
      new Uint8Array(0),
    ]) {
      const written = writeAnswer({
        value: Secret.fromBytes(value.slice()),
        version: 'v"1',
      });
      JSON.parse(text(written));
      const read = readAnswer(written);
      assert.equal(read?.version, 'v"1');
      read.value.use((bytes) => assert.deepEqual(bytes, value));
    }
  });

  test("the string wins over bytes; no value is no answer", () => {
    const read = (value: unknown) =>
      readAnswer(utf8.encode(JSON.stringify(value)));
    assert.equal(
      read({
        secret: { version: "1", string_secret: "a", binary_secret: [1] },
      })?.value.revealText(),
      "a",
    );
    assert.equal(
      read({ secret: { version: "1", string_secret: null } }),
      undefined,
    );
    assert.equal(read({ error: "Unauthorized" }), undefined);
  });
});

describe("refusals", () => {
  test("are written as hosts read them, and read back", () => {
    for (const [fault, json] of [
      [{ name: "Unauthorized" }, '{"error":"Unauthorized"}'],
      [
        { name: "InvalidEntityJWT", text: "expired" },
        '{"error":{"InvalidEntityJWT":"expired"}}',
      ],
    ] as const) {
      assert.equal(text(writeFault(fault)), json);
      assert.deepEqual(readFault(utf8.encode(json)), fault);
    }
  });

  test("of another version of the protocol are told as they are; none is undefined", () => {
    const read = (json: string) => readFault(utf8.encode(json));
    assert.deepEqual(read('{"error":"TooMany"}'), {
      name: "Other",
      text: "TooMany",
    });
    assert.deepEqual(read('{"error":{"TooMany":"of them"}}'), {
      name: "Other",
      text: "of them",
    });
    assert.equal(read("{}"), undefined);
    assert.throws(() => read("no JSON"), { name: "JsonError" });
  });
});

describe("claims", () => {
  const issuer = signingKeyFromSeed(seedOf("account", 1));

  test("are signed as wascap signs them, byte for byte", () => {
    const token = signClaims(
      {
        jti: "TESTJTI000000000000000",
        iat: 1700000000,
        sub: "VDT7CYVBBPWFLGX6UGK6JXHIJNUVNDK5FSYJMPVUI3AGQXRLC7ZPBT3I",
        wascap: {
          name: "nats-messaging-ts",
          vendor: "acme",
          rev: 0,
          ver: "0.1.0",
          target_hashes: {
            "x86_64-linux":
              "A59C47872B71F12589942892464E764C0DB350C20B72228645615CC36E0A0725",
          },
        },
      },
      issuer,
    );
    // Ed25519 signatures are deterministic.
    assert.equal(
      token.split(".")[2],
      "hszdwlpLOt96oc578eVwur0Pvtl16JDVnOtjk92Udz4lUH6laTVFuXxaDdL78Q6x9kMfQLiga4XlOHY3Omx4Ag",
    );
  });

  test("of a host are of nobody that anybody knows", () => {
    const [, body = ""] = selfSignedHostToken("orders").split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString());
    assert.match(claims.iss, /^A[A-Z2-7]{55}$/);
    assert.match(claims.sub, /^N[A-Z2-7]{55}$/);
    assert.deepEqual(claims.wascap, {
      name: "orders",
      labels: { self_signed: "true" },
    });
  });
});
