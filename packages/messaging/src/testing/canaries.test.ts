// Secrets in every place where one can come from, each known to a scanner, in links that work and in
// links that fail in every way there is.
import { createAccount, createCurve } from "@nats-io/nkeys";

import {
  badCredentials,
  CanaryScanner,
  makeTlsAuthority,
  type HostDouble,
  type LinkOptions,
  type LinkSecrets,
  type SecretValues,
  type TestUser,
} from "@keyturn/testkit";

import type { MessagingLab } from "./messaging-lab.test.js";

/** Secrets, and a host's words that are full of them. */
export class Canaries {
  readonly scanner = new CanaryScanner();
  readonly #lab: MessagingLab;
  /** Address of the links' server. */
  readonly #server: string;

  constructor(lab: MessagingLab, server: string) {
    this.#lab = lab;
    this.#server = server;
  }

  /** A user whose JWT and seed must not be seen. */
  async user(name: string): Promise<TestUser> {
    return this.#know(name, await this.#lab.account.user(name));
  }

  #know(name: string, user: TestUser): TestUser {
    this.scanner.add(`JWT of ${name}`, user.jwt);
    this.scanner.add(`seed of ${name}`, user.seed);
    return user;
  }

  /** Links that work, by component. */
  async goodLinks(): Promise<Readonly<Record<string, LinkOptions>>> {
    const [text, bytes, plain, creds] = (await Promise.all(
      ["text", "bytes", "plain", "creds"].map((name) => this.user(name)),
    )) as [TestUser, TestUser, TestUser, TestUser];
    return {
      text: this.#handler("text", {}, pair(text)),
      bytes: this.#handler("bytes", {}, asBytes(pair(bytes))),
      plain: this.#handler("plain", pair(plain)),
      creds: this.#handler(
        "creds",
        { password: this.scanner.add("unused password") },
        { client_creds: creds.creds },
      ),
      // With what the provider has.
      bare: this.#handler("bare", {}),
    };
  }

  /** Links that fail, by component. */
  async badLinks(
    seal: (text: string) => Uint8Array,
  ): Promise<Readonly<Record<string, LinkOptions>>> {
    const links: Record<string, LinkOptions> = {};
    const add = (
      name: string,
      config: Readonly<Record<string, string>>,
      secrets?: LinkSecrets,
    ): void => {
      links[name] = this.#handler(name, config, secrets);
    };
    const word = (name: string): string => this.scanner.add(name);
    const half = await this.user("half");
    const split = await this.user("split");
    const two = await this.user("two");
    add("half-jwt", {}, { client_jwt: half.jwt });
    add("half-seed", { client_seed: half.seed });
    add("split", { client_seed: split.seed }, { client_jwt: split.jwt });
    add("mixed", pair({ jwt: half.jwt, seed: split.seed }));
    add("two-kinds", { client_creds: two.creds, token: word("second kind") });
    add("strict", { ...pair(two), credentials_policy: "require-secrets" });

    const bad = await badCredentials(this.#lab.operator, this.#lab.account);
    for (const [fault, user] of Object.entries(bad)) {
      if (fault === "garbage") this.scanner.add("seed of garbage", user.seed);
      else this.#know(fault, user);
      add(fault.toLowerCase(), {}, pair(user));
      add(`creds-${fault.toLowerCase()}`, { client_creds: user.creds });
    }
    add("swapped", pair({ jwt: two.seed, seed: two.jwt }));
    add("cut-seed", {}, pair({ jwt: two.jwt, seed: two.seed.slice(0, -1) }));
    add("cut-creds", {}, { client_creds: two.creds.slice(0, -40) });
    add("seed-as-creds", { client_creds: two.seed });
    for (const [kind, key] of [
      ["account", createAccount()],
      ["curve", createCurve()],
    ] as const) {
      const seed = this.scanner.add(
        `${kind} seed`,
        Buffer.from(key.getSeed()).toString(),
      );
      add(`${kind}-seed`, {}, pair({ jwt: two.jwt, seed }));
      add(`${kind}-nkey`, { nkey_seed: seed });
    }

    // The server, which wants JWTs, refuses these.
    add("nkey", {}, { nkey_seed: (await this.user("nkey")).seed });
    add("password", { user: "ada" }, asBytes({ password: word("password") }));
    add("plain-password", { user: "ada", password: word("plain password") });
    add("token", {}, { token: word("token") });
    const address = (secret: string): string =>
      `nats://ada:${encodeURIComponent(secret)}@${this.#server}`;
    add("address", { cluster_uris: address(word("address")) });
    add(
      "address-secret",
      {},
      { cluster_uris: address(word("sealed address")) },
    );
    add("address-token", {
      cluster_uris: `nats://${encodeURIComponent(word("address token"))}@${this.#server}`,
    });
    add("address-port", { cluster_uris: `${address(word("bad port"))}:x` });
    add("address-raw", {
      cluster_uris: `nats://ada:${word("raw address")}@${this.#server}`,
    });
    add("address-comma", {
      cluster_uris: `nats://ada:x,${word("cut address")}@${this.#server}`,
    });
    add("address-scheme", {
      cluster_uris: address(word("http")).replace("nats", "http"),
    });
    add("address-two", {
      cluster_uris: `${address(word("one"))},${address(word("other"))}`,
    });

    const authority = makeTlsAuthority();
    const key = (name: string): string =>
      this.scanner.add(`key of ${name}`, authority.client(name).key);
    const tls_cert = authority.client("cert").certificate;
    add("tls-key", {}, { tls_key: key("nobody") });
    add("tls-other-key", { tls_cert, tls_key: key("another") });
    add("tls-no-key", { tls_cert }, { tls_key: word("no key") });
    add("tls-ca", { tls_ca: key("ca") });
    const own = authority.client("own");
    add("tls-refused", {
      tls_cert: own.certificate,
      tls_key: this.scanner.add("own key", own.key),
    });
    add(
      "no-text",
      {},
      {
        user: "ada",
        password: Buffer.from([0xff, ...Buffer.from(word("no text"))]),
      },
    );

    // In the wrong place.
    for (const wrong of [
      "concurrency",
      "max_waiting",
      "order_by_subject",
      "tls_server_name",
      "credentials_policy",
      "consumers",
    ])
      add(wrong, { [wrong]: word(wrong) });
    add("consumers-list", { consumers: JSON.stringify([word("consumer")]) });

    add("seal-text", {}, seal(word("sealed text")));
    add("seal-flat", {}, seal(JSON.stringify({ token: word("sealed flat") })));
    add("seal-cut", {}, seal(`{"token":{"kind":"String","value":"${two.seed}`));
    return links;
  }

  /** Config of a provider that works. */
  async providerConfig(): Promise<Readonly<Record<string, string>>> {
    const seed = (await this.user("provider nkey")).seed;
    return {
      nkey_seed: seed,
      CLIENT_SEED: (await this.user("upper")).seed,
      my_password: this.scanner.add("unknown key"),
    };
  }

  /** Secrets of a provider. */
  async providerSecrets(): Promise<SecretValues> {
    const { creds } = await this.user("provider");
    const unknown = this.scanner.add("unknown secret");
    return { ...asBytes({ client_creds: creds }), tokn: unknown };
  }

  /** Messages for control subjects that no provider can read. */
  async badMessages(
    host: HostDouble,
  ): Promise<readonly (readonly [string, string])[]> {
    const { seed } = await this.user("message");
    const { linkPut, configUpdate, shutdown, linkDelete } = host.subjects;
    const link = { source_id: "messaging", target: "x", name: "n" };
    const put = JSON.stringify({
      ...link,
      source_config: { client_seed: seed },
    });
    return [
      [linkPut, put.slice(0, -4)],
      [
        linkPut,
        JSON.stringify({ ...link, source_config: { client_seed: [seed] } }),
      ],
      [linkPut, JSON.stringify({ ...link, source_config: seed })],
      [linkPut, JSON.stringify({ ...link, source_id: seed })],
      [linkPut, JSON.stringify({ ...link, source_secrets: seed })],
      [linkPut, seed],
      [linkDelete("messaging"), seed],
      [configUpdate, `{"client_seed":"${seed}`],
      [configUpdate, JSON.stringify({ client_seed: { seed } })],
      [configUpdate, JSON.stringify({ client_seed: seed })],
      [shutdown, JSON.stringify({ host_id: [seed] })],
    ];
  }

  #handler(
    component: string,
    config: Readonly<Record<string, string>>,
    secrets?: LinkSecrets,
  ): LinkOptions {
    return {
      source: "messaging",
      target: component,
      interfaces: ["handler"],
      sourceConfig: {
        cluster_uris: this.#server,
        subscriptions: `to.${component}`,
        ...config,
      },
      ...(secrets !== undefined && { sourceSecrets: secrets }),
    };
  }
}

/** JWT and seed by their keys. */
export function pair(user: { jwt: string; seed: string }) {
  return { client_jwt: user.jwt, client_seed: user.seed };
}

function asBytes(
  values: Readonly<Record<string, string>>,
): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]),
  );
}
