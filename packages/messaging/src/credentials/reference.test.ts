import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { makeOperator, until, type TestUser } from "@keyturn/testkit";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";
import {
  planOf,
  providerPlanOf,
  refuses,
  type Given,
} from "../testing/sources.test.js";

const begin = "failed to build connection config:";
const reference = "file:///run/secrets/nats";
const user = await (await (await makeOperator()).account("A")).user("u");
const pair = { client_jwt: user.jwt, client_seed: user.seed };

function source(given: Given): string {
  return planOf(given).connection.credential.origin.source;
}

describe("a reference in config", () => {
  test("comes after secrets, before plain config and the address", () => {
    const linkConfig = { credentials: reference };
    assert.equal(source({ linkConfig }), reference);
    assert.equal(source({ providerConfig: linkConfig }), reference);
    const secret = "link secrets (`client_jwt`, `client_seed`)";
    const withSecrets = planOf({ linkConfig, linkSecrets: pair });
    assert.equal(withSecrets.connection.credential.origin.source, secret);
    assert.deepEqual(
      withSecrets.remarks.map(({ message }) => message),
      [
        `\`credentials\` of the link config has no effect: the credential comes from ${secret}. Remove it, or the secrets that come before it.`,
      ],
    );
    assert.equal(
      source({ linkConfig, providerSecrets: pair }),
      "provider secrets (`client_jwt`, `client_seed`)",
    );
    // Also the provider's: what is in plain text is never preferred.
    assert.equal(
      source({ linkConfig: pair, providerConfig: linkConfig }),
      reference,
    );
    const cluster_uris = "nats://ada:pw@127.0.0.1:4222";
    assert.equal(
      source({ linkConfig, linkSecrets: { cluster_uris } }),
      reference,
    );
    assert.equal(
      source({
        linkConfig: { credentials: "file:///of/the/link" },
        providerConfig: linkConfig,
      }),
      "file:///of/the/link",
    );
    // An empty value takes the provider's away.
    assert.equal(
      source({ linkConfig: { credentials: "" }, providerConfig: linkConfig }),
      "nowhere",
    );
  });

  test("is no plain text: nothing to warn of, and nothing to refuse", () => {
    const credentials_policy = "require-secrets";
    const { plaintext } = planOf({
      linkConfig: { credentials: reference, credentials_policy },
    });
    assert.deepEqual(plaintext, []);
  });

  test("beside a plain credential in the same place is an error", () => {
    for (const name of ["linkConfig", "providerConfig"] as const)
      refuses(
        () => planOf({ [name]: { ...pair, credentials: reference } }),
        "MESSAGING_CREDENTIAL_AMBIGUOUS",
        `${begin} There are credentials of several kinds in the ${name === "linkConfig" ? "link" : "provider"} config: \`credentials\`, \`client_jwt\`, \`client_seed\`. Keep one kind in it.`,
      );
  });

  test("that is none is refused, and not quoted if it is a secret", () => {
    refuses(
      () => planOf({ linkConfig: { credentials: "flie:///x" } }),
      "REFERENCE_INVALID",
      `${begin} \`credentials\` of the link config: The credential reference has the scheme \`flie:\`, which is none of a store. Write \`file:\`.`,
    );
    refuses(
      () => providerPlanOf({ providerConfig: { credentials: user.seed } }),
      "REFERENCE_INVALID",
      `${begin} \`credentials\` of the provider config: The credential reference cannot be read: it is a seed. Write where the credential lies: \`file:///run/secrets/nats.creds\`.`,
    );
  });

  test("of a link may not run programs, nor go where the provider does not let it", () => {
    const exec = { credentials: "exec:/bin/date" };
    assert.equal(source({ providerConfig: exec }), "exec:/bin/date");
    refuses(
      () => planOf({ linkConfig: exec }),
      "MESSAGING_REFERENCE_REFUSED",
      `${begin} \`credentials\` of the link config names a program to be run, which links may not. Refer to another place, or let links use it: \`link_references\` of the provider's config.`,
    );
    const link_references = "exec:/bin/date, file:///run/shop/";
    const providerConfig = { link_references };
    assert.equal(
      source({ linkConfig: exec, providerConfig }),
      "exec:/bin/date",
    );
    const shop = { credentials: "file:///run/shop/nats" };
    assert.equal(
      source({ linkConfig: shop, providerConfig }),
      shop.credentials,
    );
    for (const credentials of ["file:///run/other/nats", "env:X"])
      for (const linkConfig of [
        { credentials },
        // A link cannot allow itself more.
        { credentials, link_references: credentials },
      ])
        refuses(
          () => planOf({ linkConfig, providerConfig }),
          "MESSAGING_REFERENCE_REFUSED",
          `${begin} \`credentials\` of the link config begins with none of what \`link_references\` of the provider config lets links use. Refer to another place, or let links use it: \`link_references\` of the provider's config.`,
        );
  });
});

