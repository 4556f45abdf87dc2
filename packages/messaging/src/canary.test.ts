// Secrets in every place where one can come from, every error there is, and no secret anywhere: not in
// what the executable prints, not in health, not in an error or event, not on the wire outside CONNECT.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { jwtAuthenticator } from "@nats-io/nats-core";

import { startProvider, type ProviderContext } from "@keyturn/provider";
import {
  HostDouble,
  hostDataLine,
  natsServer,
  tcpFaultProxy,
  until,
  type HostDoubleOptions,
  type LinkOptions,
  type NatsServer,
  type TcpFaultProxy,
  type TestUser,
} from "@keyturn/testkit";

import { messagingProvider } from "./messaging-provider.js";
import { Canaries, pair } from "./testing/canaries.test.js";
import { MessagingLab, within } from "./testing/messaging-lab.test.js";

const program = fileURLToPath(new URL("main.js", import.meta.url));
const command = [process.execPath, program] as const;
const channels = [
  "keyturn:nats",
  "keyturn:wrpc",
  "keyturn:provider",
  "keyturn:messaging",
  "keyturn:messaging:messages",
];

let lab: MessagingLab;
let lattice: NatsServer;
/** Between provider and lattice. */
let latticeProxy: TcpFaultProxy;
/** Between provider and the links' server. */
let backingProxy: TcpFaultProxy;
let canaries: Canaries;
let latticeUser: TestUser;
let hostOptions: HostDoubleOptions;
let good: Readonly<Record<string, LinkOptions>>;

before(async () => {
  lab = await MessagingLab.prepare();
  lattice = await natsServer({ config: await lab.operator.serverConfig() });
  latticeProxy = await tcpFaultProxy(lattice);
  backingProxy = await tcpFaultProxy(lab.backing, {
    recordBytes: 64 * 1024 * 1024,
  });
  canaries = new Canaries(lab, `127.0.0.1:${backingProxy.port}`);
  latticeUser = await canaries.user("lattice");
  good = await canaries.goodLinks();
  hostOptions = {
    lattice,
    providerId: "messaging",
    credential: latticeUser,
    config: await canaries.providerConfig(),
    secrets: await canaries.providerSecrets(),
    override: { lattice_rpc_url: latticeProxy.url },
    links: Object.values(good),
  };
});
after(async () => {
  await latticeProxy.close();
  await backingProxy.close();
  await lattice.stop();
  await lab[Symbol.asyncDispose]();
});

/** A host that has given the provider a curve key, which must not be seen. */
async function startHost(
  options: Partial<HostDoubleOptions>,
): Promise<HostDouble> {
  const host = await HostDouble.start({ ...hostOptions, ...options });
  const xkey = Buffer.from(host.keys.provider.getSeed()).toString();
  canaries.scanner.add("xkey", xkey);
  return host;
}

/** Makes everything happen. `told` is all that was said so far. */
async function provoke(
  host: HostDouble,
  told: () => string,
): Promise<string[]> {
  const isTold = (what: string, text: string): Promise<unknown> =>
    until(`${what} in what is told`, within, () => told().includes(text));
  for (const name of Object.keys(good)) {
    await isTold(
      name,
      `component ${name}, link default (wasmcloud:messaging) is up`,
    );
  }
  const bad = await canaries.badLinks((text) => host.seal(text));
  for (const link of Object.values(bad)) await host.putLink(link);
  for (const [subject, payload] of await canaries.badMessages(host))
    host.connection.publish(subject, payload);
  for (const name of Object.keys(bad)) {
    await isTold(
      name,
      `component ${name}, link default (wasmcloud:messaging) `,
    );
  }
  await rotate(host, isTold);
  await deliver(host, isTold);
  const healths: string[] = [];
  // In the order in which health shows the first few of them, so that it shows each once.
  const inOrder = Object.entries(bad).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [, link] of inOrder) {
    healths.push(JSON.stringify(await host.health()));
    await host.deleteLink(link);
  }
  return healths;
}

/** The credential of a link that works changes: to a good one, to one that the server refuses. */
async function rotate(
  host: HostDouble,
  isTold: (what: string, text: string) => Promise<unknown>,
): Promise<void> {
  const link = good["text"] as LinkOptions;
  const next = await canaries.user(`next ${host.keys.hostId}`);
  await host.putLink({ ...link, sourceSecrets: pair(next) });
  await isTold(
    "a rotation",
    "component text, link default (wasmcloud:messaging) was changed",
  );
  await host.putLink({
    ...link,
    sourceSecrets: { token: canaries.scanner.add("refused token") },
  });
  await isTold(
    "a refused rotation",
    "component text, link default (wasmcloud:messaging) failed",
  );
}

/** A message with a secret body for a component that answers with an error, and one for nobody. */
async function deliver(
  host: HostDouble,
  isTold: (what: string, text: string) => Promise<unknown>,
): Promise<void> {
  const body = canaries.scanner.add("body");
  const component = await lab.component({
    id: "plain",
    lattice,
    connection: {
      authenticator: jwtAuthenticator(
        latticeUser.jwt,
        new TextEncoder().encode(latticeUser.seed),
      ),
    },
    handle: () => "It did not work.",
  });
  const outside = await lab.client();
  outside.publish("to.plain", body);
  outside.publish("to.bytes", body);
  await isTold("an error", "It did not work.");
  await isTold("a message for nobody", "Unable to send message");
  await component.close();
  await host.health();
}

