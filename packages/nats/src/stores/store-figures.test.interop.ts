import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";

import {
  makeOperator,
  ManagedChild,
  natsServer,
  until,
  type TestUser,
} from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import type { Credential } from "../credentials/credential.js";
import { credsCredential } from "../credentials/makers.js";
import { encodeSeed, signingKeyFromSeed } from "../credentials/nkey.js";
import { withTestIdentity } from "./aws-sm/aws-environment.test.fixture.js";
import { OpenBao } from "./vault/openbao-server.test.fixture.js";
import { BackendDouble } from "./wasmcloud/backend-double.test.fixture.js";
import { signClaims } from "./wasmcloud/claims.js";

/** A store with one credential, and how it is changed. */
interface Place extends AsyncDisposable {
  readonly reference: string;
  readonly put: (user: TestUser) => Promise<unknown> | void;
}

interface Store {
  readonly name: string;
  readonly open: () => Promise<Place>;
  readonly skip?: string | false;
}

const changes = 20;
const connections = 4;
/** Messages a second to each connection. */
const rate = 500;

withTestIdentity();

const bao = process.env["KEYTURN_BAO"];
const moto = process.env["KEYTURN_MOTO"];
const stores: readonly Store[] = [
  { name: "wasmcloud: with poll=1", open: openWasmcloud },
  {
    name: "vault: with poll=1",
    open: openVault,
    skip: bao === undefined && "OpenBao is not installed",
  },
  {
    name: "aws-sm: with poll=1",
    open: openAws,
    skip: moto === undefined && "moto is not installed",
  },
];

void describe("from a change in the store until all connections are handed over", () => {
  for (const { name, open, skip = false } of stores)
    test(name, { skip }, async (t) => {
      const operator = await makeOperator();
      const app = await operator.account("APP");
      await using server = await natsServer({
        config: await operator.serverConfig(),
        debug: false,
      });
      await using place = await open();
      await place.put(await app.user("first"));
      const opened = await Promise.all(
        Array.from({ length: connections }, () =>
          connect({ servers: server.url, credentials: place.reference }),
        ),
      );
      await using peer = await connect({
        servers: server.url,
        credentials: await credentialOf(app.user("peer")),
      });
      /** How often each number has come, by connection. */
      const seen = opened.map((connection) => {
        const times: number[] = [];
        connection.subscribe("figures", {
          callback: (_, message) => {
            const number = Number(message.string());
            times[number] = (times[number] ?? 0) + 1;
          },
        });
        return times;
      });
      await Promise.all(opened.map((connection) => connection.flush()));
      let sent = 0;
      const sending = setInterval(
        () => peer.publish("figures", String(sent++)),
        1000 / rate,
      );

      const took: number[] = [];
      for (let i = 0; i < changes; i++) {
        await pause(Math.random() * 1000);
        const user = await app.user(`change ${i}`);
        const from = performance.now();
        await place.put(user);
        await until("all hand-overs", 20_000, () =>
          opened.every(
            (connection) => connection.posture().publicKey === user.publicKey,
          ),
        );
        took.push(performance.now() - from);
      }
      clearInterval(sending);
      await peer.flush();
      await until("the last messages", 5000, () =>
        seen.every((times) => times[sent - 1] !== undefined),
      );
      for (const connection of opened) await connection.close();
      const times = seen.flatMap((of) =>
        Array.from({ length: sent }, (_, i) => of[i] ?? 0),
      );
      const lost = times.filter((count) => count === 0).length;
      const doubled = times.filter((count) => count > 1).length;

      took.sort((a, b) => a - b);
      const [median = 0, worst = 0] = [took[changes / 2], took.at(-1)];
      t.diagnostic(
        `${name} ${changes} changes, ${connections} connections: median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms; of ${times.length} messages ${lost} lost, ${doubled} doubled`,
      );
      assert.deepEqual({ lost, doubled }, { lost: 0, doubled: 0 });
    });
});

async function credentialOf(user: Promise<TestUser>): Promise<Credential> {
  const { creds } = await user;
  return credsCredential(creds, { source: "this test", plaintext: false });
}

async function temporary(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "keyturn-figures-"));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

async function openWasmcloud(): Promise<Place> {
  const folder = await temporary();
  const server = await natsServer({ debug: false });
  const connection = await connect({ servers: server.url });
  const backend = new BackendDouble(connection);
  const issuer = signingKeyFromSeed(
    Buffer.from(encodeSeed("account", new Uint8Array(32).fill(7))),
  );
  const entity = join(folder.path, "entity.jwt");
  await writeFile(entity, signClaims({ sub: "V".padEnd(56, "A") }, issuer));
  return {
    reference: `wasmcloud://double/orders?entity-file=${entity}&servers=${server.url}&poll=1`,
    put: ({ creds }) => backend.put("orders", creds),
    [Symbol.asyncDispose]: async () => {
      await connection.close();
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function openVault(): Promise<Place> {
  const server = await OpenBao.start(bao ?? "");
  const token = await server.tokenFile("figures");
  return {
    reference: `vault://kv/nats/orders?address=${server.url}&token-file=${token}&poll=1`,
    put: ({ jwt, seed }) =>
      server.must("POST", "kv/data/nats/orders", { data: { jwt, seed } }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function openAws(): Promise<Place> {
  const child = await ManagedChild.start({
    command: moto ?? "",
    args: ["-H", "127.0.0.1", "-p", "0"],
  });
  const [, port] = await child.stderr.waitFor(/127\.0\.0\.1:(\d+)/, 60_000);
  const endpoint = `http://127.0.0.1:${port}`;
  const region = "eu-central-1";
  const client = new SecretsManagerClient({ region, endpoint });
  const secret = "orders";
  await client.send(new CreateSecretCommand({ Name: secret }));
  return {
    reference: `aws-sm://${region}/${secret}?endpoint=${endpoint}&poll=1`,
    put: ({ creds }) =>
      client.send(
        new PutSecretValueCommand({ SecretId: secret, SecretString: creds }),
      ),
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await child.stop();
    },
  };
}
