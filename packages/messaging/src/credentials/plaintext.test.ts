import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until } from "@keyturn/testkit";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";

describe("plain text", () => {
  test("a credential in plain config is warned of once per link and source", async () => {
    await using lab = await MessagingLab.start();
    const shop = await lab.component();
    const plain = lab.consumer({ config: lab.pair(), secrets: {} });
    await lab.put(plain);
    await shop.publish("a", "");
    // Put again, changed elsewhere, changed in its value: the operator knows already.
    await lab.put(plain);
    const other = await lab.account.user("other");
    const config = { ...lab.pair(other), publish_allow: "a" };
    await lab.put(lab.consumer({ config, secrets: {} }));
    const warnings = lab.eventsOf("plaintext-credential");
    assert.deepEqual(
      warnings.map(({ level, code, component, link }) => [
        level,
        code,
        component,
        link,
      ]),
      [["warn", "MESSAGING_PLAINTEXT_CREDENTIAL", "shop", "default"]],
    );
    assert.equal(
      warnings[0]?.message,
      "The link of component shop, link default (wasmcloud:messaging) uses `client_jwt`, `client_seed` in plain text from the link config: whoever may read config can read it. Store them in a secrets backend: `wash secrets put client_jwt BACKEND KEY`, `wash secrets put client_seed BACKEND KEY`; then refer to them: `wash link put … --target-config SECRET_client_jwt --target-config SECRET_client_seed`.",
    );
    await lab.host.deleteLink(plain);
    await until("the link to be gone", within, () => {
      return lab.provider.linkCount === 0;
    });
    await lab.put(plain);
    assert.equal(lab.eventsOf("plaintext-credential").length, 2);
  });

  test("what lies in plain config and is not used is not warned of", async () => {
    await using lab = await MessagingLab.start();
    const stranger = await lab.account.user("stranger");
    await lab.put(lab.consumer({ config: lab.pair(stranger) }));
    assert.deepEqual(lab.eventsOf("plaintext-credential"), []);
  });

  test("with require-secrets it is refused, before anything is dialled", async () => {
    await using lab = await MessagingLab.prepare();
    await lab.run({
      host: { config: { credentials_policy: "require-secrets" } },
    });
    // A link cannot weaken what the provider demands.
    const weak = { ...lab.pair(), credentials_policy: "prefer-secrets" };
    await lab.host.putLink(lab.consumer({ config: weak, secrets: {} }));
    assert.match(
      await lab.host.waitUnhealthy(/./),
      /`client_jwt`, `client_seed` of the link config are in plain text, and `credentials_policy` is `require-secrets`\. Store them/,
    );
    const url = lab.backing.url.replace("//", "//name:word@");
    await lab.host.putLink(
      lab.consumer({ config: { cluster_uris: url }, secrets: {} }),
    );
    assert.match(
      await lab.host.waitUnhealthy(/user information/),
      /the user information in `cluster_uris` of the link config is in plain text/,
    );
    assert.doesNotMatch(lab.backing.logText(), /Client connection created/);
    assert.deepEqual(lab.eventsOf("plaintext-credential"), []);
    await lab.put(lab.consumer());
    await lab.host.waitHealthy();
  });
});
