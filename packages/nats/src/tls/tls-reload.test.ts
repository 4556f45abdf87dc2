import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { test } from "node:test";

import {
  makeOperator,
  makeTlsAuthority,
  natsServer,
  until,
  type UserOptions,
} from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import type { Credential } from "../credentials/credential.js";
import { userJwtCredential } from "../credentials/makers.js";
import { rejects } from "../errors/refuses.test.fixture.js";
import {
  kubeletWrites,
  tempFolder,
} from "../stores/file/file-lab.test.fixture.js";
import { authority, ca, paths, room, write } from "./tls-lab.test.fixture.js";

void test("a change shows by itself, in posture and events", async () => {
  const first = authority.client("orders");
  await using at = await room(first);
  const { folder, connection } = at;
  const before = connection.posture().certificate;
  assert.equal(before?.subject, "CN=orders");
  assert.ok((before.expiresAt?.getTime() ?? 0) > Date.now());
  await write(folder, authority.client("orders too"));
  await at.told(
    /^The connection moved to new certificates \(CN=orders too, from `.*tls\.crt`, `.*tls\.key`, `.*ca\.crt`\)\.$/,
  );
  assert.ok(
    await at.told(/^Other certificates have come: CN=orders too, from /),
  );
  const { certificate, lastError } = connection.posture();
  assert.equal(certificate?.subject, "CN=orders too");
  assert.notEqual(certificate.serialNumber, before.serialNumber);
  assert.equal(lastError, undefined);
});

void test("a key is not used before its certificate is there, in whatever order they are written", async () => {
  await using at = await room(authority.client("orders"));
  const { folder, connection } = at;
  for (const order of [
    ["key", "certificate"],
    ["certificate", "key"],
  ] as const) {
    const next = authority.client(order.join(" "));
    for (const part of order) {
      await folder.write(part === "key" ? "tls.key" : "tls.crt", next[part]);
      // Half of the second file, too.
      if (part === order[1])
        await folder.write(
          part === "key" ? "tls.key" : "tls.crt",
          next[part].slice(0, 100),
        );
      await connection.flush();
    }
    await folder.write(
      order[1] === "key" ? "tls.key" : "tls.crt",
      next[order[1]],
    );
    await until("the pair", 5000, () =>
      connection.posture().certificate?.subject === `CN=${order.join(" ")}`
        ? true
        : undefined,
    );
  }
  await until("the second hand-over", 5000, () =>
    connection.posture().handovers === 2 ? true : undefined,
  );
  assert.deepEqual(
    at.events.filter(({ level }) => level === "warn" || level === "error"),
    [],
  );
});

