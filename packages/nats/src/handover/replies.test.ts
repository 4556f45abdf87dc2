import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { makeOperator, natsServer, until } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import { userJwtCredential } from "../credentials/makers.js";

const origin = { source: "this test", plaintext: false };

/** A service of a user who may answer requests and publish nothing else, and somebody who asks. */
async function room(options: { readonly ttlMs?: number; max?: number } = {}) {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const server = await natsServer({
    config: await operator.serverConfig(),
    debug: false,
  });
  const { ttlMs = 5_000, max = 1 } = options;
  const make = async () =>
    userJwtCredential({
      ...(await account.user("answers", {
        claims: {
          pub: { deny: [">"] },
          resp: { max, ttl: ttlMs * 1e6 },
        },
      })),
      origin,
    });
  const service = await connect({ servers: server.url, credentials: make });
  const asking = await connect({
    servers: server.url,
    credentials: userJwtCredential({ ...(await account.user("asks")), origin }),
  });
  const connections = async (): Promise<number> =>
    (await server.monitor<{ num_connections: number }>("connz"))
      .num_connections;
  return {
    service,
    asking,
    connections,
    [Symbol.asyncDispose]: async () => {
      await service.close();
      await asking.close();
      await server.stop();
    },
  };
}

for (const handlerMs of [0, 100])
  test(`requests are answered where they came: handlers of ${handlerMs} ms, rotations under them`, async () => {
    await using at = await room();
    const violations: string[] = [];
    void (async () => {
      for await (const status of at.service.status())
        if (status.type === "error") violations.push(status.error.message);
    })();
    at.service.subscribe("ask", {
      queue: "q",
      callback: (_, message) => {
        if (handlerMs === 0) message.respond(message.data);
        else setTimeout(() => message.respond(message.data), handlerMs);
      },
    });
    await at.service.flush();
    let answered = 0;
    const asked: Promise<unknown>[] = [];
    const pump = setInterval(() => {
      asked.push(
        at.asking
          .request("ask", "?", { timeout: 5_000 })
          .then(() => answered++),
      );
    }, 1);
    for (let i = 0; i < 8; i++) {
      await pause(60);
      await at.service.refreshCredentials();
    }
    clearInterval(pump);
    await Promise.all(asked);
    assert.ok(asked.length > 200, `${asked.length} asked`);
    assert.equal(answered, asked.length);
    assert.deepEqual(violations, []);
    assert.equal(at.service.posture().handovers, 8);
    await until("old sockets to end", 3_000, async () => {
      return (await at.connections()) === 2;
    });
  });

test("a request that nobody answers keeps the old socket no longer than its permission", async () => {
  await using at = await room({ ttlMs: 1_500 });
  at.service.subscribe("ask", { callback: () => undefined });
  await at.service.flush();
  at.asking.publish("ask", "", { reply: "answers.here" });
  await at.asking.flush();
  await pause(20);
  await at.service.refreshCredentials();
  await pause(300);
  assert.equal(await at.connections(), 3, "it waits for the answer");
  await until("the old socket to end", 4_000, async () => {
    return (await at.connections()) === 2;
  });
});
