import { describe, test } from "node:test";
import assert from "node:assert/strict";

import { jetstream } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";

import {
  makeOperator,
  natsServer,
  until,
  type NatsServer,
} from "@keyturn/testkit";

import { connect } from "../../connection/connect.js";
import { passwordCredential } from "../../credentials/makers.js";
import { rejects } from "../../errors/refuses.test.fixture.js";
import type { LiveConnection } from "../../handover/live-connection.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";

const permissions = (denied: readonly string[]) => ({
  no_auth_user: "store",
  authorization: {
    users: [
      { user: "writer", password: "writer" },
      {
        user: "store",
        password: "store",
        permissions: {
          publish: {
            allow: ["$JS.API.DIRECT.GET.KV_creds.$KV.creds.>"],
            deny: denied,
          },
          subscribe: ["$KV.creds.>", "_INBOX.>"],
        },
      },
    ],
  },
});

/** A server with a bucket, whose reader has the permissions that the documentation asks for. */
class Lab implements AsyncDisposable {
  readonly server: NatsServer;
  readonly writer: LiveConnection;
  readonly bucket: KV;

  private constructor(server: NatsServer, writer: LiveConnection, bucket: KV) {
    this.server = server;
    this.writer = writer;
    this.bucket = bucket;
  }

  static async open(): Promise<Lab> {
    const server = await natsServer({
      jetstream: true,
      maxPayload: 4 * 1024 * 1024,
      config: permissions([]),
    });
    const writer = await connect({
      servers: server.url,
      credentials: passwordCredential({
        user: "writer",
        password: "writer",
        origin: { source: "this test", plaintext: false },
      }),
    });
    const bucket = await new Kvm(jetstream(writer)).create("creds");
    return new Lab(server, writer, bucket);
  }

  get reference(): string {
    return `nats-kv://creds/nats/orders?servers=${this.server.url}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.close();
    await this.server.stop();
  }
}

storeSuite({
  name: "nats-kv:",
  noticesWithinMs: 3000,
  corruptCode: "STORE_VALUE_INVALID",
  open: async () => {
    const lab = await Lab.open();
    const key = "nats/orders";
    return {
      reference: lab.reference,
      put: async ({ creds }) => {
        await lab.bucket.put(key, creds);
      },
      corrupt: async (bytes) => {
        await lab.bucket.put(key, bytes);
      },
      remove: () => lab.bucket.delete(key),
      putHalf: async ({ jwt }) => {
        await lab.bucket.put(key, JSON.stringify({ jwt }));
      },
      deny: async () => {
        await lab.server.reload(permissions([">"]));
        return () => lab.server.reload(permissions([]));
      },
      stall: async () => {
        lab.server.kill("SIGSTOP");
        return () => lab.server.kill("SIGCONT");
      },
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  },
});

const { signal } = new AbortController();
const read = async (reference: string) =>
  credentialsFrom(reference).read(signal);

describe("nats-kv:", () => {
  test("what is wrong says what, and what to do", async () => {
    await using lab = await Lab.open();
    const { reference, bucket } = lab;
    await rejects(
      read(reference),
      "STORE_ABSENT",
      `There is no key where ${reference} points. Put the credential there: \`nats kv put creds KEY\`; it is looked for again.`,
    );
    await bucket.put("nats/orders", "x");
    await bucket.delete("nats/orders");
    await rejects(
      read(reference),
      "STORE_ABSENT",
      `The key where ${reference} points was deleted. Put the credential there: \`nats kv put creds KEY\`; it is looked for again.`,
    );
    const other = reference.replace("//creds/nats/orders", "//other/key");
    await rejects(
      read(other),
      "STORE_UNREADABLE",
      `What ${other} names cannot be read: its user may not ask at \`$JS.API.DIRECT.GET.KV_other.$KV.other.key\`. Let the user publish to \`$JS.API.DIRECT.GET.KV_other.$KV.other.key\` and subscribe to \`_INBOX.>\`.`,
    );
    const none = reference.replace("//creds/nats/orders", "//creds/a.b");
    await lab.writer.request("$JS.API.STREAM.DELETE.KV_creds");
    await rejects(
      read(none),
      "STORE_UNREADABLE",
      `What ${none} names cannot be read: nobody answers at \`$JS.API.DIRECT.GET.KV_creds.$KV.creds.a.b\`. Check that there is a bucket \`creds\` that answers direct reads: \`nats stream info KV_creds\`, \`nats stream edit KV_creds --allow-direct\`.`,
    );
  });

  test("references that name no key are refused", async () => {
    for (const [text, why] of [
      [
        "nats-kv:a",
        "it names no bucket (letters, digits, `_`, `-`). Write it as `nats-kv://bucket/key`.",
      ],
      [
        "nats-kv://b/",
        "it names no key (letters, digits, `-`, `/`, `_`, `=`, `.`). Write it as `nats-kv://bucket/key`.",
      ],
      [
        "nats-kv://b/a.*",
        "it names no key (letters, digits, `-`, `/`, `_`, `=`, `.`). Write it as `nats-kv://bucket/key`.",
      ],
      [
        "nats-kv://b/a?domain=a.b",
        "its `domain` is no name of a JetStream domain. Write it as in the server's `jetstream { domain: … }`.",
      ],
    ] as const)
      await rejects(
        read(text),
        "REFERENCE_INVALID",
        `The credential reference \`nats-kv:\` cannot be used: ${why}`,
      );
  });

  test("a change becomes a hand-over, and one made while the store was away as well", async () => {
    await using lab = await Lab.open();
    const operator = await makeOperator();
    const account = await operator.account("APP");
    await using server = await natsServer({
      config: await operator.serverConfig(),
    });
    const put = async (): Promise<string> => {
      const user = await account.user("orders");
      await lab.bucket.put("nats/orders", user.creds);
      return user.publicKey;
    };
    await put();
    await using connection = await connect({
      servers: server.url,
      credentials: lab.reference,
    });
    const takes = (user: string): Promise<unknown> =>
      until(
        "the hand-over",
        5000,
        () => connection.posture().publicKey === user,
      );
    for (let i = 0; i < 3; i++) await takes(await put());
    assert.equal(connection.posture().handovers, 3);

    await lab.server.restart();
    await until(
      "the store",
      5000,
      () => lab.writer.posture().state === "connected",
    );
    await takes(await put());
    assert.equal(connection.posture().handovers, 4);
  });
});
