import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { inspect } from "node:util";

import { makeOperator } from "../operator/operator.js";
import { CanaryScanner } from "./canary-scanner.js";

const account = await (await makeOperator()).account("APP");
const user = await account.user("orders");
const scanner = new CanaryScanner();
scanner.add("seed", user.seed);
scanner.add("jwt", user.jwt);
const password = scanner.add("password");

const found = (value: unknown): string[] =>
  scanner.scan({ it: value }).map(({ canary }) => canary);

const bytes = Buffer.from(`{"secret":"${user.seed}"}`);
const json = JSON.stringify({ password });

describe("a secret is found", () => {
  const hidden: Record<string, unknown> = {
    "as it is": `x${user.seed}y`,
    "by its first 12 characters": `seed ${user.seed.slice(0, 12)}…`,
    "by its last 12 characters": `…${user.seed.slice(-12)}`,
    "by any 23 characters": `..${user.seed.slice(17, 40)}..`,
    "in bytes": bytes,
    "in UTF-16": Buffer.from(bytes.toString(), "utf16le"),
    "in base64": bytes.toString("base64"),
    "in base64 that begins elsewhere": Buffer.from(`a${user.seed}`).toString(
      "base64",
    ),
    "in base64 in the middle of a word": `abc${bytes.toString("base64url")}`,
    "in base64 of base64": Buffer.from(bytes.toString("base64")).toString(
      "base64",
    ),
    "in hexadecimal": bytes.toString("hex").toUpperCase(),
    "in hexadecimal in the middle of a word": `a${bytes.toString("hex")}`,
    "as an array of numbers": JSON.stringify([...bytes]),
    "as printed bytes": inspect(bytes),
    "as a printed array": inspect(Uint8Array.from(bytes), {
      maxArrayLength: Infinity,
    }),
    "as bytes in JSON": JSON.stringify({ b: Uint8Array.from(bytes) }),
    "as a Buffer in JSON": JSON.stringify({ bytes }),
    "with escapes": user.seed.replaceAll(
      /./g,
      (c) => `\\u00${c.charCodeAt(0).toString(16)}`,
    ),
    "in base64 of numbers": Buffer.from(JSON.stringify([...bytes])).toString(
      "base64",
    ),
    "in a property": { deep: { er: [{ s: user.seed }] } },
    "in a property that is not enumerable": Object.defineProperty({}, "s", {
      value: user.seed,
    }),
    "in a getter": {
      get s() {
        return user.seed;
      },
    },
    "in a map": new Map([["k", new Set([user.seed])]]),
    "behind an own inspect": {
      seed: user.seed,
      [inspect.custom]: () => "nothing",
    },
    "in toJSON": { toJSON: () => user.seed },
    "in toString": { toString: () => user.seed },
    "in an error": new Error(`bad ${user.seed}`),
    "in the cause of a cause": new Error("a", {
      cause: new Error("b", { cause: new Error(user.seed) }),
    }),
    "in one of many errors": new AggregateError([new Error(user.seed)]),
    "in a stack": Object.assign(new Error("x"), { stack: user.seed }),
  };
  for (const [how, value] of Object.entries(hidden))
    test(how, () => assert.deepEqual(found(value), ["seed"]));

  test("that needs escapes: in JSON, in a URL, in JSON in JSON", () => {
    const url = `nats://ada:${encodeURIComponent(password)}@localhost`;
    const twice = JSON.stringify({ json });
    for (const text of [json, url, twice])
      assert.deepEqual(found(text), ["password"]);
  });

  test("in a creds file or a PEM, but not by their frames", () => {
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const pem = key.export({ format: "pem", type: "pkcs8" }) as string;
    const files = new CanaryScanner();
    files.add("creds", user.creds);
    files.add("pem", pem);
    const scan = (text: string) =>
      files.scan({ text }).map(({ canary }) => canary);
    assert.deepEqual(scan(user.creds.replaceAll(user.seed, "")), ["creds"]);
    assert.deepEqual(scan(JSON.stringify(pem)), ["pem"]);
    const lines = pem.split("\n");
    assert.deepEqual(scan(lines[2] ?? ""), ["pem"]);
    assert.deepEqual(
      scan("-----BEGIN PRIVATE KEY-----\n------END NATS USER JWT------"),
      [],
    );
  });
});

describe("nothing is found", () => {
  test("in what is not secret", async () => {
    const other = await account.user("other");
    assert.deepEqual(found(other.seed), []);
    assert.deepEqual(found(other.publicKey), []);
    assert.deepEqual(found(user.publicKey), []);
    assert.deepEqual(found(user.jwt.split(".")[0]), []);
    assert.deepEqual(found({ a: undefined, b: 1n, c: Symbol("x") }), []);
  });

  test("in objects that cannot be printed", () => {
    const circle: Record<string, unknown> = {
      toJSON: () => {
        throw new Error("no");
      },
    };
    circle["self"] = circle;
    assert.deepEqual(found(Object.assign(Object.create(null), circle)), []);
  });

  test("of a secret that may be there", () => {
    const wire = `CONNECT {"jwt":"${user.jwt}"}`;
    assert.deepEqual(scanner.scan({ wire }, ["jwt"]), []);
    assert.equal(scanner.scan({ wire }).length, 1);
  });
});

test("what was found is told without it", () => {
  const sources = { stderr: user.seed, health: new Error(password) };
  assert.throws(
    () => scanner.assertNone(sources),
    (error: Error) => {
      assert.equal(
        error.message,
        "Secrets were found where they must not be:\n- seed: in stderr (as it is)\n- password: in health (inspect)",
      );
      assert.ok(!inspect(error).includes(user.seed));
      return true;
    },
  );
  scanner.assertNone({ stderr: "all quiet", wire: Buffer.alloc(100_000) });
});

test("a scan that could find nothing is refused", () => {
  const empty = new CanaryScanner();
  assert.throws(() => empty.scan({ a: "b" }), {
    message: "This scanner knows no secret. Add one before the scan.",
  });
  assert.throws(() => empty.add("nothing", ""), {
    message: "An empty secret can be found nowhere.",
  });
});
