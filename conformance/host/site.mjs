// What the suites with a real host share: programs that are built once, archives, and a site to run them in.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { natsServer, until } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";
import { root } from "../../scripts/lib/workspace.mjs";
import { buildHost } from "./build-host.mjs";
import { buildComponents } from "./components.mjs";
import { WasmcloudHost } from "./wasmcloud-host.mjs";

const target = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
const executable = join(root, "dist/exe", `keyturn-messaging-${target}`);

/** Why there is no archive of the single executable; `false` if there can be one. */
export const noExecutable = existsSync(executable)
  ? false
  : "not built: npm run build:exe";

/** The host and the components, and archives in a folder that goes with it. */
export class Workshop {
  /** Path of the host. */
  host;
  #component;
  #folder = mkdtempSync(join(tmpdir(), "keyturn-conformance-"));

  static async open() {
    const shop = new Workshop();
    shop.host = await buildHost();
    shop.#component = await buildComponents();
    shop.#keyturn("keygen", "issuer", shop.at("issuer.nk"));
    return shop;
  }

  at(name) {
    return join(this.#folder, name);
  }

  #keyturn(...args) {
    const cli = join(root, "packages/cli/dist/main.js");
    execFileSync(process.execPath, [cli, "par", ...args]);
  }

  /** Reference of a component of the suite. */
  component(name) {
    return `file://${this.#component(name)}`;
  }

  /**
   * Path of an archive, made at first.
   *
   * @param {string} form `script`, `executable`, or the name of an archive with `binary`
   * @param {string} [binary] any other executable, for this machine
   */
  path(
    form = "script",
    binary = form === "executable" ? executable : undefined,
  ) {
    const path = this.at(`${form}.par.gz`);
    if (existsSync(path)) return path;
    const provider = this.at(`${form}.nk`);
    this.#keyturn("keygen", "provider", provider);
    const keys = ["--issuer", this.at("issuer.nk"), "--provider", provider];
    const from =
      binary === undefined ? [] : ["--binary", `${target}=${binary}`];
    this.#keyturn("create", "--out", path, ...from, ...keys);
    return path;
  }

  /** Reference of an archive. */
  archive(form, binary) {
    return `file://${this.path(form, binary)}`;
  }

  close() {
    rmSync(this.#folder, { recursive: true });
  }
}

/** A host, a messaging server beside its lattice, and a client there. */
export class Site {
  /**
   * @param {Workshop} shop
   * @param {object} [options] of the host
   */
  static async start(shop, options) {
    const site = new Site();
    site.shop = shop;
    site.backing = await natsServer();
    site.client = await connect({
      servers: site.backing.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    site.host = await WasmcloudHost.start(shop.host, options);
    return site;
  }

  /** Config of links, by name; each with the messaging server. */
  async configs(configs) {
    for (const [name, config] of Object.entries(configs))
      await this.host.putConfig(name, {
        cluster_uris: this.backing.url,
        ...config,
      });
  }

  /**
   * Both ways, as most components are linked. A host takes one link of a name from a provider; those
   * of components have the name that they call by when they say none.
   */
  async link(component, config, name = "default") {
    const ends = { component, provider: "messaging" };
    await this.host.handlerLink({ ...ends, name, config: [config] });
    await this.host.consumerLink({ ...ends, config: ["out"] });
  }

  /**
   * The provider `messaging` and the component `echo`, which answers on the subject `echo`; `config` is
   * further config of the link by which it gets messages.
   */
  async serveEcho(archive = this.shop.archive(), config = {}) {
    const subscriptions = "echo|workers";
    await this.configs({ in: { subscriptions, ...config }, out: {} });
    await this.host.scale("echo", this.shop.component("echo"), 10);
    // Before the provider: a link that is put while one starts is sent to nobody, and not again.
    await this.link("echo", "in");
    await this.host.startProvider("messaging", archive);
    await this.answers("echo");
  }

  async ask(subject, text, timeout = 5000) {
    return (await this.client.request(subject, text, { timeout })).string();
  }

  /** Waits until a request is answered; a message may come before the subscription stands. */
  async answers(subject, ms = 30_000) {
    await answers(this.client, subject, ms).catch((error) => {
      throw new Error(`${error.message}\n${this.host.log}`, { cause: error });
    });
  }

  async [Symbol.asyncDispose]() {
    await this.host?.[Symbol.asyncDispose]();
    await this.client?.close();
    await this.backing?.stop();
  }
}

/** Waits until a client's requests are answered. */
export const answers = (client, subject, ms) =>
  until(`an answer on ${subject}`, ms, () =>
    client.request(subject, "hello", { timeout: 1000 }).then(
      (answer) => answer.string() === "hello",
      () => false,
    ),
  );

/** Processes that a host has started: providers. */
export function providersOf(host) {
  const found = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, "latin1");
      const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
      if (parent === host.process.pid) found.push(Number(name));
    } catch {
      // It has ended since.
    }
  }
  return found;
}

/** Ends it with the test. */
export async function during(t, starting) {
  const started = await starting;
  t.after(() => started[Symbol.asyncDispose]());
  return started;
}
