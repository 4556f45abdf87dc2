import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { makeOperator, natsServer, signedJwt, until } from "@keyturn/testkit";
import { createUser, type KeyPair } from "@nats-io/nkeys";

import { connect } from "../connection/connect.js";
import { heals, tells } from "../connection/healing.test.fixture.js";
import { signerCredential } from "../credentials/makers.js";
import { heapHolds } from "../credentials/heap.test.fixture.js";
import { refuses, rejects } from "../errors/refuses.test.fixture.js";
import type { LiveConnection } from "../handover/live-connection.js";
import { Secret } from "../secret/secret.js";
import type { Signer } from "./signer.js";
import { childSigner, workerSigner } from "./signing-host.js";

const origin = { source: "this test", plaintext: false };

async function room(): Promise<{
  readonly account: Awaited<
    ReturnType<Awaited<ReturnType<typeof makeOperator>>["account"]>
  >;
  readonly server: Awaited<ReturnType<typeof natsServer>>;
}> {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const server = await natsServer({ config: await operator.serverConfig() });
  return { account, server };
}

async function reconnected(connection: LiveConnection): Promise<void> {
  const statuses = connection.status();
  await connection.reconnect();
  for await (const { type } of statuses) if (type === "reconnect") return;
}

function credsOf(keys: KeyPair, account: KeyPair): Uint8Array {
  const nats = { type: "user", version: 2, subs: -1, data: -1, payload: -1 };
  const jwt = signedJwt({ sub: keys.getPublicKey(), nats }, account);
  const line = (label: string): Buffer => Buffer.from(`\n-----${label}-----\n`);
  return Buffer.concat([
    line("BEGIN NATS USER JWT"),
    Buffer.from(jwt),
    line("END NATS USER JWT"),
    line("BEGIN USER NKEY SEED"),
    keys.getSeed(),
    line("END USER NKEY SEED"),
  ]);
}

