import assert from "node:assert/strict";
import { test } from "node:test";

import { natsServer } from "@keyturn/testkit";

import { tokenCredential } from "../credentials/makers.js";
import { rejects } from "../errors/refuses.test.fixture.js";
import type { NatsEvent } from "../events/nats-events.js";
import { chain } from "../sources/chain.js";
import { connect } from "./connect.js";

const config = { authorization: { token: "t" } };
const origin = { source: "the config", plaintext: true };

test("a credential in plain text works, and is warned of once", async () => {
  await using server = await natsServer({ config });
  const told: NatsEvent[] = [];
  await using connection = await connect({
    servers: server.url,
    connectionLabel: "orders",
    credentials: chain([
      {
        origin: { source: "the store", plaintext: false },
        read: () => undefined,
      },
      { origin, read: (from) => tokenCredential({ token: "t", origin: from }) },
    ]),
    onEvent: (event) => told.push(event),
  });
  await connection.refreshCredentials();
  const warnings = told.filter(({ type }) => type === "plaintext");
  assert.deepEqual(warnings, [
    {
      type: "plaintext",
      level: "warn",
      code: "CREDENTIAL_PLAINTEXT",
      connection: "orders",
      message:
        "The connection `orders` uses a credential from the config, where it lies in plain text: whoever may read that has it. Move it into a secret store, or a file that only this program may read.",
    },
  ]);
  assert.equal(connection.posture().plaintext, true);
});

test("with require-secrets it is refused before any dial", async () => {
  await using server = await natsServer({ config });
  await rejects(
    connect({
      servers: server.url,
      connectionLabel: "orders",
      credentials: tokenCredential({ token: "t", origin }),
      credentialsPolicy: "require-secrets",
    }),
    "CREDENTIAL_PLAINTEXT_REFUSED",
    "The connection `orders` may not use a credential from the config: it lies there in plain text, and the policy is `require-secrets`. Move it into a secret store, or a file that only this program may read.",
  );
  assert.doesNotMatch(server.logText(), /Client connection created/);
});
