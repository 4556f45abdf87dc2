// What an operator reads when something that was handed over cannot work: in health, and in the log of
// the real executable, word by word.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { createCurve } from "@nats-io/nkeys";

import {
  badCredentials,
  HostDouble,
  makeTlsAuthority,
  natsServer,
  type LinkOptions,
  type NatsServer,
} from "@keyturn/testkit";

import {
  MessagingLab,
  within,
  type LabLink,
} from "./testing/messaging-lab.test.js";

const program = fileURLToPath(new URL("main.js", import.meta.url));
const provider = [process.execPath, program] as const;

let lab: MessagingLab;
let host: HostDouble;
let tls: NatsServer;
const authority = makeTlsAuthority();

before(async () => {
  lab = await MessagingLab.prepare();
  tls = await natsServer({ tls: authority.server() });
  host = await HostDouble.start({
    lattice: lab.lattice,
    provider,
    providerId: "messaging",
  });
  await host.waitHealthy(within);
});
after(async () => {
  await host.close();
  await tls.stop();
  await lab[Symbol.asyncDispose]();
});

/** Puts a link, and gives health's words and the log's; then takes the link away. */
async function told(
  link: LinkOptions,
): Promise<{ health: string; log: string }> {
  const from = host.stderr.length;
  await host.putLink(link);
  const health = await host.waitUnhealthy(/./, within);
  const [, log = ""] = await host.stderr.waitFor(
    /ERROR keyturn_provider: (.*)\n/,
    within,
    from,
  );
  await host.deleteLink(link);
  await host.waitHealthy(within);
  return { health, log };
}

/** Asserts what is told of a link that failed. */
async function fails(
  { name = "default", ...link }: LabLink,
  code: string,
  reason: string,
): Promise<void> {
  const which = `component shop, link ${name} (wasmcloud:messaging)`;
  const { health, log } = await told(lab.handler("orders", { name, ...link }));
  assert.equal(health, `${which}: ${reason}`);
  const begin = `The link of ${which} failed: ${reason} type=link-failing code=${code} `;
  assert.equal(log.slice(0, begin.length), begin);
}

/** Asserts what is told of a link that could not even be read. */
async function isRefused(
  secrets: Uint8Array,
  code: string,
  reason: (link: string) => string,
): Promise<void> {
  const which = "component shop, link default (wasmcloud:messaging)";
  const { health, log } = await told(lab.handler("orders", { secrets }));
  assert.equal(health, reason(which));
  const begin = `The link of ${which} was refused: ${reason(which)} type=link-refused code=${code} `;
  assert.equal(log.slice(0, begin.length), begin);
}

