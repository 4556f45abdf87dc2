import assert from "node:assert/strict";
import { test } from "node:test";

import { createInbox } from "@nats-io/nats-core";

import { natsServer } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";

// The server tells of missing responders on plain subscriptions only.
test("a request that nobody answers fails at once", async () => {
  await using server = await natsServer();
  for (const options of [{}, { inboxPrefix: "_MINE.a" }]) {
    const connection = await connect({ servers: server.url, ...options });
    for (const noMux of [false, true]) {
      await assert.rejects(
        connection.request("nobody", "", { timeout: 5_000, noMux }),
        /^RequestError: no responders/,
      );
    }
    const inbox = createInbox();
    const replies = connection.subscribe(`${inbox}.>`, { max: 1 });
    connection.publish("nobody", "", { reply: `${inbox}.a.b` });
    for await (const reply of replies)
      assert.equal(reply.headers?.code, 503, "told on a wildcard inbox, too");
    await connection.close();
  }
});
