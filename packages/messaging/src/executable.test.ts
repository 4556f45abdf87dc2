// The provider as archives hold it: one file, which a host extracts and starts.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { HostDouble, ManagedChild, natsServer, until } from "@keyturn/testkit";

import { MessagingLab, within } from "./testing/messaging-lab.test.js";
import { version } from "./version.js";

const target = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-${process.platform}`;
const forms = [
  {
    form: "script",
    file: fileURLToPath(
      new URL("bundle/keyturn-messaging.cjs", import.meta.url),
    ),
    missing: findsNode()
      ? undefined
      : "without PATH no Node.js is found here, and a host gives none",
  },
  {
    form: "single executable",
    file: fileURLToPath(
      new URL(`../../../dist/exe/keyturn-messaging-${target}`, import.meta.url),
    ),
    missing: undefined,
  },
].map((each) => ({
  ...each,
  skip:
    each.missing ??
    (existsSync(each.file) ? false : "not built: npm run build:exe"),
}));

for (const { form, file, skip } of forms)
  describe(`the ${form}`, { skip }, () => {
    let folder: string;
    let program: string;
    before(() => {
      // As a host extracts it: without an extension, and with nothing beside it.
      folder = mkdtempSync(join(tmpdir(), "keyturn-executable-"));
      program = join(folder, "messaging");
      copyFileSync(file, program);
      chmodSync(program, 0o555);
      chmodSync(folder, 0o555);
    });
    after(() => {
      chmodSync(folder, 0o755);
      rmSync(folder, { recursive: true });
    });

    test("is of this version", () => {
      const told = execFileSync(program, ["--version"], { env: {} });
      assert.equal(told.toString(), `${version}\n`);
    });

    test("serves links both ways, takes puts and new credentials, and stops in time", async () => {
      await using lab = await MessagingLab.prepare();
      const shop = await lab.component();
      await using host = await HostDouble.start({
        lattice: lab.lattice,
        provider: [program],
        providerId: "messaging",
        links: [lab.handler("orders"), lab.consumer()],
      });
      await host.waitHealthy(within);
      const outside = await lab.client();
      outside.publish("orders", "1");
      await until("a call", within, () => shop.calls === 1);
      const out = outside.subscribe("out", { max: 1 });
      await outside.flush();
      await shop.publish("out", "2");
      for await (const message of out) assert.equal(message.string(), "2");

      const other = await lab.account.user("other");
      const secrets = lab.pair(other);
      await host.putLink(lab.handler("orders", { secrets }));
      await host.putLink(lab.consumer({ secrets }));
      await lab.usersAre(other.publicKey);
      await host.putLink(
        lab.handler("returns", { component: "desk", name: "second" }),
      );
      const desk = await lab.component({ id: "desk" });
      await until("a call of the second component", within, () => {
        outside.publish("returns", "3");
        return desk.calls > 0;
      });

      const { replied } = await host.shutdown();
      assert.equal(replied, true);
      assert.equal(host.stdout.text(), "");
      assert.deepEqual(readdirSync(folder), ["messaging"]);
    });

    test("says in one line why it cannot start", async () => {
      await using lab = await MessagingLab.prepare();
      await using host = await HostDouble.start({
        lattice: lab.lattice,
        provider: [program],
        providerId: "messaging",
        input: "bm8=\n",
      });
      assert.deepEqual(await host.ended, { code: 1, signal: null });
      assert.match(
        host.stderr.text(),
        /^\S+Z ERROR keyturn_provider: .* code=PROVIDER_HOST_DATA_INVALID\n$/,
      );
    });

    test("serves without a host, as its config says", async () => {
      await using lab = await MessagingLab.prepare();
      const shop = await lab.component();
      // Stores of credentials are loaded when they are used, in a bundle too.
      const secrets = mkdtempSync(join(tmpdir(), "keyturn-executable-"));
      const creds = join(secrets, "nats.creds");
      writeFileSync(creds, lab.user.creds, { mode: 0o600 });
      const links = [
        {
          component: "shop",
          interface: "handler",
          config: {
            cluster_uris: lab.backing.url,
            subscriptions: "orders",
            credentials: `file://${creds}`,
          },
        },
      ];
      const lattice = { url: lab.lattice.url };
      const config = { link_references: `file://${creds}` };
      const child = await ManagedChild.start({
        command: program,
        args: [],
        env: { KEYTURN_CONFIG: JSON.stringify({ lattice, config, links }) },
      });
      try {
        const outside = await lab.client();
        await until("a call", within, () => {
          outside.publish("orders", "1");
          return shop.calls > 0;
        });
      } finally {
        assert.deepEqual(await child.stop(), { code: 0, signal: null });
        rmSync(secrets, { recursive: true });
      }
    });

    test("has the clients of stores in it", async () => {
      const reference =
        "aws-sm://eu-central-1/none?endpoint=http%3A%2F%2F127.0.0.1%3A1";
      const links = [
        {
          component: "shop",
          interface: "handler",
          config: {
            cluster_uris: "127.0.0.1:1",
            subscriptions: "orders",
            credentials: reference,
          },
        },
      ];
      await using lattice = await natsServer();
      const child = await ManagedChild.start({
        command: program,
        args: [],
        env: {
          KEYTURN_CONFIG: JSON.stringify({
            lattice: { url: lattice.url },
            config: { link_references: reference },
            links,
          }),
          AWS_ACCESS_KEY_ID: "id",
          AWS_SECRET_ACCESS_KEY: "secret",
        },
      });
      try {
        await until("its failure", within, () =>
          /link-failing/.test(child.stderr.text()),
        );
        assert.match(child.stderr.text(), /aws-sm.*ECONNREFUSED/);
      } finally {
        await child.stop();
      }
    });

    test("does not outlive a host that is killed", async () => {
      await using lab = await MessagingLab.prepare();
      await using host = await HostDouble.start({
        lattice: lab.lattice,
        provider: [program],
        providerId: "messaging",
        killableHost: true,
        links: [lab.handler("orders")],
      });
      await host.waitHealthy(within);
      host.killHost();
      await lab.usersAre();
    });
  });

/** Whether `#!/usr/bin/env node` works in the environment that a host gives, which has no PATH. */
function findsNode(): boolean {
  const { status } = spawnSync("/usr/bin/env", ["node", "--version"], {
    env: {},
  });
  return status === 0;
}
