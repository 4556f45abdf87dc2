// wasmCloud's own `wash` 0.43 on our archive, and what an operator types to run it with secrets: in a
// real host, with the stock secrets backend and with ours.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import {
  makeOperator,
  ManagedChild,
  natsServer,
  until,
} from "@keyturn/testkit";
import { credsAuthenticator } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { cargoInstall } from "../scripts/lib/cargo.mjs";
import { root } from "../scripts/lib/workspace.mjs";
import { buildHost } from "./host/build-host.mjs";
import { buildComponents } from "./host/components.mjs";
import { buildWash, typeWash } from "./host/wash.mjs";
import { WasmcloudHost } from "./host/wasmcloud-host.mjs";

const run = promisify(execFile);
const cli = join(root, "packages/cli/dist/main.js");

let wash;
let stock;
let program;
let component;
let folder;
const at = (name) => join(folder, name);
const keyturn = (...args) =>
  execFileSync(process.execPath, [cli, ...args], { encoding: "utf8" });

before(async () => {
  wash = await buildWash();
  stock = await cargoInstall("secrets-nats-kv", "0.2.0", "secrets-nats-kv");
  program = await buildHost();
  component = await buildComponents();
  folder = mkdtempSync(join(tmpdir(), "keyturn-wash-"));
  keyturn("par", "keygen", "issuer", at("issuer.nk"));
  keyturn("par", "keygen", "provider", at("provider.nk"));
  keyturn(
    "par",
    "create",
    "--out",
    at("messaging.par.gz"),
    "--issuer",
    at("issuer.nk"),
    "--provider",
    at("provider.nk"),
  );
});
after(() => folder && rmSync(folder, { recursive: true }));

const inspected = () =>
  JSON.parse(keyturn("par", "inspect", at("messaging.par.gz"), "--json"));

/** Public keys of the users who are connected to a server. */
async function usersOf(server) {
  const { connections } = await server.monitor("connz?auth=1");
  return connections.map((each) => each.authorized_user);
}

test("wash reads the archive as `keyturn par inspect` does", async () => {
  const ours = inspected();
  const theirs = await typeWash(
    wash,
    folder,
    undefined,
    "inspect",
    at("messaging.par.gz"),
  );
  assert.deepEqual(
    {
      ...theirs,
      targets: theirs.targets.toSorted(),
    },
    {
      success: true,
      name: ours.name,
      vendor: ours.vendor,
      version: ours.version,
      revision: "None",
      issuer: ours.issuer,
      service: ours.subject,
      schema: ours.configSchema,
      targets: ours.targets.map(({ target }) => target).toSorted(),
    },
  );
});

/** Backends, by what the README of each says to type. */
const backends = {
  "the stock backend": async (host) => {
    for (const name of ["seal.key", "transit.key"])
      keyturn("secrets", "keygen", at(`stock-${name}`));
    const seed = (name) => readFileSync(at(`stock-${name}`), "latin1").trim();
    const env = {
      PATH: process.env.PATH,
      ENCRYPTION_XKEY_SEED: seed("seal.key"),
      TRANSIT_XKEY_SEED: seed("transit.key"),
    };
    const address = ["--nats-address", new URL(host.server.url).host];
    const child = await ManagedChild.start({
      command: stock,
      args: ["run", ...address],
      env,
    });
    const put = (key, value) =>
      run(stock, ["put", key, "--string", value, ...address], { env });
    const entity = inspected().subject;
    return {
      put,
      allow: (...keys) => {
        const secrets = keys.map((key) => `--secret=${key}`);
        const args = ["add-mapping", entity, ...secrets, ...address];
        return run(stock, args, { env });
      },
      [Symbol.asyncDispose]: () => child.stop(),
    };
  },
  "keyturn secrets serve": async (host) => {
    for (const name of ["seal.key", "transit.key"])
      keyturn("secrets", "keygen", at(name));
    const { issuer, subject } = inspected();
    const rules = [{ entities: [subject], keys: ["nats/shop/*"] }];
    writeFileSync(
      at("policy.json"),
      JSON.stringify({ issuers: [issuer], hosts: [host.id], rules }),
    );
    const env = {
      PATH: process.env.PATH,
      NATS_URL: host.server.url,
      KEYTURN_SEAL_KEY_FILE: at("seal.key"),
      KEYTURN_TRANSIT_KEY_FILE: at("transit.key"),
    };
    const args = [cli, "secrets", "serve", "--policy", at("policy.json")];
    const child = await ManagedChild.start({
      command: process.execPath,
      args,
      env,
    });
    return {
      put: async (key, value) => {
        execFileSync(process.execPath, [cli, "secrets", "put", key], {
          env,
          input: value,
          stdio: ["pipe", "pipe", "inherit"],
        });
      },
      allow: async () => undefined,
      audit: () => child.stdout.text(),
      [Symbol.asyncDispose]: () => child.stop(),
    };
  },
};

