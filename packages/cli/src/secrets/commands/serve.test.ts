import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";

import {
  createAccount,
  createCurve,
  createServer,
  createUser,
} from "@nats-io/nkeys";

import { until } from "@keyturn/testkit";

import { BackendLab } from "../../testing/backend-lab.test.fixture.js";
import { entityKey } from "../../testing/entity-key.test.fixture.js";
import type { Ask } from "../../testing/test-host.test.fixture.js";

let lab: BackendLab;
before(async () => {
  lab = await BackendLab.start();
  await lab.put("nats/prod/seed", "first");
  await lab.put("mapped/one", "mapped value");
  await lab.put("other/key", "never given");
  await lab.serve();
});
after(() => lab?.[Symbol.asyncDispose]());

describe("a backend gives a host", () => {
  test("its public key, and the newest value that a rule allows", async () => {
    const key = await lab.host.serverKey();
    assert.match(key, /^X[A-Z2-7]{55}$/);
    assert.deepEqual(await lab.host.get(), {
      version: "1",
      string_secret: "first",
      binary_secret: null,
    });
    const { host } = lab;
    assert.deepEqual(lab.audit().at(-1), {
      operation: "get",
      allowed: true,
      reason: "shop",
      answer: "ok",
      key: "nats/prod/seed",
      application: "shop",
      entity: host.provider,
      issuer: host.account.getPublicKey(),
      host: host.hostId,
      version: "1",
    });
  });

  test("what is there at the time: a changed value, an older version, a removed one", async () => {
    const first = await lab.put("nats/changing", "one");
    const second = await lab.put("nats/changing", "two");
    const get = (ask: Ask = {}) =>
      lab.host.get({ key: "nats/changing", ...ask });
    const secret = (version: string, text: string) => ({
      version,
      string_secret: text,
      binary_secret: null,
    });
    assert.deepEqual(await get(), secret(second, "two"));
    assert.deepEqual(await get({ version: first }), secret(first, "one"));
    assert.deepEqual(await get({ version: "999999" }), {
      error: "SecretNotFound",
    });
    // A revision of another key is no version of this one.
    assert.deepEqual(await get({ version: "1" }), { error: "SecretNotFound" });
    assert.deepEqual(await get({ version: "one" }), {
      error: "InvalidRequest",
    });
    await lab.done("rm", "nats/changing");
    assert.deepEqual(await get(), { error: "SecretNotFound" });
    assert.deepEqual(await get({ version: first }), {
      error: "SecretNotFound",
    });
  });

  test("text and bytes as they were put, whatever they are", async () => {
    const texts = ['"quoted\\"', "tab\tnew\nline\u0001", "Schlüssel 🔑", "{}"];
    for (const [i, value] of texts.entries()) {
      await lab.put(`nats/text/${i}`, value);
      const got = await lab.host.get({ key: `nats/text/${i}` });
      assert.equal((got as { string_secret: string }).string_secret, value);
    }
    const binary = [
      randomBytes(4096),
      Uint8Array.from({ length: 256 }, (_, i) => i),
      Buffer.from("text that was put as bytes"),
    ];
    for (const [i, value] of binary.entries()) {
      await lab.put(`nats/binary/${i}`, value, "--binary");
      const got = await lab.host.get({ key: `nats/binary/${i}` });
      assert.deepEqual(
        { ...got, version: "" },
        { version: "", string_secret: null, binary_secret: [...value] },
      );
    }
  });

  test("what a mapping gives it, until that is taken again", async () => {
    const { provider } = lab.host;
    const ask = { key: "mapped/one" };
    assert.deepEqual(await lab.host.get(ask), { error: "Unauthorized" });
    assert.equal(
      await lab.done("map", provider, "mapped/one", "mapped/two"),
      "mapped/one\nmapped/two\n",
    );
    assert.deepEqual(await lab.host.get(ask), {
      version: "2",
      string_secret: "mapped value",
      binary_secret: null,
    });
    assert.equal(
      await lab.done("unmap", provider, "mapped/one"),
      "mapped/two\n",
    );
    assert.deepEqual(await lab.host.get(ask), { error: "Unauthorized" });
    assert.equal(
      lab.audit().at(-1)?.["reason"],
      "no rule gives it, and it is not mapped",
    );
    // A mapping gives nothing that no rule for mapped ones matches.
    await lab.done("map", provider, "other/key");
    assert.deepEqual(await lab.host.get({ key: "other/key" }), {
      error: "Unauthorized",
    });
    await lab.done("unmap", provider, "--all");
    assert.equal(await lab.done("mappings"), "");
  });
});

