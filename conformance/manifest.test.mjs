// An application's manifest, deployed by wasmCloud's own wadm and wash in a real host: with our archive,
// and with the Rust provider's in its place.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import {
  findServerBinary,
  ManagedChild,
  natsServer,
  until,
} from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";
import { cargoBuild, rustProvider } from "../scripts/lib/cargo.mjs";
import { answers, providersOf, Workshop } from "./host/site.mjs";
import { buildWash, typeWash } from "./host/wash.mjs";
import { WasmcloudHost } from "./host/wasmcloud-host.mjs";

/** Of the lattice, and of providers that are told no other. */
const defaultPort = 4222;

const portFree = await new Promise((resolve) => {
  const probe = createServer();
  probe.once("error", () => resolve(false));
  probe.listen(defaultPort, "127.0.0.1", () =>
    probe.close(() => resolve(true)),
  );
});
// wadm sources a stream with other subjects, which servers do since 2.10.
const [major, minor] = findServerBinary().version.split(".").map(Number);
const tooOld = major === 2 && minor < 10;
const skip =
  (!portFree && `port ${defaultPort}, the default one, is in use`) ||
  (tooOld && "wadm needs nats-server 2.10: name one in KEYTURN_NATS_SERVER");

let shop;
let wash;
let wadm;
before(async () => {
  if (skip) return;
  shop = await Workshop.open();
  wash = await buildWash();
  wadm =
    process.env.KEYTURN_WADM ??
    (await cargoBuild("conformance/wadm", "keyturn-conformance-wadm"));
});
after(() => shop?.close());

const deployments = 10;

const archives = {
  Keyturn: () => shop.archive(),
  Rust: async () => shop.archive("rust", await rustProvider()),
};

for (const [name, archive] of Object.entries(archives))
  describe(`with the archive of ${name}`, { skip }, () => {
    let server;
    let client;
    let host;
    let manager;
    before(async () => {
      const config = { listen: `127.0.0.1:${defaultPort}` };
      server = await natsServer({ jetstream: true, config });
      client = await connect({ servers: server.url });
      manager = await ManagedChild.start({
        command: wadm,
        args: [server.url],
        env: { RUST_LOG: process.env.KEYTURN_HOST_LOG ?? "warn" },
      });
      await until("wadm", 30_000, () => {
        if (!manager.running) throw new Error(manager.stderr.text());
        return manager.stdout.text().includes("started");
      });
      host = await WasmcloudHost.start(shop.host, { server });
    });
    after(async () => {
      await host?.[Symbol.asyncDispose]();
      await manager?.stop();
      await client?.close();
      await server?.stop();
    });

    const type = (...args) => typeWash(wash, shop.at("."), host, ...args);

    /** Types `wash app deploy` of a manifest with our component, our archive, and edits of its text. */
    async function deploy(file, edits = {}) {
      const source = new URL(`host/manifests/${file}`, import.meta.url);
      let text = readFileSync(source, "utf8");
      const images = {
        COMPONENT: shop.component("echo"),
        PROVIDER: await archive(),
      };
      for (const [from, to] of Object.entries({ ...images, ...edits })) {
        assert.ok(text.includes(from), from);
        text = text.replaceAll(from, to);
      }
      writeFileSync(shop.at(file), text);
      await type("app", "deploy", shop.at(file));
    }

    const served = (subject, ms = 60_000) =>
      answers(client, subject, ms).catch((error) => {
        throw new Error(
          `${error.message}\n${host.log}\n${manager.stderr.text()}`,
        );
      });

    async function undeploy() {
      await type("app", "delete", "echo-messaging");
      await until("no provider", 60_000, () => providersOf(host).length === 0);
      await until("no links", 60_000, async () => {
        const links = await host.control("link.get");
        return links.length === 0;
      });
    }

    if (name === "Keyturn") {
      for (const file of ["echo.yaml", "echo-older.yaml"])
        test(`${file} is deployed, answers, and is taken away`, async () => {
          await deploy(file);
          await served("wasmcloud.echo");
          await undeploy();
          await assert.rejects(
            client.request("wasmcloud.echo", "hello", { timeout: 1000 }),
          );
        });

      test("a newer version of it takes over", async () => {
        await deploy("echo.yaml");
        await served("wasmcloud.echo");
        const edits = {
          "v0.0.1": "v0.0.2",
          "simple-subscription": "other-subscription",
          "wasmcloud.echo": "wasmcloud.other",
        };
        await deploy("echo.yaml", edits);
        await served("wasmcloud.other");
        await undeploy();
      });
    }

    test("answers however often it is deployed", async (t) => {
      let answered = 0;
      for (let i = 0; i < deployments; i++) {
        await deploy("echo.yaml");
        const one = answers(client, "wasmcloud.echo", 10_000);
        answered += await one.then(
          () => 1,
          () => 0,
        );
        await undeploy();
      }
      t.diagnostic(`${answered} of ${deployments} deployments answered`);
      // wadm puts links while it has the provider started: the Rust provider loses one now and then.
      if (name === "Keyturn") assert.equal(answered, deployments);
    });
  });
