// The manifest in the repository's README, resolved as wadm and a host resolve one, and put to the provider.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { parse } from "yaml";

import { until, type LinkOptions } from "@keyturn/testkit";

import { MessagingLab, within } from "./testing/messaging-lab.test.js";

interface Named<T> {
  readonly name: string;
  readonly properties: T;
}

/** One end of a link trait. */
interface End {
  readonly config?: readonly Named<Record<string, string>>[];
  readonly secrets?: readonly Named<{ policy: string; key: string }>[];
}

interface Manifest {
  readonly spec: {
    readonly policies: readonly Named<{ backend: string }>[];
    readonly components: readonly {
      readonly name: string;
      readonly traits: readonly {
        readonly type: string;
        readonly properties: {
          readonly namespace: string;
          readonly package: string;
          readonly interfaces: readonly string[];
          readonly source?: End;
          readonly target: End & { readonly name: string };
        };
      }[];
    }[];
  };
}

const readme = fileURLToPath(new URL("../../../README.md", import.meta.url));
const manifest = parse(
  /```yaml\n([^]*?)```/.exec(readFileSync(readme, "utf8"))?.[1] ?? "",
  { maxAliasCount: 10 },
) as Manifest;

/** The links of the manifest, with the values that a host finds in a secrets backend. */
function linksOf(
  store: Readonly<Record<string, string>>,
  url: string,
): LinkOptions[] {
  const backends = manifest.spec.policies.map(({ name }) => name);
  const config = (end: End | undefined): Record<string, string> => {
    const merged: Record<string, string> = {};
    for (const { properties } of end?.config ?? [])
      Object.assign(merged, properties);
    return "cluster_uris" in merged ? { ...merged, cluster_uris: url } : merged;
  };
  const secrets = (end: End | undefined): Record<string, string> =>
    Object.fromEntries(
      (end?.secrets ?? []).map(({ name, properties: { policy, key } }) => {
        assert.ok(backends.includes(policy), policy);
        assert.ok(key in store, key);
        return [name, store[key] ?? ""];
      }),
    );
  return manifest.spec.components.flatMap(({ name, traits }) =>
    traits.map(({ properties: link }) => ({
      source: name,
      target: link.target.name,
      namespace: link.namespace,
      package: link.package,
      interfaces: link.interfaces,
      sourceConfig: config(link.source),
      sourceSecrets: secrets(link.source),
      targetConfig: config(link.target),
      targetSecrets: secrets(link.target),
    })),
  );
}

test("the manifest of the README does what it says", async () => {
  await using lab = await MessagingLab.start();
  const { jwt, seed } = lab.user;
  const links = linksOf(
    { "nats/shop/jwt": jwt, "nats/shop/seed": seed },
    lab.backing.url,
  );
  assert.equal(links.length, 2);
  const shop = await lab.component();
  await lab.put(...links);
  assert.deepEqual(await lab.host.health(), { healthy: true });
  assert.deepEqual(lab.eventsOf("config-remark"), []);
  assert.deepEqual(lab.eventsOf("plaintext-credential"), []);
  const client = await lab.client();
  const receipts = client.subscribe("receipts", { max: 1 });
  client.publish("orders.new", "tea");
  await until("the order", within, () => shop.calls === 1);
  await shop.publish("receipts", "booked");
  for await (const receipt of receipts)
    assert.equal(receipt.string(), "booked");
});
