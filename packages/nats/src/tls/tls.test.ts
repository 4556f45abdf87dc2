import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { makeTlsAuthority, natsServer } from "@keyturn/testkit";

import { refuses, rejects } from "../errors/refuses.test.fixture.js";
import { Secret } from "../secret/secret.js";
import { connect } from "../connection/connect.js";
import { readTls } from "./tls-options.js";

const authority = makeTlsAuthority();
const other = makeTlsAuthority("Somebody else");
const ca = authority.certificate;
const client = authority.client("orders");
const pemHint =
  "Give certificates and keys as PEM text, each certificate whole.";

test("by name, by address, and with the authority somewhere in a bundle", async () => {
  await using server = await natsServer({ tls: authority.server() });
  for (const servers of [
    `localhost:${server.port}`,
    `tls://127.0.0.1:${server.port}`,
  ])
    for (const bundle of [ca, `${other.certificate}\n# ours:\n${ca}`])
      await (await connect({ servers, tls: { ca: bundle } })).close();
});

test("a server dialled by address has to have a certificate for that address", async () => {
  await using server = await natsServer({
    tls: authority.server({ names: ["localhost"] }),
  });
  await rejects(
    connect({ servers: `127.0.0.1:${server.port}`, tls: { ca } }),
    "CONNECT_TLS_FAILED",
    `The NATS server at 127.0.0.1:${server.port} has a certificate for another name. Write its address with a name that the certificate has, or give that name as the TLS server name.`,
  );
  await using named = await natsServer({
    tls: authority.server({ names: ["nats.example"] }),
  });
  const tls = { ca, serverName: "nats.example" };
  await (await connect({ servers: `127.0.0.1:${named.port}`, tls })).close();
});

test("what a server's certificate may lack", async () => {
  await using server = await natsServer({ tls: authority.server() });
  const at = `127.0.0.1:${server.port}`;
  for (const tls of [undefined, {}, { ca: other.certificate }])
    await rejects(
      connect({ servers: at, ...(tls === undefined ? {} : { tls }) }),
      "CONNECT_TLS_FAILED",
      `The NATS server at ${at} has a certificate of an authority that is not trusted here. Add the certificate of that authority to the CA bundle.`,
    );
  await using late = await natsServer({
    tls: authority.server({ expiresInSeconds: -60 }),
  });
  await rejects(
    connect({ servers: `127.0.0.1:${late.port}`, tls: { ca } }),
    "CONNECT_TLS_FAILED",
    `The NATS server at 127.0.0.1:${late.port} has an expired certificate. Renew it at the server.`,
  );
});

test("client certificates", async () => {
  await using server = await natsServer({
    tls: { ...authority.server(), clientAuthority: ca },
  });
  const servers = `127.0.0.1:${server.port}`;
  const cert = client.certificate;
  const key = Secret.fromText(client.key);
  const connection = await connect({ servers, tls: { ca, cert, key } });
  const shown = inspect(connection, { depth: 12, showHidden: true });
  assert.equal(shown.includes("PRIVATE KEY"), false);
  assert.equal(key.wiped, false);
  await connection.close();
  const stranger = other.client("orders");
  for (const tls of [
    { ca },
    { ca, cert: stranger.certificate, key: stranger.key },
  ]) {
    const started = Date.now();
    await rejects(
      connect({ servers, tls }),
      "CONNECT_TLS_FAILED",
      `The NATS server at ${servers} refused our side of TLS, most likely the client certificate. Give a client certificate, with its key, of an authority that the server trusts.`,
    );
    assert.ok(Date.now() - started < 2500, "it did not wait for the timeout");
  }
});

test("TLS and none do not meet", async () => {
  await using plain = await natsServer();
  const at = `127.0.0.1:${plain.port}`;
  for (const servers of [at, `tls://${at}`])
    await rejects(
      connect({ servers, tls: { ca } }),
      "CONNECT_TLS_FAILED",
      `The NATS server at ${at} does not offer TLS. Configure TLS at the server, or write its address as \`nats://\` and leave the TLS options out.`,
    );
  await rejects(
    connect({ servers: at, tls: { ca, handshakeFirst: true } }),
    "CONNECT_TLS_FAILED",
    `The NATS server at ${at} does not begin with TLS. Leave \`tls.handshakeFirst\` out, write \`ws://\` in place of \`wss://\`, or set TLS up at the server.`,
  );
});

test("TLS first", async (t) => {
  await using plain = await natsServer();
  if (plain.version.startsWith("2.9.")) {
    t.skip("this server is too old");
    return;
  }
  await using server = await natsServer({
    tls: { ...authority.server(), handshakeFirst: true },
  });
  for (const host of ["127.0.0.1", "localhost"]) {
    const servers = `${host}:${server.port}`;
    const tls = { ca, handshakeFirst: true };
    await (await connect({ servers, tls })).close();
  }
});

test("settings that cannot be used are refused before any dial", async () => {
  const refusesTls = (
    tls: Parameters<typeof readTls>[0],
    what: string,
    code = "CONNECT_TLS_INVALID",
    hint = pemHint,
  ): void => refuses(() => readTls(tls, true), code, `${what} ${hint}`);
  refusesTls(
    { ca: "garbage" },
    "There is no certificate in the CA bundle: no `-----BEGIN CERTIFICATE-----`.",
  );
  refusesTls(
    { ca: `${ca}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----` },
    "Certificate 2 of 2 in the CA bundle cannot be read.",
  );
  refusesTls(
    { ca: ca.trimEnd().slice(0, -10) },
    "Certificate 1 of 1 in the CA bundle cannot be read.",
  );
  refusesTls(
    { cert: "x", key: client.key },
    "There is no certificate in the client certificate: no `-----BEGIN CERTIFICATE-----`.",
  );
  refusesTls(
    { cert: client.certificate },
    "A client certificate is given without its key.",
  );
  refusesTls(
    { key: client.key },
    "The key of a client certificate is given without the certificate.",
  );
  refusesTls(
    { cert: client.certificate, key: "secret" },
    "The key of the client certificate cannot be read.",
  );
  refusesTls(
    { cert: client.certificate, key: other.client("x").key },
    "The key is not that of the client certificate.",
  );
  refusesTls(
    { ca, certFile: "c.pem", keyFile: "k.pem" },
    "The option `tls.certFile` does not go together with certificates given as text.",
    "CONNECT_OPTIONS_CONFLICT",
    "Leave one of them out.",
  );
  refusesTls(
    { caFile: "ca.pem", source: () => ({ ca }) },
    "The option `tls.caFile` does not go together with `tls.source`, which gives all of them.",
    "CONNECT_OPTIONS_CONFLICT",
    "Leave one of them out.",
  );
  refusesTls(
    null,
    "A server address demands TLS, and the option `tls` is null.",
    "CONNECT_OPTIONS_CONFLICT",
    "Leave one of them out.",
  );
});

test("without certificates of our own, nats.js gets what it knows", () => {
  assert.deepEqual(readTls(undefined, false), { options: {} });
  assert.deepEqual(readTls(undefined, true), { options: { tls: {} } });
  assert.deepEqual(readTls(null, false), { options: { tls: null } });
  assert.deepEqual(readTls({ handshakeFirst: true, serverName: "a" }, false), {
    options: { tls: { handshakeFirst: true, servername: "a" } },
  });
});
