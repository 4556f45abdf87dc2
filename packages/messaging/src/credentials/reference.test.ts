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

/** What the provider is started with so that links may refer to files here. */
const opened = { host: { config: { link_references: `file://${tmpdir()}/` } } };

describe("a reference in config", () => {
  test("comes after secrets, before plain config and the address", () => {
    const linkConfig = { credentials: reference };
    const providerConfig = { link_references: "file:///" };
    assert.equal(source({ linkConfig, providerConfig }), reference);
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
      source({ linkConfig, linkSecrets: { cluster_uris }, providerConfig }),
      reference,
    );
    assert.equal(
      source({
        linkConfig: { credentials: "file:///of/the/link" },
        providerConfig: { ...providerConfig, ...linkConfig },
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
      providerConfig: { link_references: reference },
    });
    assert.deepEqual(plaintext, []);
  });

  test("beside a plain credential in the same place is an error", () => {
    for (const name of ["linkConfig", "providerConfig"] as const)
      refuses(
        () =>
          planOf({
            providerConfig: { link_references: reference },
            [name]: { ...pair, credentials: reference },
          }),
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

  /** Why a reference in link config is refused, and what its error says to set. */
  const refused = (
    why: string,
    credentials: string,
    link_references?: string,
  ): void =>
    refuses(
      () =>
        planOf({
          // A link cannot allow itself more.
          linkConfig: { credentials, link_references: credentials },
          providerConfig:
            link_references === undefined ? {} : { link_references },
        }),
      "MESSAGING_REFERENCE_REFUSED",
      `${begin} \`credentials\` of the link config ${why}. Put it into secrets of the link, or let links use it: \`link_references=${credentials}\` in the provider config.`,
    );
  const taken = (credentials: string, link_references: string): void =>
    assert.equal(
      source({
        linkConfig: { credentials },
        providerConfig: { link_references },
      }),
      credentials,
    );

  test("of a link goes nowhere unless the provider lets it", () => {
    const why =
      "refers to what links may not use: it begins with none of `link_references`";
    for (const credentials of [
      "file:///run/shop/nats",
      "env:X",
      "exec:/bin/date",
      "systemd:x",
      "context:x",
      "nsc://O/A/u",
      "vault://kv/shop",
      "aws-sm:///shop",
      "nats-kv://creds/shop",
      "wasmcloud://nats-kv/shop",
    ]) {
      refused(why, credentials);
      refused(why, credentials, "");
      refused(why, credentials, "file:///run/other/, vault://kv/other");
      taken(credentials, `file:///run/other/, ${credentials}`);
      assert.equal(source({ providerConfig: { credentials } }), credentials);
    }
    taken("file:///run/shop/nats", "file:///run/shop/");
    taken("file:///run/shop/nats", "file:///run/shop");
    taken(
      'exec:/bin/date?args=["-u","-I"]',
      'exec:/bin/date?args=["-u"%2C"-I"]',
    );
    refused(why, "file:///run/shop-of-others", "file:///run/shop");
    refused(why, "exec:/bin/date-of-others", "exec:/bin/date");
    // Not the same once it is decoded.
    refuses(
      () =>
        planOf({
          linkConfig: { credentials: "file:///run/shop/%2e%2e/nats" },
          providerConfig: { link_references: "file:///run/shop/" },
        }),
      "REFERENCE_INVALID",
      `${begin} \`credentials\` of the link config: The credential reference \`file:\` cannot be read: its path has \`..\` in it (column 18). Write the path without.`,
    );
  });

  test("of a link does not say who is asked, as whom, and for what", () => {
    for (const [beginning, name, value] of [
      ["vault://kv/shop", "address", "https://vault.example"],
      ["vault://kv/shop", "namespace", "other"],
      ["nats-kv://creds/shop", "credentials", "file:///run/other"],
      ["exec:/bin/sh", "args", '["-c"]'],
      ["env:X", "secret", "true"],
      ["nsc://O/A/u", "store", "/other"],
      ["wasmcloud://nats-kv/shop", "jwt", "other"],
    ] as const) {
      const credentials = `${beginning}?${name}=${value}`;
      const why = `has the parameter \`${name}\`, and \`link_references\` has none with this value`;
      refused(why, credentials, beginning);
      refused(why, `${credentials}&poll=1`, `${beginning}?poll=1,${beginning}`);
      taken(credentials, credentials);
    }
    const vault = "vault://kv/shop?address=https://vault.example";
    taken(`${vault}&field=creds`, vault);
    refused(
      "refers to what links may not use: it begins with none of `link_references`",
      `${vault}.evil`,
      vault,
    );
    refused(
      "has the parameter `address`, and `link_references` has none with this value",
      "vault://kv/shop?%61ddress=https://evil.example",
      `${vault},vault://kv/`,
    );
    taken("file:///run/shop?jwt=a&seed=b", "file:///run/");
    taken('exec:/bin/x?args=["a"%2C"b"]', 'exec:/bin/x?args=["a"%2C"b"]');
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
    await using lab = await MessagingLab.start(opened);
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
    await using lab = await MessagingLab.start(opened);
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
    await using lab = await MessagingLab.start(opened);
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
    await using lab = await MessagingLab.start({
      host: { config: { link_references: "env:KEYTURN_TEST_CREDS" } },
    });
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
});