for (const [name, start] of Object.entries(backends))
  describe(`a host that has its secrets from ${name}`, () => {
    let backing;
    let client;
    let host;
    let backend;
    let first;
    let second;
    const type = (...args) => typeWash(wash, folder, host, ...args);

    before(async () => {
      const operator = await makeOperator();
      const account = await operator.account("SHOP");
      first = await account.user("shop-1");
      second = await account.user("shop-2");
      backing = await natsServer({ config: await operator.serverConfig() });
      const { creds } = await account.user("client");
      client = await connect({
        servers: backing.url,
        authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
      });
      host = await WasmcloudHost.start(program, {
        secretsTopic: "wasmcloud.secrets",
      });
      backend = await start(host);
    });
    after(async () => {
      await host?.[Symbol.asyncDispose]();
      await backend?.[Symbol.asyncDispose]();
      await client?.close();
      await backing?.stop();
    });

    const answers = (text) =>
      until(`an answer to ${text}`, 20_000, () =>
        client.request("shop.echo", text, { timeout: 1000 }).then(
          (answer) => answer.string() === text,
          () => false,
        ),
      ).catch((error) => {
        throw new Error(`${error.message}\n${host.log}`);
      });
    const putUser = async (user) => {
      await backend.put("nats/shop/jwt", user.jwt);
      await backend.put("nats/shop/seed", user.seed);
    };
    const links = async (verb) => {
      const wit = ["wasmcloud", "messaging"];
      const options = (side, ...configs) =>
        [...configs, "SECRET_client_jwt", "SECRET_client_seed"].flatMap(
          (config) => [`--${side}-config`, config],
        );
      if (verb === "del") {
        await type("link", "del", "messaging", ...wit);
        await type("link", "del", "echo", ...wit);
        return;
      }
      await type(
        "link",
        "put",
        "messaging",
        "echo",
        ...wit,
        "--interface",
        "handler",
        ...options("source", "nats", "orders"),
      );
      await type(
        "link",
        "put",
        "echo",
        "messaging",
        ...wit,
        "--interface",
        "consumer",
        ...options("target", "nats"),
      );
    };

    test("a component answers as a user whose JWT and seed are secrets", async () => {
      await putUser(first);
      await backend.allow("nats/shop/jwt", "nats/shop/seed");
      const archive = `file://${at("messaging.par.gz")}`;
      const policy = "credentials_policy=require-secrets";
      await type(
        "config",
        "put",
        "nats",
        `cluster_uris=${backing.url}`,
        policy,
      );
      await type("config", "put", "orders", "subscriptions=shop.echo");
      for (const half of ["jwt", "seed"])
        await type(
          "secrets",
          "put",
          `client_${half}`,
          "nats-kv",
          `nats/shop/${half}`,
        );
      await type("start", "provider", archive, "messaging");
      await type("start", "component", `file://${component("echo")}`, "echo");
      await links("put");
      await answers("hello");
      assert.doesNotMatch(host.log, /PLAINTEXT/);
    });

    test("another user takes over when the links are put anew", async () => {
      await putUser(second);
      await links("del");
      await links("put");
      await answers("hello again");
      const users = await usersOf(backing);
      assert.ok(users.includes(second.publicKey), users.join());
      assert.ok(!users.includes(first.publicKey), users.join());
    });

    test("no secret is in a log", () => {
      for (const { seed } of [first, second]) {
        assert.ok(!host.log.includes(seed));
        assert.ok(!backend.audit?.().includes(seed));
      }
    });

    test("the audit log has each read", (t) => {
      if (backend.audit === undefined) return t.skip("it has none");
      const reads = backend
        .audit()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line));
      const { issuer, subject } = inspected();
      for (const read of reads) {
        assert.deepEqual(
          [read.operation, read.allowed, read.host],
          ["get", true, host.id],
        );
        assert.deepEqual([read.entity, read.issuer], [subject, issuer]);
      }
      const versions = (key) =>
        reads.filter((read) => read.key === key).map((read) => read.version);
      // Two links, each put twice. Versions are counted by the bucket, over all keys.
      assert.deepEqual(versions("nats/shop/jwt"), ["1", "1", "3", "3"]);
      assert.deepEqual(versions("nats/shop/seed"), ["2", "2", "4", "4"]);
    });
  });
