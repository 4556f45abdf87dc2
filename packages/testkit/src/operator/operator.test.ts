import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { credsAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

import { natsServer, type NatsServer } from "../server/nats-server.js";
import { badCredentials } from "./bad-credentials.js";
import { makeOperator } from "./operator.js";
import { claimsOf } from "./signed-jwt.js";
import type { TestUser } from "./user.js";

// Before a CONNECT that is too long has been written to its end, the server may have closed.
const refused =
  /Authorization Violation|invalid|maximum control line|timeout|EPIPE|ECONNRESET/i;

function dial(
  server: NatsServer,
  { creds }: TestUser,
): Promise<NatsConnection> {
  return connect({
    servers: server.url,
    authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
    reconnect: false,
    timeout: 1000,
  });
}

/** Whether a user gets in. */
async function admits(server: NatsServer, user: TestUser): Promise<boolean> {
  try {
    const connection = await dial(server, user);
    await connection.close();
    return true;
  } catch (error) {
    assert.match(String(error), refused);
    return false;
  }
}

describe("an operator with its accounts in memory", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const config = await operator.serverConfig();

  test("admits a user made now", async () => {
    await using server = await natsServer({ config });
    const connection = await dial(server, await account.user("orders"));
    await connection.flush();
    await connection.close();
  });

  test("admits none of the bad credentials, and the good ones they are made of", async () => {
    await using server = await natsServer({ config });
    const bad = await badCredentials(operator, account);
    for (const [fault, user] of Object.entries(bad))
      assert.equal(await admits(server, user), false, fault);
    const { keys } = bad.tamperedClaims;
    assert.ok(await admits(server, await account.user("good", { keys })));
  });

  test("a user keeps to the permissions in its claims", async () => {
    await using server = await natsServer({ config });
    const user = await account.user("narrow", {
      claims: { pub: { allow: ["yes"] } },
    });
    const connection = await dial(server, user);
    const errors: string[] = [];
    void (async () => {
      for await (const { type, error } of connection.status() as AsyncIterable<{
        type: string;
        error?: Error;
      }>)
        if (type === "error") errors.push(String(error?.message));
    })();
    connection.publish("yes");
    connection.publish("no");
    await connection.flush();
    await connection.close();
    assert.deepEqual(errors, ['Permissions Violation for Publish to "no"']);
  });

  test("a reload brings a revocation by the second of issue, and takes it back", async () => {
    await using server = await natsServer({ config });
    const now = Math.floor(Date.now() / 1000);
    const old = await account.user("old", { issuedAt: now - 10 });
    const fresh = await account.user("fresh", { keys: old.keys });
    assert.equal(claimsOf(old.jwt)["iat"], now - 10);
    account.revoke(old.publicKey, now - 1);
    await server.reload(await operator.serverConfig());
    assert.equal(await admits(server, old), false);
    assert.equal(await admits(server, fresh), true);
    account.restore(old.publicKey);
    await server.reload(await operator.serverConfig());
    assert.equal(await admits(server, old), true);
  });
});

describe("an operator with its accounts in a directory", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const config = await operator.serverConfig("directory");

  test("an account made later is pushed; removed, it admits nobody", async () => {
    await using server = await natsServer({ config });
    const later = await operator.account("LATER");
    const user = await later.user("somebody");
    assert.equal(await admits(server, user), false);
    await operator.push(server, later);
    assert.equal(await admits(server, user), true);
    await operator.remove(server, later);
    assert.equal(await admits(server, user), false);
  });

  test("a pushed revocation cuts a live connection", async () => {
    await using server = await natsServer({ config });
    await operator.push(server, account);
    const user = await account.user("revoked");
    const connection = await dial(server, user);
    account.revoke(user.publicKey);
    await operator.push(server, account);
    const reason = await connection.closed();
    assert.match(String(reason), /Revoked|closed/i);
    assert.equal(await admits(server, user), false);
  });

  test("a signing key's users are admitted until it is taken away, within its scope", async () => {
    await using server = await natsServer({ config });
    const signer = account.signingKey();
    const scope = account.signingKey({ pub: { allow: ["only.this"] } });
    await operator.push(server, account);
    const user = await account.user("signed", { signer });
    const scoped = await account.user("scoped", {
      signer: scope,
      scoped: true,
    });
    assert.equal(await admits(server, user), true);
    assert.equal(await admits(server, scoped), true);
    account.removeSigningKey(signer);
    await operator.push(server, account);
    assert.equal(await admits(server, user), false);
    assert.equal(await admits(server, scoped), true);
  });

  test("limits change one by one", async () => {
    await using server = await natsServer({ config });
    account.change({ limits: { payload: 10 } });
    await operator.push(server, account);
    const connection = await dial(server, await account.user("small"));
    assert.equal(connection.info?.max_payload, 10);
    await connection.close();
  });

  test("an account that has expired admits nobody", async () => {
    await using server = await natsServer({ config });
    const late = await operator.account("LATE");
    late.expireIn(-5);
    await operator.push(server, late);
    assert.equal(await admits(server, await late.user("x")), false);
  });

  test("what the server refuses is an error", async () => {
    await using server = await natsServer({ config });
    const invalid = await operator.account("INVALID", {
      exports: [{ name: "x", subject: "a b", type: "stream" }],
    });
    await assert.rejects(operator.push(server, invalid), {
      message:
        'nats-server refused $SYS.REQ.CLAIMS.UPDATE: jwt validation failed - validation errors: [subject "a b" cannot have spaces]',
    });
  });
});