describe("a link that cannot work says why", () => {
  const build = "failed to build connection config:";
  const connecting = "failed to connect to NATS:";

  test("half a pair, the other half elsewhere", () =>
    fails(
      {
        secrets: { client_jwt: lab.user.jwt },
        config: { client_seed: lab.user.seed },
      },
      "MESSAGING_CREDENTIAL_INCOMPLETE",
      `${build} There is \`client_jwt\` without \`client_seed\` in the link secrets (\`client_seed\` is in the link config): if you specify jwt, you must also specify a seed. Put both of them into the same source.`,
    ));

  test("plain text where secrets are required; health has room for what to type", () =>
    fails(
      {
        secrets: {},
        config: { ...lab.pair(), credentials_policy: "require-secrets" },
      },
      "MESSAGING_PLAINTEXT_REFUSED",
      `${build} \`client_jwt\`, \`client_seed\` of the link config are in plain text, and \`credentials_policy\` is \`require-secrets\`. Store them in a secrets backend: \`wash secrets put client_jwt BACKEND KEY\`, \`wash secrets put client_seed BACKEND KEY\`; then refer to them: \`wash link put … --source-config SECRET_client_jwt --source-config SECRET_client_seed\`.`,
    ));

  test("JetStream", () =>
    fails(
      { config: { consumers: '[{"stream":"s","consumer":"c"}]' } },
      "MESSAGING_JETSTREAM_UNSUPPORTED",
      `${build} JetStream consumers not supported by this provider (key \`consumers\` of the link config). Remove the key \`consumers\` and use \`subscriptions\`.`,
    ));

  test("a subject that would be protocol: nothing of it reaches the server, or begins a line", async () => {
    const from = host.stderr.length;
    await fails(
      { config: { subscriptions: "a\r\nPUB canary 0\r\n\r\nSUB >" } },
      "MESSAGING_SUBJECT_INVALID",
      `${build} The subject "a\\r\\nPUB canary 0\\r\\n\\r\\nSUB >" in \`subscriptions\` of the link config cannot be used: it holds a control character. Use tokens without blanks, separated by single dots.`,
    );
    for (const line of host.stderr.text(from).trim().split("\n"))
      assert.match(line, /^\d{4}-\S+Z +(ERROR|INFO) keyturn_/);
  });

  test("credentials: expired, too long, unknown to the server, none", async () => {
    const bad = await badCredentials(lab.operator, lab.account);
    const from = "link secrets (`client_jwt`, `client_seed`)";
    const { health } = await told(
      lab.handler("orders", { secrets: lab.pair(bad.expired) }),
    );
    assert.match(
      health,
      /^component shop, link default \(wasmcloud:messaging\): failed to build connection config: The user JWT from link secrets \(`client_jwt`, `client_seed`\) expired at \d{4}-\S+Z\. Issue a new one and put it at the same source\.$/,
    );
    const { log, health: long } = await told(
      lab.handler("orders", { secrets: lab.pair(bad.longJwt) }),
    );
    assert.match(
      long,
      /failed to connect to NATS: The credential from link secrets \(`client_jwt`, `client_seed`\) does not fit into a server's control line: CONNECT has \d{4} bytes with it, of 4096\. Shorten its permissions: a scoped signing key keeps them in the account\.$/,
    );
    assert.match(log, /code=CREDENTIAL_JWT_TOO_LONG /);
    const at = `The NATS server at 127.0.0.1:${lab.backing.port}`;
    const { publicKey } = bad.unknownAccount;
    const { health: unknown } = await told(
      lab.handler("orders", { secrets: lab.pair(bad.unknownAccount) }),
    );
    assert.equal(
      unknown.replace(/of account A\w{55}/, "of account A…"),
      `component shop, link default (wasmcloud:messaging): ${connecting} ${at} refused the credential ${publicKey} of account A…, from ${from}: Authorization Violation. Check with the server's log whether the user is revoked, unknown to this operator, or limited to other addresses.`,
    );
    await fails(
      { secrets: {} },
      "CONNECT_REFUSED",
      `${connecting} ${at} refused a connection without a credential: Authorization Violation. Give it a credential.`,
    );
  });

  test("servers: nobody there, a name that nobody has, another port", async () => {
    const check =
      "Check the address, and that the server is running: `nats server check connection`.";
    await fails(
      { config: { cluster_uris: "127.0.0.1:1" } },
      "CONNECT_UNREACHABLE",
      `${connecting} The NATS server at 127.0.0.1:1 could not be reached: nothing listens there: connection refused: connect ECONNREFUSED 127.0.0.1:1. ${check}`,
    );
    await fails(
      { config: { cluster_uris: "nats://nats:4222:7" } },
      "CONNECT_URL_INVALID",
      `${build} \`cluster_uris\` of the link config: Server address 1 (\`nats://nats:4222:7\`) cannot be used: it is not \`host:port\`. Write it as \`nats://host:port\` or \`tls://host:port\`.`,
    );
  });

  test("TLS: no CA, half a CA, a certificate without its key, another name, TLS first where it is not", async () => {
    const config = { cluster_uris: tls.url };
    const at = `The NATS server at 127.0.0.1:${tls.port}`;
    await fails(
      { secrets: {}, config },
      "CONNECT_TLS_FAILED",
      `${connecting} ${at} has a certificate of an authority that is not trusted here: unable to verify the first certificate. Add the certificate of that authority to the CA bundle.`,
    );
    const tls_ca = authority.certificate;
    await fails(
      { secrets: {}, config: { ...config, tls_ca: tls_ca.slice(0, 300) } },
      "CONNECT_TLS_INVALID",
      `${build} \`tls_ca\` of the link config: failed to read CA: Certificate 1 of 1 in the CA bundle cannot be read. Give certificates and keys as PEM text, each certificate whole.`,
    );
    const tls_cert = authority.client("ada").certificate;
    await fails(
      { secrets: {}, config: { ...config, tls_ca, tls_cert } },
      "MESSAGING_CREDENTIAL_INCOMPLETE",
      `${build} There is \`tls_cert\` in the link config, and \`tls_key\` is nowhere. Give both of them, the key best as a secret, or neither.`,
    );
    const { health } = await told(
      lab.handler("orders", {
        secrets: {},
        config: { ...config, tls_ca, tls_server_name: "other" },
      }),
    );
    assert.match(
      health,
      /has a certificate for another name: .*\. Write its address with a name that the certificate has, or give that name as the TLS server name\.$/,
    );
    const first = await told(
      lab.handler("orders", { config: { tls_first: "true" } }),
    );
    assert.match(
      first.health,
      /does not begin with TLS: .* Leave `tls_first` out, write `ws:\/\/` in place of `wss:\/\/`, or set TLS up at the server\.$/,
    );
  });

  test("seals: for another key, no seal, what is sealed is not JSON or not secrets", async () => {
    await isRefused(
      host.seal("{}", createCurve().getPublicKey()),
      "PROVIDER_SEAL_WRONG_KEY",
      (link) =>
        `The sealed secrets of ${link} (46 bytes) do not open with the keys of this host and provider. Restart the provider, so that host and provider share new keys and the host seals the secrets again.`,
    );
    await isRefused(
      Uint8Array.of(1, 2, 3),
      "PROVIDER_SEAL_MALFORMED",
      (link) =>
        `The sealed secrets of ${link} (3 bytes) have no valid seal: nkeys: encrypted input is not valid. Delete and put the link, so that the host seals its secrets again.`,
    );
    for (const [text, why] of [
      ["SUACANARY", "a value expected at byte 0"],
      [
        '{"client_seed":"SUACANARY"}',
        "`client_seed` must be an object, not a string",
      ],
    ] as const)
      await isRefused(
        host.seal(text),
        "PROVIDER_SECRETS_MALFORMED",
        (link) =>
          `The opened secrets of ${link} are malformed: ${why}. Check which host version sealed them; a wasmCloud 1.x host sends this form.`,
      );
  });

  test("a subscription that the user may not make", async () => {
    const user = await lab.account.user("narrow", {
      claims: { sub: { allow: ["_INBOX.>"] } },
    });
    const { health } = await told(
      lab.handler("orders", { secrets: lab.pair(user) }),
    );
    assert.equal(
      health,
      `component shop, link default (wasmcloud:messaging): ${connecting} The server refused the subscription to \`orders\`: Permissions Violation for Subscription to "orders". Let the user of this connection subscribe to it: \`nsc edit user --allow-sub\`.`,
    );
  });
});