/** A folder as a Kubernetes secret or an agent fills it. */
async function secretFolder(): Promise<
  AsyncDisposable & { path: string; write(user: TestUser): Promise<void> }
> {
  const path = await mkdtemp(join(tmpdir(), "keyturn-reference-"));
  return {
    path,
    write: async ({ creds }) => {
      await writeFile(join(path, "next"), creds, { mode: 0o600 });
      await rename(join(path, "next"), join(path, "nats.creds"));
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

describe("links with a reference", () => {
  test("share one connection, which follows the file under traffic without any link put", async () => {
    await using folder = await secretFolder();
    await using lab = await MessagingLab.start();
    const first = await lab.account.user("first");
    await folder.write(first);
    const config = { credentials: `file://${folder.path}/nats.creds` };
    const shop = await lab.component();
    await lab.put(
      lab.handler("orders", { config, secrets: {} }),
      lab.consumer({ config, secrets: {} }),
      lab.consumer({ config, secrets: {}, component: "second" }),
    );
    await lab.usersAre(first.publicKey);
    const outside = await lab.client();
    const got = new Set<string>();
    const published = outside.subscribe("out", {
      callback: (_, message) => void got.add(message.string()),
    });
    let sent = 0;
    let isOver = false;
    const pace = setInterval(() => {
      for (let i = 0; i < 5; i++) outside.publish("orders", `${sent++}`);
    }, 2);
    const publishing = (async () => {
      let count = 0;
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- set below
      while (!isOver) await shop.publish("out", `${count++}`);
      return count;
    })();
    const puts = lab.providerEvents.length;
    for (let round = 0; round < 4; round++) {
      const next = await lab.account.user("next");
      await folder.write(next);
      await lab.usersAre(next.publicKey);
    }
    clearInterval(pace);
    isOver = true;
    const count = await publishing;
    await outside.flush();
    await until("all deliveries", within, () => shop.calls >= sent);
    await until("all publishes", within, () => got.size >= count);
    assert.ok(sent > 100 && count > 50, `${sent} and ${count} messages`);
    assert.equal(new Set(shop.received.map(({ text }) => text)).size, sent);
    assert.equal(shop.calls, sent);
    assert.equal(got.size, count);
    published.unsubscribe();
    const later = lab.providerEvents
      .slice(puts)
      .filter(({ type }) => type.startsWith("link-"));
    assert.deepEqual(later, []);
    assert.deepEqual(lab.eventsOf("plaintext-credential"), []);
  });

  test("a file that is not there yet makes the link wait, and it comes up by itself", async () => {
    await using folder = await secretFolder();
    await using lab = await MessagingLab.start({
      host: { config: { credentials: `file://${folder.path}/nats.creds` } },
    });
    await lab.component();
    await lab.host.putLink(lab.handler("orders", { secrets: {} }));
    assert.match(
      await lab.host.waitUnhealthy(/no file for/),
      /failed to connect to NATS: There is no file for file:/,
    );
    const late = await lab.account.user("late");
    await folder.write(late);
    await lab.host.waitHealthy();
    await lab.usersAre(late.publicKey);
  });

  test("a broken file changes nothing; a link put moves to secrets and back", async () => {
    await using folder = await secretFolder();
    await using lab = await MessagingLab.start();
    const first = await lab.account.user("first");
    await folder.write(first);
    const config = { credentials: `file://${folder.path}/nats.creds` };
    const shop = await lab.component();
    const link = lab.handler("orders", { config, secrets: {} });
    await lab.put(link);
    await writeFile(join(folder.path, "nats.creds"), "broken");
    const outside = await lab.client();
    outside.publish("orders", "1");
    await until("a call", within, () => shop.calls === 1);
    await lab.usersAre(first.publicKey);
    // Which is used, and told as of no effect.
    await lab.put(lab.handler("orders", { config }));
    await lab.usersAre(lab.user.publicKey);
    assert.match(
      lab.eventsOf("config-remark").at(-1)?.message ?? "",
      /`credentials` of the link config has no effect/,
    );
    const second = await lab.account.user("second");
    await folder.write(second);
    await lab.put(link);
    await lab.usersAre(second.publicKey);
    const third = await lab.account.user("third");
    await folder.write(third);
    await lab.usersAre(third.publicKey);
    outside.publish("orders", "2");
    await until("another call", within, () => shop.calls === 2);
  });

  test("a link that had secrets follows the file as soon as it refers to one", async () => {
    await using folder = await secretFolder();
    await using lab = await MessagingLab.start();
    await lab.component();
    await lab.put(lab.handler("orders"));
    const first = await lab.account.user("first");
    await folder.write(first);
    const config = { credentials: `file://${folder.path}/nats.creds` };
    await lab.put(lab.handler("orders", { config, secrets: {} }));
    await lab.usersAre(first.publicKey);
    const second = await lab.account.user("second");
    await folder.write(second);
    await lab.usersAre(second.publicKey);
  });

  test("what turns out to lie in plain text is warned of or refused", async () => {
    await using lab = await MessagingLab.start();
    process.env["KEYTURN_TEST_CREDS"] = lab.user.creds;
    try {
      const credentials = "env:KEYTURN_TEST_CREDS";
      const link = lab.consumer({ config: { credentials }, secrets: {} });
      await lab.put(link);
      assert.deepEqual(
        lab.eventsOf("plaintext-credential").map(({ message }) => message),
        [
          "The messaging provider uses a credential from env:KEYTURN_TEST_CREDS, where it lies in plain text: whoever may read that has it. Move it into a secret store, or a file that only this program may read.",
        ],
      );
      const config = { credentials, credentials_policy: "require-secrets" };
      await lab.host.putLink(
        lab.consumer({ config, secrets: {}, component: "strict" }),
      );
      assert.match(
        await lab.host.waitUnhealthy(/component strict/),
        /The messaging provider may not use a credential from env:KEYTURN_TEST_CREDS: it lies there in plain text, and the policy is `require-secrets`/,
      );
    } finally {
      delete process.env["KEYTURN_TEST_CREDS"];
    }
  });

  test("of a link does not say who is asked, or what of this machine is shown to it", () => {
    const elsewhere = "vault://kv/shop?address=https://vault.example";
    const refused = (credentials: string, providerConfig = {}): void =>
      refuses(
        () => planOf({ linkConfig: { credentials }, providerConfig }),
        "MESSAGING_REFERENCE_REFUSED",
        `${begin} \`credentials\` of the link config says with \`address\` which server is asked, or what of this machine it is shown, which links may not. Refer to another place, or let links use it: \`link_references\` of the provider's config.`,
      );
    refused(elsewhere);
    refused("vault://kv/shop?%61ddress=https://vault.example");
    refused(elsewhere, { link_references: "vault://kv/" });
    const providerConfig = { link_references: elsewhere };
    refused(`${elsewhere}.evil`, providerConfig);
    const linkConfig = { credentials: `${elsewhere}&field=creds` };
    assert.equal(
      source({ linkConfig, providerConfig }),
      linkConfig.credentials,
    );
    const own = { credentials: elsewhere };
    assert.equal(source({ providerConfig: own }), elsewhere);
  });
});
