import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { HostDouble, natsServer, until } from "@keyturn/testkit";
import { client } from "@keyturn/wrpc";

import { counter } from "./counter-interface.js";

const main = fileURLToPath(new URL("main.js", import.meta.url));
const link = {
  source: "shop",
  target: "counter",
  namespace: "keyturn",
  package: "example",
  interfaces: ["counter"],
};

test("counts for a linked component, as a wasmCloud host runs it", async () => {
  await using server = await natsServer();
  await using host = await HostDouble.start({
    lattice: server,
    provider: [process.execPath, main],
    providerId: "counter",
    links: [link],
  });
  await host.waitHealthy();
  const calls = (component: string, name: string) =>
    client(host.connection, {
      prefix: "default.counter",
      interface: counter,
      headers: { "source-id": component, "link-name": name },
    });
  const shop = calls("shop", "default");

  assert.deepEqual(await shop.increment("orders"), { tag: "ok", val: 1n });
  assert.deepEqual(await shop.increment("orders"), { tag: "ok", val: 2n });
  assert.deepEqual(await shop.increment("visits"), { tag: "ok", val: 1n });
  assert.deepEqual(await calls("stranger", "default").increment("orders"), {
    tag: "err",
    val: "component stranger has no link named default to this provider",
  });

  await host.putLink({ ...link, name: "tens", targetConfig: { step: "10" } });
  const tens = await until("the second link", 5_000, async () => {
    const answer = await calls("shop", "tens").increment("orders");
    return answer.tag === "ok" ? answer.val : undefined;
  });
  assert.equal(tens, 10n);

  await host.putLink({ ...link, targetConfig: { step: "no" } });
  assert.equal(
    await host.waitUnhealthy(/step/),
    "component shop, link default (keyturn:example): `step` is not a positive number. Correct the link's config.",
  );
  assert.deepEqual(await shop.increment("orders"), { tag: "ok", val: 3n });

  const { replied } = await host.shutdown();
  assert.equal(replied, true);
  assert.equal(host.stdout.text(), "");
  assert.match(
    host.stderr.text(),
    /^INFO {2}Provider counter serves lattice default with 1 links\.$/m,
  );
});