describe("what works, but not as it was meant, is told once", () => {
  async function warnings(link: LinkOptions): Promise<string[]> {
    const from = host.stderr.length;
    await host.putLink(link);
    await host.stderr.waitFor(/ is up\./, within, from);
    await host.deleteLink(link);
    await host.stderr.waitFor(/ has ended:/, within, from);
    const lines = host.stderr
      .text(from)
      .matchAll(/WARN keyturn_messaging: (.*)/g);
    return [...lines].map(([, line = ""]) => line);
  }
  const which = (kind: string): string =>
    `The link of component shop, link ${kind} (wasmcloud:messaging)`;

  test("keys nobody knows, in upper case or misspelt, among secrets too; keys of the other kind of link", async () => {
    const fields = "component=shop link=default";
    assert.deepEqual(
      await warnings(
        lab.handler("", {
          config: { SUBSCRIPTIONS: "orders", publish_allow: "a" },
          secrets: { ...lab.pair(), client_sed: "x" },
        }),
      ),
      [
        `${which("default")}: It delivers messages and has no subscriptions. Set \`subscriptions\` in its source config. type=config-remark code=MESSAGING_NO_SUBSCRIPTIONS ${fields}`,
        `${which("default")}: The key \`SUBSCRIPTIONS\` of the link config is unknown and has no effect. Did you mean \`subscriptions\`? type=config-remark code=MESSAGING_CONFIG_UNKNOWN ${fields}`,
        `${which("default")}: The key \`publish_allow\` of the link config has no effect on a handler link. Move it to the link it is meant for, or remove it. type=config-remark code=MESSAGING_CONFIG_UNUSED ${fields}`,
        `${which("default")}: The key \`client_sed\` of the link secrets is unknown and has no effect. Did you mean \`client_seed\`? type=config-remark code=MESSAGING_CONFIG_UNKNOWN ${fields}`,
      ],
    );
  });

  test("many of them: the first twenty, and how many more", async () => {
    const config = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`zzz${i}zzzzzzzz`, "x"]),
    );
    const lines = await warnings(lab.handler("orders", { config }));
    assert.equal(lines.length, 21);
    assert.equal(
      lines[20],
      `${which("default")}: 30 more keys have no effect. Correct their names, or remove them. type=config-remark code=MESSAGING_CONFIG_UNKNOWN component=shop link=default`,
    );
  });

  test("plain text: once for a link and source", async () => {
    const link = lab.consumer({
      name: "plain",
      secrets: {},
      config: lab.pair(),
    });
    assert.deepEqual(await warnings(link), [
      `${which("plain")} uses \`client_jwt\`, \`client_seed\` in plain text from the link config: whoever may read config can read it. Store them in a secrets backend: \`wash secrets put client_jwt BACKEND KEY\`, \`wash secrets put client_seed BACKEND KEY\`; then refer to them: \`wash link put … --target-config SECRET_client_jwt --target-config SECRET_client_seed\`. type=plaintext-credential code=MESSAGING_PLAINTEXT_CREDENTIAL component=shop link=plain`,
    ]);
  });

  test("an interface that is not ours", async () => {
    const lines = await warnings({
      ...lab.handler("orders"),
      interfaces: ["incoming-handler"],
      package: "http",
    });
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? "",
      /: It asks for wasmcloud:http \[incoming-handler\], and this provider calls `handler` of wasmcloud:messaging\. Link `handler` of `wasmcloud:messaging` with the provider as source, or `consumer` with it as target\. /,
    );
  });
});