/** All that a connection has sent but its CONNECT lines. */
function withoutConnect(proxy: TcpFaultProxy): string {
  const sent = proxy.recorded("toServer").toString("latin1");
  assert.match(sent, /^CONNECT \{.*"(jwt|auth_token|pass)":/m);
  return sent.replaceAll(/^CONNECT \{.*\r$/gm, "CONNECT");
}

const logs = [
  ["info", false],
  ["debug", true],
  ["trace", false],
  ["trace", true],
] as const;
for (const [logLevel, structuredLogging] of logs)
  test(`the executable at level ${logLevel}${structuredLogging ? ", structured" : ""}`, async () => {
    await using host = await startHost({
      provider: command,
      logLevel,
      structuredLogging,
    });
    await host.waitHealthy(within);
    const healths = await provoke(host, () => host.stderr.text());
    await host.shutdown({ delayMs: 2000 });
    const stderr = host.stderr.text();
    assert.equal(host.stderr.dropped, 0);
    assert.match(stderr, /CREDENTIAL_PAIR_MISMATCH/);
    assert.ok(healths.some((text) => text.includes("do not belong together")));
    assert.equal(host.stdout.text(), "");
    canaries.scanner.assertNone({ stderr, health: healths.join("\n") });
  });

describe("in this process", () => {
  test("no event and no error has a secret in it", async () => {
    const events: unknown[] = [];
    const onEvent = (event: unknown): void => void events.push(event);
    for (const name of channels) subscribe(name, onEvent);
    const messages = (): string =>
      events.map((event) => (event as { message: string }).message).join("\n");
    await using host = await startHost({});
    const definition = messagingProvider();
    const given: ProviderContext[] = [];
    await using provider = await startProvider(
      {
        ...definition,
        create: (context) => {
          given.push(context);
          return definition.create(context);
        },
      },
      host.hostDataBytes(),
    );
    const healths = await provoke(host, messages);
    // While nothing is wiped yet.
    canaries.scanner.assertNone({ given, provider }, ["unknown key"]);
    await provider.stop();
    for (const name of channels) unsubscribe(name, onEvent);
    const errors = errorsOf(events);
    assert.ok(errors.length > 40, `${errors.length} different errors`);
    canaries.scanner.assertNone({
      events,
      errors: new AggregateError(errors),
      health: healths.join("\n"),
    });
  });

  test("no error that ends the start has a secret in it", async () => {
    await using host = await startHost({});
    const whole = host.hostData();
    const text = JSON.stringify(whole);
    const bad = [
      ...[0.2, 0.4, 0.6, 0.8, 0.99].map((share) =>
        text.slice(0, text.length * share),
      ),
      ...Object.entries(whole).map(([field, value]) =>
        JSON.stringify({ ...whole, [field]: [[value]] }),
      ),
      JSON.stringify({ ...whole, lattice_rpc_user_jwt: latticeUser.seed }),
      JSON.stringify({ ...whole, lattice_rpc_user_jwt: "" }),
      JSON.stringify({ ...whole, provider_xkey_private_key: latticeUser.seed }),
      JSON.stringify({ ...whole, host_xkey_public_key: "" }),
      JSON.stringify({ ...whole, lattice_rpc_url: "127.0.0.1:1" }),
    ];
    const errors: Error[] = [];
    for (const json of bad) {
      const starting = startProvider(messagingProvider(), Buffer.from(json));
      await starting.then(
        (provider) => provider.stop(),
        (error: Error) => errors.push(error),
      );
    }
    assert.ok(errors.length > 15, `${errors.length} errors`);
    canaries.scanner.assertNone({ errors: new AggregateError(errors) });
  });

  test("the executable prints none when it cannot start", async () => {
    await using good = await startHost({});
    const line = hostDataLine(good.hostData());
    for (const input of [line.slice(0, line.length / 2), `"${line}`]) {
      await using host = await startHost({ provider: command, input });
      assert.equal((await host.ended).code, 1);
      const stderr = host.stderr.text();
      assert.match(stderr, /PROVIDER_HOST_DATA_INVALID/);
      canaries.scanner.assertNone({ stderr, stdout: host.stdout.text() });
    }
  });
});

/** The errors of events, one of each text. */
function errorsOf(events: readonly unknown[]): Error[] {
  const byText = new Map<string, Error>();
  for (const event of events) {
    const { error } = event as { error?: unknown };
    if (error instanceof Error) byText.set(error.message, error);
  }
  return [...byText.values()];
}

test("the wire: nothing but CONNECT has a credential in it", () => {
  canaries.scanner.assertNone(
    {
      backing: withoutConnect(backingProxy),
      lattice: withoutConnect(latticeProxy),
    },
    ["body"],
  );
});
