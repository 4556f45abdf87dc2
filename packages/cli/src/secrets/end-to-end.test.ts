import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";

import { messagingProvider } from "@keyturn/messaging";
import { connect, credentialsFrom } from "@keyturn/nats";
import { startProvider } from "@keyturn/provider";
import {
  HostDouble,
  makeOperator,
  natsServer,
  until,
  type LinkOptions,
  type TestUser,
} from "@keyturn/testkit";

import { BackendLab } from "../testing/backend-lab.test.fixture.js";

interface Connz {
  readonly connections: readonly {
    readonly name: string;
    readonly authorized_user?: string;
  }[];
}

test("a credential goes from `keyturn secrets put` to a provider's connection, and a changed one takes over", async () => {
  await using lab = await BackendLab.start();
  const operator = await makeOperator();
  const account = await operator.account("orders");
  const [first, second] = [
    await account.user("first"),
    await account.user("second"),
  ];
  await using backing = await natsServer({
    config: await operator.serverConfig(),
  });

  const put = async (user: TestUser): Promise<void> => {
    await lab.put("nats/orders/jwt", `${user.jwt}\n`);
    await lab.put("nats/orders/seed", `${user.seed}\n`);
  };
  /** As a host resolves the references of a link. */
  const resolved = async (key: string): Promise<string> => {
    const got = await lab.host.get({ key });
    if ("error" in got) assert.fail(JSON.stringify(got.error));
    return got.string_secret ?? assert.fail("not text");
  };
  const link = async (): Promise<LinkOptions> => ({
    source: "shop",
    target: "messaging",
    interfaces: ["consumer"],
    targetConfig: { cluster_uris: backing.url },
    targetSecrets: {
      client_jwt: await resolved("nats/orders/jwt"),
      client_seed: await resolved("nats/orders/seed"),
    },
  });
  const connectsAs = async (user: TestUser): Promise<void> => {
    await until("the provider's connection", 8000, async () => {
      const { connections } = await backing.monitor<Connz>("connz?auth=1");
      const users = connections
        .filter(({ name }) => name === "NATS Messaging Provider")
        .map(({ authorized_user: name }) => name);
      return users.join() === user.publicKey;
    });
  };

  await put(first);
  await lab.serve();
  await using host = await HostDouble.start({
    lattice: lab.server,
    providerId: "messaging",
    links: [await link()],
  });
  await using _ = await startProvider(
    messagingProvider(),
    host.hostDataBytes(),
  );
  await connectsAs(first);

  await put(second);
  await host.putLink(await link());
  await connectsAs(second);
  assert.equal((await host.health()).healthy, true);

  // Who has read what is known, and nothing that was read.
  const reads = lab
    .audit()
    .map(({ key, version, answer }) => [key, version, answer]);
  assert.deepEqual(reads, [
    ["nats/orders/jwt", "1", "ok"],
    ["nats/orders/seed", "2", "ok"],
    ["nats/orders/jwt", "3", "ok"],
    ["nats/orders/seed", "4", "ok"],
  ]);
});

test("a program outside a host has its credential by reference from the same backend, and a changed one takes over", async () => {
  await using lab = await BackendLab.start();
  const operator = await makeOperator();
  const account = await operator.account("orders");
  await using backing = await natsServer({
    config: await operator.serverConfig(),
  });
  const users = [await account.user("first"), await account.user("second")];
  // It makes a host's token of itself, so that hosts cannot be pinned.
  lab.policy({
    issuers: [lab.host.account.getPublicKey()],
    hosts: "any",
    rules: [{ entities: [lab.host.provider], keys: ["nats/orders"] }],
  });
  writeFileSync(lab.path("entity.jwt"), lab.host.entityJwt());
  await lab.put("nats/orders", users[0]?.creds ?? "");
  await lab.serve();
  const reference = `wasmcloud://nats-kv/nats/orders?entity-file=${lab.path("entity.jwt")}&servers=${lab.server.url}&poll=1`;
  await using connection = await connect({
    servers: backing.url,
    credentials: credentialsFrom(reference),
  });
  assert.equal(connection.posture().publicKey, users[0]?.publicKey);
  await lab.put("nats/orders", users[1]?.creds ?? "");
  await until("the other user", 8000, () => {
    return connection.posture().publicKey === users[1]?.publicKey;
  });
});
