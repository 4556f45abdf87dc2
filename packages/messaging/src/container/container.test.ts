// The executable without a host.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import {
  ManagedChild,
  natsServer,
  until,
  type TestUser,
} from "@keyturn/testkit";
import { generateSeed } from "@keyturn/nats";
import { stringify } from "yaml";

import { MessagingLab, within } from "../testing/messaging-lab.test.js";
import { readConfig } from "./read-config.js";

const run = promisify(execFile);
const program = fileURLToPath(new URL("../main.js", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stderr: string;
}

describe("the executable without a host", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "keyturn-container-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const reference = (name: string, content: string): string =>
    `file://${file(name, content)}`;

  /** The executable, until the end of the block. */
  const started = async (
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<AsyncDisposable & { child: ManagedChild }> => {
    const command = { command: process.execPath, args: [program, ...args] };
    const child = await ManagedChild.start({ ...command, env });
    return {
      child,
      [Symbol.asyncDispose]: async () => void (await child.stop()),
    };
  };

  const ask = async (config: string): Promise<Outcome> => {
    try {
      await run(process.execPath, [program, "--config", config, "--health"]);
      return { code: 0, stderr: "" };
    } catch (error) {
      const { code, stderr } = error as Outcome;
      return { code, stderr };
    }
  };

  const linksOf = (lab: MessagingLab, user: TestUser, name: string) => [
    {
      component: "shop",
      interface: "handler",
      config: { cluster_uris: lab.backing.url, subscriptions: "orders" },
      secrets: {
        client_jwt: reference(`${name}.jwt`, `${user.jwt}\n`),
        client_seed: reference(`${name}.seed`, user.seed),
      },
    },
    {
      component: "shop",
      interface: "consumer",
      name: "default",
      config: { cluster_uris: lab.backing.url, ping_interval_sec: 3 },
      secrets: { client_creds: reference(`${name}.creds`, user.creds) },
    },
  ];

  test("has an example that can be used", async () => {
    const example = new URL(
      "../../../../examples/container/provider.yaml",
      import.meta.url,
    );
    const { links } = await readConfig(fileURLToPath(example), "");
    assert.equal(links.length, 2);
  });

  test("serves the links of its config, tells its health, and stops on SIGTERM", async () => {
    await using lab = await MessagingLab.prepare();
    const shop = await lab.component();
    const config = file(
      "good.yaml",
      stringify({
        lattice: { url: lab.lattice.url },
        log: { level: "debug", format: "json" },
        links: linksOf(lab, lab.user, "good"),
      }),
    );
    const missing = await ask(config);
    assert.equal(missing.code, 1);
    assert.notEqual(missing.stderr, "");
    await using provider = await started(["--config", config]);
    await until("health", within, async () => (await ask(config)).code === 0);
    const outside = await lab.client();
    outside.publish("orders", "1");
    await until("a call", within, () => shop.calls === 1);
    const out = outside.subscribe("out", { max: 1 });
    await outside.flush();
    await shop.publish("out", "2");
    for await (const message of out) assert.equal(message.string(), "2");
    provider.child.kill("SIGTERM");
    assert.deepEqual(await provider.child.ended, { code: 0, signal: null });
    const log = provider.child.stderr.text();
    for (const line of log.trimEnd().split("\n")) JSON.parse(line);
    assert.match(log, /"type":"provider-started"/);
    assert.ok(!log.includes(lab.user.seed) && !log.includes(lab.user.jwt));
  });

  test("takes its config from the environment, and the lattice's credential from a file", async () => {
    await using lab = await MessagingLab.prepare();
    await using lattice = await natsServer({
      config: await lab.operator.serverConfig(),
    });
    const config = stringify({
      lattice: {
        url: lattice.url,
        credentials: reference("lattice.creds", lab.user.creds),
      },
      links: linksOf(lab, lab.user, "env"),
    });
    await using _provider = await started([], { KEYTURN_CONFIG: config });
    const env = { KEYTURN_CONFIG: config };
    await until("health", within, () =>
      run(process.execPath, [program, "--health"], { env }).then(
        () => true,
        () => false,
      ),
    );
  });

  const broken: [string, string, RegExp][] = [
    [
      "without its config",
      "none.yaml",
      /MESSAGING_CONTAINER_CONFIG_INVALID|cannot be read: ENOENT/,
    ],
    [
      "without a secret",
      "secret.yaml",
      /There is no file `\/none` for `secrets\.client_seed`/,
    ],
    [
      "with a secret in the place of a reference",
      "inline.yaml",
      /`secrets\.client_seed` of the config: The credential reference cannot be read: it is a seed\./,
    ],
  ];
  for (const [what, name, message] of broken)
    test(`${what} it says so and ends with 2`, async () => {
      const seed = generateSeed("user");
      const links = [{ component: "shop", interface: "handler" }];
      const secret = (client_seed: string): string =>
        stringify({ links, secrets: { client_seed } });
      file("secret.yaml", secret("file:///none"));
      file("inline.yaml", secret(seed));
      await using provider = await started(["--config", join(folder, name)]);
      assert.deepEqual(await provider.child.ended, { code: 2, signal: null });
      const log = provider.child.stderr.text();
      assert.match(log, message);
      assert.ok(!log.includes(seed));
    });

  test("takes a credential that is put into a file over, without a restart", async () => {
    await using lab = await MessagingLab.prepare();
    const config = {
      cluster_uris: lab.backing.url,
      credentials: reference("turned.creds", lab.user.creds),
      subscriptions: "orders",
    };
    await using _provider = await started([
      "--config",
      file(
        "turned.yaml",
        stringify({
          lattice: { url: lab.lattice.url },
          links: [{ component: "shop", interface: "handler", config }],
        }),
      ),
    ]);
    await lab.usersAre(lab.user.publicKey);
    const other = await lab.account.user("other");
    file("turned.creds", other.creds);
    await lab.usersAre(other.publicKey);
  });

  test("goes on when the process that has started it is gone", async () => {
    await using lab = await MessagingLab.prepare();
    const config = file(
      "orphan.yaml",
      stringify({
        lattice: { url: lab.lattice.url },
        links: linksOf(lab, lab.user, "orphan"),
      }),
    );
    const shell = await ManagedChild.start({
      command: "/bin/sh",
      args: [
        "-c",
        '"$0" "$1" --config "$2" </dev/null >/dev/null 2>&1 & echo $!; wait',
        process.execPath,
        program,
        config,
      ],
    });
    const pid = await until(
      "its id",
      within,
      () => Number(shell.stdout.text()) || undefined,
    );
    try {
      await until("health", within, async () => (await ask(config)).code === 0);
      shell.kill("SIGKILL");
      await shell.ended;
      // With a host it looks for its parent once a second.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assert.equal((await ask(config)).code, 0);
    } finally {
      process.kill(pid, "SIGKILL");
      await lab.usersAre();
    }
  });

  test("says why it is not healthy", async () => {
    await using lab = await MessagingLab.prepare();
    const other = await lab.operator.account("other");
    const stranger = await other.user("stranger", { expiresInSeconds: -60 });
    const config = file(
      "bad.yaml",
      stringify({
        lattice: { url: lab.lattice.url },
        links: linksOf(lab, stranger, "bad"),
      }),
    );
    await using _provider = await started(["--config", config]);
    let answer: Outcome | undefined;
    await until("an answer", within, async () => {
      answer = await ask(config);
      return answer.stderr.startsWith("component shop");
    });
    assert.equal(answer?.code, 1);
  });
});
