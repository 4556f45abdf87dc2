// The provider in a real wasmCloud host 1.9, with real components.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { natsServer, until } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";
import { root } from "../scripts/lib/workspace.mjs";
import { buildHost } from "./host/build-host.mjs";
import { buildComponents } from "./host/components.mjs";
import { WasmcloudHost } from "./host/wasmcloud-host.mjs";

let folder;
let component;
let host;
let backing;
let client;
const at = (name) => join(folder, name);

before(async () => {
  const [program, components] = await Promise.all([
    buildHost(),
    buildComponents(),
  ]);
  component = (name) => `file://${components(name)}`;
  folder = mkdtempSync(join(tmpdir(), "keyturn-conformance-"));
  const keyturn = (...args) =>
    execFileSync(process.execPath, [
      join(root, "packages/cli/dist/main.js"),
      "par",
      ...args,
    ]);
  keyturn("keygen", "issuer", at("issuer.nk"));
  keyturn("keygen", "provider", at("provider.nk"));
  keyturn(
    "create",
    "--out",
    at("messaging.par.gz"),
    "--issuer",
    at("issuer.nk"),
    "--provider",
    at("provider.nk"),
  );
  backing = await natsServer();
  client = await connect({ servers: backing.url });
  host = await WasmcloudHost.start(program);
});
after(async () => {
  await host?.[Symbol.asyncDispose]();
  await client?.close();
  await backing?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

const ask = async (subject, text) =>
  (await client.request(subject, text, { timeout: 5000 })).string();

describe("from an archive in a file", () => {
  test("a component answers", async () => {
    await host.putConfig("in", {
      cluster_uris: backing.url,
      subscriptions: "echo|workers",
    });
    await host.putConfig("out", { cluster_uris: backing.url });
    await host.startProvider("messaging", `file://${at("messaging.par.gz")}`);
    await host.scale("echo", component("echo"), 10);
    await host.handlerLink({
      component: "echo",
      provider: "messaging",
      config: ["in"],
    });
    await host.consumerLink({
      component: "echo",
      provider: "messaging",
      config: ["out"],
    });
    const answer = await until("an answer", 20_000, () =>
      ask("echo", "hello").catch(() => undefined),
    );
    assert.equal(answer, "hello");
  });
});
