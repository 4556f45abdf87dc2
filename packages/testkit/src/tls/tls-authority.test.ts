import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";

import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";

import { natsServer, type NatsServer } from "../server/nats-server.js";
import type { ServerTlsOptions } from "../server/settings.js";
import { makeTlsAuthority } from "./tls-authority.js";

const authority = makeTlsAuthority();
const other = makeTlsAuthority("Somebody else");

function dial(
  server: NatsServer,
  tls: NonNullable<NodeConnectionOptions["tls"]>,
  host = "127.0.0.1",
) {
  return connect({
    servers: `${host}:${server.port}`,
    tls,
    reconnect: false,
    timeout: 1500,
  });
}

const start = (tls: ServerTlsOptions): Promise<NatsServer> =>
  natsServer({ tls });

test("a client that trusts the authority gets in, by name and by address", async () => {
  await using server = await start(authority.server());
  for (const host of ["localhost", "127.0.0.1"])
    await (await dial(server, { ca: authority.certificate }, host)).close();
  await assert.rejects(dial(server, { ca: other.certificate }), {
    code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  });
});

test("a certificate for another name, or an expired one, is refused by the client", async () => {
  const names = ["nats.example"];
  await using elsewhere = await start(authority.server({ names }));
  const ca = authority.certificate;
  await assert.rejects(dial(elsewhere, { ca }), {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  await using late = await start(authority.server({ expiresInSeconds: -60 }));
  await assert.rejects(dial(late, { ca }), { code: "CERT_HAS_EXPIRED" });
});

test("an intermediate authority's certificates are trusted by the root alone", async () => {
  const intermediate = authority.intermediate("Testkit intermediate");
  const certificate = intermediate.server();
  assert.equal(certificate.certificate.match(/BEGIN/g)?.length, 2);
  await using server = await start(certificate);
  await (await dial(server, { ca: authority.certificate })).close();
});

test("a server that wants client certificates admits those of its authority", async () => {
  await using server = await start({
    ...authority.server(),
    clientAuthority: authority.certificate,
  });
  const ca = authority.certificate;
  const good = authority.client("orders");
  await (
    await dial(server, { ca, cert: good.certificate, key: good.key })
  ).close();
  const bad = other.client("orders");
  for (const [tls, reason] of [
    [{ ca }, /TLS handshake error: .*certificate/],
    [
      { ca, cert: bad.certificate, key: bad.key },
      /TLS handshake error: .*unknown authority/,
    ],
  ] as const) {
    // What the client sees depends on the moment; what the server says does not.
    await assert.rejects(dial(server, tls));
    await server.waitForLog(reason);
  }
});

test("TLS may come first, where the server knows that", async (t) => {
  const tls = { ...authority.server(), handshakeFirst: true };
  await using plain = await natsServer();
  if (plain.version.startsWith("2.9.")) {
    await assert.rejects(start(tls), /handshake_first/);
    t.skip("this server is too old");
    return;
  }
  await using server = await start(tls);
  const ca = authority.certificate;
  await (await dial(server, { ca, handshakeFirst: true })).close();
});

test("certificates say what they are", async () => {
  const { certificate } = authority.client("orders", { names: ["a.b"] });
  const { subject, issuer, subjectAltName, ca } = new X509Certificate(
    certificate,
  );
  assert.deepEqual(
    { subject, issuer, subjectAltName, ca },
    {
      subject: "CN=orders",
      issuer: "CN=Testkit root",
      subjectAltName: "DNS:a.b",
      ca: false,
    },
  );
  assert.equal(new X509Certificate(authority.certificate).ca, true);
});