describe("a backend refuses", () => {
  let lines = 0;
  beforeEach(() => {
    lines = lab.audit().length;
  });

  /** Asks, and looks at the answer, and at the line of the audit log. The rule `shop` gives access. */
  async function refuses(
    ask: Ask,
    error: unknown,
    reason: string,
  ): Promise<void> {
    assert.deepEqual(await lab.host.get(ask), { error });
    const entries = lab.audit().slice(lines);
    lines += entries.length;
    assert.equal(entries.length, 1);
    assert.equal(entries[0]?.["allowed"], reason === "shop");
    assert.equal(entries[0]?.["reason"], reason);
    assert.equal(
      entries[0]?.["answer"],
      typeof error === "string" ? error : Object.keys(error as object)[0],
    );
  }

  test("keys that no rule gives, be they there or not", async () => {
    for (const key of ["other/key", "other/none"])
      await refuses({ key }, "Unauthorized", "no rule gives it");
    const another = entityKey("M");
    await refuses(
      { entityJwt: lab.host.entityJwt({ sub: another }) },
      "Unauthorized",
      "no rule gives it",
    );
    await refuses({ key: "nats/none" }, "SecretNotFound", "shop");
    await refuses({ key: "nats/not a > key" }, "SecretNotFound", "shop");
    await refuses({ key: "nats/a..b" }, "SecretNotFound", "shop");
  });

  test("entities whose issuer is not pinned, and hosts that are not", async () => {
    await refuses(
      { entityJwt: lab.host.entityJwt({}, createAccount()) },
      "Unauthorized",
      "issuer is not pinned",
    );
    await refuses(
      { hostJwt: lab.host.hostJwt({ sub: createServer().getPublicKey() }) },
      "Unauthorized",
      "host is not pinned",
    );
  });

  test("tokens that are none, are forged, expired, too early, or of something else", async () => {
    const { host } = lab;
    const good = host.entityJwt();
    const refusesEntity = (entityJwt: string, text: string) =>
      refuses({ entityJwt }, { InvalidEntityJWT: text }, text);
    await refusesEntity(
      "a.b",
      "invalid token format, expected 3 segments, found 2",
    );
    const [head = "", body = ""] = good.split(".");
    const forged =
      host.entityJwt({ sub: "V" }, createAccount()).split(".")[2] ?? "";
    await refusesEntity(`${head}.${body}.${forged}`, "signature is not valid");
    await refusesEntity(`${good}=`, "its signature is not base64url");
    await refusesEntity(
      host.entityJwt({ exp: 1_700_000_000 }),
      "token expired at `2023-11-14T22:13:20.000Z`",
    );
    await refusesEntity(
      host.entityJwt({ nbf: 4_000_000_000 }),
      "token cannot be used before `2096-10-02T07:06:40.000Z`",
    );
    await refusesEntity(
      host.entityJwt({ sub: host.hostId }),
      "its subject is not a component or provider",
    );
    const text = "its subject is not a host";
    await refuses({ hostJwt: good }, { InvalidHostJWT: text }, text);
  });

  test("a token that it knows, once its time is over", async () => {
    const soon = Math.floor(Date.now() / 1000) + 1;
    const entityJwt = lab.host.entityJwt({ exp: soon });
    assert.ok("version" in (await lab.host.get({ entityJwt })));
    await until("the token to expire", 5000, async () => {
      const got = await lab.host.get({ entityJwt });
      return "error" in got && JSON.stringify(got.error).includes("expired");
    });
  });

  test("requests of a bad form, and lives on", async () => {
    const { host } = lab;
    const serverKey = await host.serverKey();
    const pair = createCurve();
    const sealed = (text: string) => ({
      body: pair.seal(Buffer.from(text), serverKey),
      requestKey: pair.getPublicKey(),
    });
    await refuses({ body: new Uint8Array(0) }, "InvalidPayload", "empty body");
    await refuses(
      { body: new Uint8Array(600 * 1024) },
      "InvalidPayload",
      "too large",
    );
    await refuses({ requestKey: null }, "InvalidHeaders", "no headers");
    for (const requestKey of [
      "x",
      "X".repeat(56),
      createUser().getPublicKey(),
      " ",
      "X".repeat(5000),
    ])
      await refuses(
        { requestKey },
        "InvalidXKey",
        requestKey === " "
          ? "no header with a public key"
          : "the header holds no public curve key",
      );
    await refuses(
      { body: Buffer.from("not sealed at all") },
      "DecryptionError",
      "it does not open with this key",
    );
    await refuses(
      { requestKey: createCurve().getPublicKey() },
      "DecryptionError",
      "it does not open with this key",
    );
    await refuses(sealed("{"), "InvalidRequest", "a key expected at byte 1");
    await refuses(sealed("{}"), "InvalidRequest", "`key` is missing");
    await refuses(
      sealed('{"key":"a","context":{"entity_jwt":7}}'),
      "InvalidRequest",
      "`context.entity_jwt` must be a string, not a number",
    );
    const noHeader = await host.raw("get", "body", { Other: "header" });
    assert.deepEqual(noHeader.json(), { error: "InvalidXKey" });
    assert.ok("version" in (await host.get()), "it still serves");
  });

  test("what is not asked of a backend, and changes that the policy does not permit", async () => {
    const { host } = lab;
    assert.equal(
      (await host.raw("drop_all", "x")).string(),
      "unknown operation drop_all",
    );
    assert.equal(
      (
        await host.raw(`add_mapping.${host.provider}`, '["other/key"]')
      ).string(),
      "the policy does not permit changes over NATS",
    );
    assert.deepEqual(
      (
        await host.raw("put_secret", "x", { "WasmCloud-Host-Xkey": "x" })
      ).json(),
      { revision: 0, error: "Unauthorized" },
    );
  });
});

