import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { CurveKey } from "@keyturn/nats";
import { natsServer, until, type NatsServer } from "@keyturn/testkit";
import type { NatsConnection } from "@nats-io/nats-core";
import { createCurve } from "@nats-io/nkeys";
import { connect } from "@nats-io/transport-node";
import fc from "fast-check";

import { TestHost } from "../../testing/test-host.test.fixture.js";
import { AuditLog, type AuditSink } from "../audit/audit-log.js";
import { TokenChecker } from "../claims/token-checker.js";
import { readPolicy } from "../policy/read-policy.js";
import type { Vault } from "./answer-get.js";
import { Backend, type BackendOptions } from "./backend.js";

let server: NatsServer;
let connection: NatsConnection;
let host: TestHost;
before(async () => {
  server = await natsServer();
  connection = await connect({ servers: server.url });
  host = new TestHost(connection, "t.v1alpha1.b");
});
after(async () => {
  await connection?.close();
  await server?.[Symbol.asyncDispose]();
});

/** A backend whose store is `find`: what it throws, or how long it takes, is up to the test. */
function start(
  find: Vault["store"]["find"],
  more: { readonly audit?: AuditSink; readonly concurrency?: number } = {},
): Promise<Backend> {
  const policy = readPolicy(
    Buffer.from(
      JSON.stringify({
        issuers: [host.account.getPublicKey()],
        hosts: "any",
        rules: [{ entities: [host.provider], keys: ["**"] }],
      }),
    ),
  );
  const nobody = () => Promise.reject(new Error("not asked in this test"));
  const options: BackendOptions = {
    connection,
    topic: "t",
    name: "b",
    audit: new AuditLog(more.audit ?? silent),
    concurrency: more.concurrency ?? 64,
    vault: {
      transit: CurveKey.generate(),
      store: { find, put: nobody, open: () => assert.fail() },
      mappings: { has: nobody, add: nobody, remove: nobody },
      policy: () => policy,
      tokens: new TokenChecker(),
    },
  };
  return Backend.start(options);
}

const silent: AuditSink = {
  append: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
const nothing = () => Promise.resolve(undefined);

describe("a backend", () => {
  test("gives nothing out that it cannot write down, and works again when it can", async () => {
    let isFull = true;
    const audit: AuditSink = {
      append: () =>
        isFull
          ? Promise.reject(new Error("ENOSPC: no space left"))
          : Promise.resolve(),
      close: () => Promise.resolve(),
    };
    await using _ = await start(nothing, { audit });
    assert.deepEqual(await host.get(), {
      error: { UpstreamError: "ENOSPC: no space left" },
    });
    isFull = false;
    assert.deepEqual(await host.get(), { error: "SecretNotFound" });
  });

  test("tells a host when its store fails", async () => {
    await using _ = await start(() => Promise.reject(new Error("timeout")));
    assert.deepEqual(await host.get(), { error: { UpstreamError: "timeout" } });
  });

  test("answers others while one waits; what is too much is turned away at once; its end waits for what it has", async () => {
    const waiting: (() => void)[] = [];
    const backend = await start(
      (key) =>
        key === "slow"
          ? new Promise((resolve) => {
              waiting.push(() => resolve(undefined));
            })
          : nothing(),
      { concurrency: 2 },
    );
    const slow = [host.get({ key: "slow" })];
    await until("the first to wait", 5000, () => waiting.length === 1);
    assert.deepEqual(await host.get({ key: "fast" }), {
      error: "SecretNotFound",
    });
    // Two are under way then, and 32 may wait.
    for (let i = 0; i < 33; i++) slow.push(host.get({ key: "slow" }));
    await until("the others to wait", 5000, async () => {
      const got = await Promise.race([
        host.get({ key: "slow" }),
        new Promise<undefined>((resolve) => {
          setTimeout(() => resolve(undefined), 50).unref();
        }),
      ]);
      return (
        JSON.stringify(got) ===
        '{"error":{"UpstreamError":"too many requests; try again"}}'
      );
    });
    assert.equal(waiting.length, 2);
    const closed = backend.close();
    await until("all to be let through", 5000, async () => {
      for (const go of waiting.splice(0)) go();
      return Promise.race([
        closed.then(() => true),
        new Promise<boolean>((resolve) => {
          setTimeout(() => resolve(false), 5).unref();
        }),
      ]);
    });
    for (const got of await Promise.all(slow))
      assert.deepEqual(got, { error: "SecretNotFound" });
    await assert.rejects(host.serverKey(), /no responders/i);
  });

  test("answers each of thousands that come at once, of which it keeps no more than it may, and those of any form", async () => {
    let atOnce = 0;
    let most = 0;
    await using _ = await start(
      async () => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 1));
        atOnce--;
        return undefined;
      },
      { concurrency: 8 },
    );
    const pair = createCurve();
    const serverKey = await host.serverKey();
    const body = pair.seal(
      Buffer.from(
        JSON.stringify({
          key: "k",
          field: null,
          version: null,
          context: {
            entity_jwt: host.entityJwt(),
            host_jwt: host.hostJwt(),
            application: { name: null, policy: "{}" },
          },
        }),
      ),
      serverKey,
    );
    const head = { "WasmCloud-Host-Xkey": pair.getPublicKey() };
    const answers = await Promise.all(
      Array.from({ length: 3000 }, () => host.raw("get", body, head)),
    );
    const counts = new Map<string, number>();
    for (const answer of answers) {
      const text = answer.string();
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    const turnedAway =
      counts.get(
        '{"error":{"UpstreamError":"too many requests; try again"}}',
      ) ?? 0;
    const answered = counts.get('{"error":"SecretNotFound"}') ?? 0;
    assert.equal(turnedAway + answered, 3000, [...counts.keys()].join());
    assert.ok(answered >= 8 * 17, `${answered} answered`);
    assert.ok(turnedAway > 0 && most === 8, `${most} at once`);

    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("get", "put_secret", "add_mapping", "x.y"),
        fc.uint8Array({ maxLength: 200 }),
        fc.option(fc.string({ maxLength: 80 }).map(encodeURIComponent)),
        async (operation, bytes, key) => {
          const answer = await host.raw(
            operation,
            bytes,
            key === null ? undefined : { "WasmCloud-Host-Xkey": key },
          );
          assert.ok(answer.data.length < 500);
        },
      ),
      { numRuns: 200 },
    );
    assert.deepEqual(await host.get(), { error: "SecretNotFound" });
  });

  test("writes lines that come together in one write, each whole", async () => {
    const writes: string[] = [];
    const audit = new AuditLog({
      append: async (text) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        writes.push(text);
      },
      close: () => Promise.resolve(),
    });
    const entry = {
      operation: "get",
      allowed: true,
      reason: "r",
      answer: "ok",
    };
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        audit.write({ ...entry, key: `${i}`.repeat(2000) }),
      ),
    );
    await audit.close();
    assert.ok(writes.length < 10, `${writes.length} writes`);
    const keys = writes
      .join("")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { key: string }).key);
    assert.equal(keys.length, 100);
    assert.ok(keys.every((key) => key.length <= 1025));
  });
});
