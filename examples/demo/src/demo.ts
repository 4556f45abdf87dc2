import {
  HostDouble,
  makeOperator,
  natsServer,
  type NatsServer,
  type TestUser,
} from "@keyturn/testkit";
import { jwtAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

import type { Facts } from "./facts.js";
import { bothWays } from "./links.js";
import type { Screen } from "./screen.js";
import { providerId, startShop } from "./shop.js";
import { exchange } from "./steps/exchange.js";
import { plainConfig } from "./steps/plain-config.js";
import { refusal } from "./steps/refusal.js";
import { rotate } from "./steps/rotate.js";
import { providerProgram, tellStart } from "./steps/start.js";

/**
 * Does the main job on real servers, tells it on the screen, and returns what it found.
 *
 * @throws Error when something is not as it should be
 */
export async function runDemo(screen: Screen): Promise<Facts> {
  screen.step("Two nats-servers start on loopback");
  await using lattice = await natsServer({ name: "lattice" });
  const operator = await makeOperator();
  const account = await operator.account("orders");
  await using backing = await natsServer({
    name: "backing",
    config: await operator.serverConfig(),
  });
  const user = await account.user("provider");
  const servers = {
    version: lattice.version,
    lattice: lattice.url,
    backing: backing.url,
    operator: operator.keys.getPublicKey(),
    account: account.publicKey,
    user: user.publicKey,
  };
  screen.line(
    "lattice",
    `${lattice.url}  here host, provider and component meet`,
  );
  screen.line(
    "backing",
    `${backing.url}  here the messages are; operator mode: no JWT, no entry`,
  );
  screen.line("operator", `${servers.operator}  made a second ago`);
  screen.line("account", servers.account);
  screen.line("user", `${servers.user}  of the provider`);
  screen.good(`nats-server ${servers.version}`);

  screen.step(
    "The messaging provider starts as a wasmCloud 1.9 host starts it",
  );
  await using shop = await startShop(lattice);
  const url = { cluster_uris: backing.url };
  const pair = { client_jwt: user.jwt, client_seed: user.seed };
  const sealed = bothWays({ config: url, secrets: pair });
  const started = performance.now();
  await using host = await HostDouble.start({
    provider: [process.execPath, providerProgram()],
    lattice,
    providerId,
    links: sealed,
  });
  const provider = await tellStart(screen, host, started);

  await using customer = await customerOf(backing, await account.user("you"));
  const stage = { screen, backing, host, shop, customer };
  screen.step("An ordinary NATS client publishes orders and asks for prices");
  const secrets = await exchange(stage, 0);

  screen.step("Credentials change three times under traffic");
  let current = sealed;
  const rotation = await rotate(
    stage,
    () => account.user("provider"),
    ({ jwt, seed }) => {
      const secrets = { client_jwt: jwt, client_seed: seed };
      return (current = bothWays({ config: url, secrets }));
    },
  );

  screen.step("The same with JWT and seed in plain link config");
  const plain = bothWays({ config: { ...url, ...pair } });
  const plaintext = await plainConfig(stage, current, plain);

  screen.step("The same with credentials_policy=require-secrets");
  const strict = bothWays({
    config: { ...url, ...pair, credentials_policy: "require-secrets" },
  });
  const refused = await refusal(stage, plain, strict);
  return { servers, provider, secrets, rotation, plaintext, refused };
}

function customerOf(
  server: NatsServer,
  { jwt, seed }: TestUser,
): Promise<NatsConnection> {
  return connect({
    servers: server.url,
    name: "customer",
    authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
  });
}