describe("changes over NATS, where the policy permits them", () => {
  before(async () => {
    lab.policy({
      issuers: [lab.host.account.getPublicKey()],
      hosts: "any",
      rules: [{ entities: "mapped", keys: ["**"] }],
      operations: ["put_secret", "add_mapping", "remove_mapping"],
    });
    await until("the policy to be in force", 8000, async () => {
      const answer = await lab.host.raw("add_mapping.V", "[]");
      return answer.string().startsWith("no provider");
    });
  });

  async function put(secret: Record<string, unknown>): Promise<unknown> {
    const pair = createCurve();
    const body = pair.seal(
      Buffer.from(JSON.stringify({ version: "", ...secret })),
      await lab.host.serverKey(),
    );
    const head = { "WasmCloud-Host-Xkey": pair.getPublicKey() };
    return (await lab.host.raw("put_secret", body, head)).json();
  }

  test("are those of the stock backend, and mappings really go", async () => {
    const { host } = lab;
    const answer = (await put({
      key: "wire/text",
      string_secret: "by wire",
      binary_secret: null,
    })) as { revision: number; error: null };
    assert.equal(answer.error, null);
    assert.ok(answer.revision > 0);
    const ask = { key: "wire/text" };
    assert.deepEqual(await host.get(ask), { error: "Unauthorized" });
    const change = async (operation: string, body: string) =>
      (await host.raw(`${operation}.${host.provider}`, body)).string();
    assert.equal(
      await change("add_mapping", '["wire/text","wire/bytes"]'),
      "ok",
    );
    assert.deepEqual(await host.get(ask), {
      version: String(answer.revision),
      string_secret: "by wire",
      binary_secret: null,
    });
    await put({
      key: "wire/bytes",
      string_secret: null,
      binary_secret: [0, 255, 7],
    });
    const bytes = await host.get({ key: "wire/bytes" });
    assert.deepEqual(
      (bytes as { binary_secret: number[] }).binary_secret,
      [0, 255, 7],
    );
    assert.equal(await change("remove_mapping", '["wire/text"]'), "ok");
    assert.deepEqual(await host.get(ask), { error: "Unauthorized" });
    assert.ok(
      "version" in (await host.get({ key: "wire/bytes" })),
      "the other stays",
    );
  });

  test("are refused where they are none", async () => {
    const { host } = lab;
    for (const secret of [
      { key: "a" },
      { key: "a b", string_secret: "x" },
      { string_secret: "x" },
    ])
      assert.deepEqual(await put(secret), {
        revision: 0,
        error: "InvalidPayload",
      });
    for (const body of ["{}", "[1]", '["a b"]', "nothing"])
      assert.equal(
        (await host.raw(`add_mapping.${host.provider}`, body)).string(),
        "not a list of keys",
      );
  });
});

test("no value is in the audit log, in what is printed, or in the bucket", async () => {
  const canary = `canary-${randomBytes(12).toString("hex")}`;
  await lab.put("nats/canary", canary);
  await lab.done("map", lab.host.provider, "nats/canary");
  const got = await lab.host.get({ key: "nats/canary" });
  assert.equal((got as { string_secret: string }).string_secret, canary);
  const { stdout, stderr, code } = (await lab.stop()) ?? assert.fail();
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(
    stderr,
    /Serving wasmcloud\.secrets\.v1alpha1\.nats-kv with the public key X/,
  );
  assert.match(stderr, /The policy .* has changed\./);
  for (const text of [stderr, readFileSync(lab.path("audit.jsonl"), "utf8")])
    assert.equal(text.includes(canary), false);
});