void test("a pair that stays wrong is told, the present one is kept, and it heals", async () => {
  await using at = await room(authority.client("orders"));
  const { folder, connection } = at;
  const next = authority.client("next");
  await folder.write("tls.crt", next.certificate);
  const { level } = await at.told(
    /^The certificates could not be read again: The key is not that of the client certificate\./,
  );
  assert.equal(level, "warn");
  assert.match(
    connection.posture().lastError?.message ?? "",
    /^The key is not that of the client certificate\./,
  );
  await connection.flush();
  await folder.write("tls.key", next.key);
  await at.told(/^The connection moved to new certificates \(CN=next/);
  assert.equal(connection.posture().lastError, undefined);
});

void test("certificates that the server refuses leave all as it was, and are tried again", async () => {
  const other = makeTlsAuthority("Somebody else");
  await using at = await room(authority.client("orders"));
  const { connection, folder, server } = at;
  await write(folder, other.client("stranger"));
  await assert.rejects(connection.refreshCredentials(), (error: Error) => {
    assert.match(
      error.message,
      /^TLS with the new certificates \(CN=stranger, from .*\) failed: The NATS server at 127\.0\.0\.1:\d+ refused our side of TLS, most likely the client certificate.* The connection goes on with the present ones\. Put certificates there that both sides trust; they are tried again when they change\.$/,
    );
    return true;
  });
  const { certificate, handovers } = connection.posture();
  assert.deepEqual([certificate?.subject, handovers], ["CN=orders", 0]);
  // Broken meanwhile, it comes back with what was taken before.
  await server.restart();
  await until("the connection", 8000, () =>
    connection.posture().state === "connected" ? true : undefined,
  );
  assert.equal(connection.posture().certificate?.subject, "CN=orders");
  await write(folder, authority.client("known"));
  await at.told(/^The connection moved to new certificates \(CN=known/);
});

void test("a server under another authority is moved to when the bundle has changed", async () => {
  const other = makeTlsAuthority("Next root");
  const client = authority.client("orders");
  await using at = await room(client);
  const { connection, folder } = at;
  await kubeletWrites(folder, {
    "tls.crt": client.certificate,
    "tls.key": client.key,
    "ca.crt": other.certificate,
  });
  await assert.rejects(connection.refreshCredentials(), {
    code: "HANDOVER_REFUSED",
  });
  await kubeletWrites(folder, {
    "tls.crt": client.certificate,
    "tls.key": client.key,
    "ca.crt": ca + other.certificate,
  });
  await at.told(/^The connection moved to new certificates/);
});

void test("an expired client certificate is told before and after; renewed, the connection is back", async () => {
  await using at = await room(
    authority.client("orders", { expiresInSeconds: 3 }),
  );
  const { connection, folder, server } = at;
  const { level, code } = await at.told(
    /^The client certificate CN=orders, from .* expires at .*Z, and no other has come\. See that it is renewed/,
  );
  assert.deepEqual([level, code], ["warn", "CERTIFICATE_EXPIRING"]);
  const expired = await at.told(
    /^The client certificate CN=orders, from .* expired at .*Z\. Renew it where it comes from/,
  );
  assert.deepEqual(
    [expired.level, expired.code],
    ["error", "CERTIFICATE_EXPIRED"],
  );
  // Servers look at it in the handshake only.
  await connection.flush();
  await server.restart();
  await until("the refusal", 8000, () => {
    const { state, lastError } = connection.posture();
    const { code } = (lastError ?? {}) as { code?: string };
    return state === "reconnecting" && code === "CERTIFICATE_EXPIRED"
      ? true
      : undefined;
  });
  const renewed = performance.now();
  await write(folder, authority.client("orders"));
  await until("the connection", 5000, () =>
    connection.posture().state === "connected" ? true : undefined,
  );
  assert.ok(performance.now() - renewed < 5000);
  assert.equal(connection.posture().lastError, undefined);
});

void test("where the certificate says who the user is, a hand-over is to another user", async () => {
  const tls = { ...authority.server(), clientAuthority: ca };
  await using at = await room(authority.client("first"), {
    tls,
    config: {
      tls: {
        cert_file: "certificate.pem",
        key_file: "key.pem",
        ca_file: "client-authority.pem",
        verify_and_map: true,
      },
      authorization: { users: [{ user: "CN=first" }, { user: "CN=second" }] },
    },
  });
  const { connection, folder, server } = at;
  const users = async (): Promise<string[]> => {
    const page = await server.monitor<{
      connections: { authorized_user?: string }[];
    }>("connz?auth=1");
    // Tries of what is refused are not signed in.
    return page.connections.flatMap((entry) => entry.authorized_user ?? []);
  };
  assert.deepEqual(await users(), ["CN=first"]);
  await write(folder, authority.client("unknown"));
  await assert.rejects(connection.refreshCredentials(), (error: Error) => {
    assert.match(
      error.message,
      /^The server refused the new certificates \(CN=unknown, from .*\): Authorization Violation\. The connection goes on with the present ones\./,
    );
    return true;
  });
  // Also one that begins anew has the user whom the server knows.
  await server.restart();
  await until("the connection", 8000, () =>
    connection.posture().state === "connected" ? true : undefined,
  );
  assert.deepEqual(await users(), ["CN=first"]);
  await write(folder, authority.client("second"));
  await at.told(/^The connection moved to new certificates \(CN=second/);
  await until("the old socket's end", 5000, async () =>
    (await users()).join() === "CN=second" ? true : undefined,
  );
});

void test("credential and certificates change apart: a refusal of one does not hold the other up", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const make = async (user: UserOptions = {}): Promise<Credential> =>
    userJwtCredential({
      ...(await account.user("u", user)),
      origin: { source: "this test", plaintext: false },
    });
  let next = (): Promise<Credential> => make();
  await using at = await room(
    authority.client("first"),
    { config: await operator.serverConfig() },
    { credentials: () => next() },
  );
  const { connection, folder } = at;
  const user = connection.posture().publicKey;
  const stranger = makeTlsAuthority("Somebody else").client("stranger");
  await write(folder, stranger);
  await assert.rejects(
    connection.refreshCredentials(),
    /^KeyturnError: TLS with the new/,
  );
  const { publicKey, certificate } = connection.posture();
  assert.notEqual(publicKey, user);
  assert.equal(certificate?.subject, "CN=first");
  const refused = await make({ claims: { src: ["10.9.8.0/24"] } });
  next = () => Promise.resolve(refused);
  await write(folder, authority.client("second"));
  await assert.rejects(connection.refreshCredentials(), {
    code: "HANDOVER_REFUSED",
    message: /^The server refused the new credential/,
  });
  await write(folder, authority.client("third"));
  await at.told(/^The connection moved to new certificates \(CN=third/);
  assert.equal(connection.posture().publicKey, publicKey);
});

void test("a source gives other certificates when asked, and when it says so", async () => {
  await using server = await natsServer({
    tls: { ...authority.server(), clientAuthority: ca },
  });
  let name = "first";
  let changed = (): void => undefined;
  const connection = await connect({
    servers: server.url,
    tls: {
      source: {
        read: () => {
          const { certificate: cert, key } = authority.client(name);
          const origin = { source: "this test", plaintext: false };
          return { ca, cert, key, origin };
        },
        watch: (tell) => {
          changed = tell;
          return () => {
            changed = () => undefined;
          };
        },
      },
    },
  });
  const { certificate } = connection.posture();
  assert.equal(certificate?.subject, "CN=first");
  assert.equal(certificate.source, "this test");
  name = "asked";
  await connection.refreshCredentials();
  assert.equal(connection.posture().certificate?.subject, "CN=asked");
  name = "told";
  changed();
  await until("the certificate", 5000, () =>
    connection.posture().certificate?.subject === "CN=told" ? true : undefined,
  );
  await connection.close();
});

void test("what is wrong with certificates at the first connection fails fast", async () => {
  await using server = await natsServer({
    tls: { ...authority.server(), clientAuthority: ca },
  });
  await using folder = await tempFolder();
  const servers = server.url;
  const tls = paths(folder);
  await write(folder, authority.client("orders", { expiresInSeconds: -60 }));
  await assert.rejects(connect({ servers, tls }), {
    code: "CERTIFICATE_EXPIRED",
  });
  const missing = folder.at("missing.pem");
  await rejects(
    connect({ servers, tls: { caFile: missing } }),
    "CONNECT_TLS_INVALID",
    `There is no file \`${missing}\`, which \`tls.caFile\` names. Put it there, or correct the path.`,
  );
  await rejects(
    connect({ servers, tls: { source: () => ({ ca, cert: "x" }) } }),
    "CONNECT_TLS_INVALID",
    "A client certificate is given without its key. Give certificates and keys as PEM text, each certificate whole.",
  );
});

void test("a key that everybody may read is plain text", async () => {
  await using folder = await tempFolder();
  const { certificate, key } = authority.client("orders");
  await folder.write("tls.crt", certificate);
  await folder.write("tls.key", key);
  await folder.write("ca.crt", ca);
  await chmod(folder.path, 0o755);
  await chmod(folder.at("tls.key"), 0o644);
  const connecting = connect({
    servers: "127.0.0.1:1",
    tls: paths(folder),
    credentialsPolicy: "require-secrets",
  });
  await assert.rejects(connecting, {
    code: "CREDENTIAL_PLAINTEXT_REFUSED",
  });
});