for (const [name, make] of [
  ["a worker thread", workerSigner],
  ["a child process", childSigner],
] as const) {
  describe(name, () => {
    test("signs at connect, reconnect and hand-over; no seed is in this thread's heap", async () => {
      const { account, server } = await room();
      await using _ = server;
      const folder = await mkdtemp(join(tmpdir(), "keyturn-signer-"));
      await using signer = make();
      try {
        const file = join(folder, "a.creds");
        const seeds: Uint8Array[] = [];
        /** The test kit makes strings of seeds; this one is none in this thread. */
        const write = async (): Promise<string> => {
          const keys = createUser();
          const seed = keys.getSeed();
          seeds.push(seed);
          await writeFile(file, credsOf(keys, account.keys));
          return keys.getPublicKey();
        };
        const first = await write();
        await using connection = await connect({
          servers: server.url,
          credentials: () => signer.creds(file, origin),
        });
        assert.equal(connection.posture().publicKey, first);
        await reconnected(connection);
        const second = await write();
        await connection.refreshCredentials();
        assert.equal(connection.posture().publicKey, second);
        assert.equal(connection.posture().handovers, 1);
        await connection.flush();
        const needles = seeds.map((seed) => seed.subarray(4, 50));
        assert.deepEqual(await heapHolds(needles), [false, false]);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    test("takes a secret, too, and tells what is wrong with it as elsewhere", async () => {
      const { account, server } = await room();
      await using _ = server;
      await using signer = make();
      const { creds } = await account.user("a");
      const credential = await signer.creds(Secret.fromText(creds), origin);
      await using connection = await connect({
        servers: server.url,
        credentials: credential,
      });
      await connection.flush();
      assert.equal(credential.signsElsewhere, true);
      assert.equal(credential.authenticator()("nonce"), undefined);
      await rejects(
        signer.creds(Secret.fromText("x"), origin),
        "CREDENTIAL_CREDS_INVALID",
        "The credentials text from this test cannot be read: it has neither a block `NATS USER JWT` nor `USER NKEY SEED`. Write it again with `nsc generate creds --account A --name U`.",
      );
      await rejects(
        signer.creds("/nowhere", origin),
        "CREDENTIAL_SOURCE_BROKEN",
        "The credentials file from this test cannot be read (ENOENT). Put it there, readable for this program.",
      );
      credential.wipe();
      await assert.rejects(credential.prepare("nonce"), {
        code: "SECRET_WIPED",
      });
    });

    test("once closed it signs no more", async () => {
      const { account, server } = await room();
      await using _ = server;
      const signer = make();
      const { creds } = await account.user("a");
      const credential = await signer.creds(Secret.fromText(creds), origin);
      await signer.close();
      await rejects(
        credential.prepare("nonce"),
        "CREDENTIAL_SIGNER_FAILED",
        `The signer of the credential from this test (${credential.publicKey}) failed: The signing thread or process has ended. Look at the signer; the connection asks it again at each dial.`,
      );
    });
  });
}

test("a child process that dies is started again, and the connection heals", async () => {
  const { account, server } = await room();
  await using _ = server;
  await using signer = childSigner();
  const { creds } = await account.user("a");
  const secret = Secret.fromText(creds);
  await using connection = await connect({
    servers: server.url,
    credentials: () => signer.creds(secret, origin),
  });
  const stale = await signer.creds(secret, origin);
  await server.stop();
  signer.kill();
  await until("its end", 2000, () =>
    stale.prepare("n").then(
      () => false,
      () => true,
    ),
  );
  await heals(connection, () => server.restart());
});

describe("a signer of one's own", () => {
  test("may take its time, and needs no JWT where the server knows the nkey", async () => {
    const keys = createUser();
    const publicKey = keys.getPublicKey();
    await using server = await natsServer({
      config: { authorization: { users: [{ nkey: publicKey }] } },
    });
    const signer: Signer = {
      publicKey,
      sign: async (nonce) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return keys.sign(nonce);
      },
    };
    await using connection = await connect({
      servers: server.url,
      credentials: signerCredential({ signer, origin }),
    });
    await connection.flush();
    await reconnected(connection);
    await connection.flush();
  });

  test("that is for another user is refused", async () => {
    const { account, server } = await room();
    await using _ = server;
    const { jwt, publicKey } = await account.user("a");
    const other = createUser().getPublicKey();
    const signer: Signer = { publicKey: other, sign: () => randomBytes(64) };
    refuses(
      () => signerCredential({ jwt, signer, origin }),
      "CREDENTIAL_PAIR_MISMATCH",
      `The user JWT and the seed from this test do not belong together: the JWT is for ${publicKey}, the seed is of ${other}. Take both from one credentials file: \`nsc generate creds --account A --name U\`.`,
    );
  });

  test("that fails, hangs or lies is told at the first connect, and heals later", async () => {
    const { account, server } = await room();
    await using _ = server;
    const user = await account.user("a");
    const good = (nonce: Uint8Array): Uint8Array => user.keys.sign(nonce);
    let sign: Signer["sign"] = good;
    const signer: Signer = {
      publicKey: user.publicKey,
      sign: (nonce, signal) => sign(nonce, signal),
    };
    const { jwt } = user;
    const connecting = (): ReturnType<typeof connect> =>
      connect({
        servers: server.url,
        credentials: () => signerCredential({ jwt, signer, origin }),
      });
    const failure = (why: string): string =>
      `The signer of the credential from this test (${user.publicKey}) ${why}. Look at the signer; the connection asks it again at each dial.`;
    const bad: [Signer["sign"], string][] = [
      [() => Promise.reject(new Error("no such key")), "failed: no such key"],
      [
        () => {
          throw new Error("thrown");
        },
        "failed: thrown",
      ],
      [
        () => Promise.resolve(randomBytes(64)),
        "gave something that is no signature of its key",
      ],
      [() => new Promise(() => undefined), "did not answer within 1500 ms"],
    ];
    for (const [does, why] of bad) {
      sign = does;
      await rejects(connecting(), "CREDENTIAL_SIGNER_FAILED", failure(why));
    }
    sign = async (nonce) => Promise.resolve(good(nonce));
    await using connection = await connecting();
    sign = () => {
      throw new Error("thrown");
    };
    await connection.reconnect();
    await tells(
      connection,
      "reconnecting",
      "CREDENTIAL_SIGNER_FAILED",
      /failed: thrown/,
    );
    await heals(connection, () => {
      sign = async (nonce) => Promise.resolve(good(nonce));
    });
  });
});
