import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  HostDouble,
  natsServer,
  until,
  type NatsServer,
} from "@keyturn/testkit";

import { Lab, type LabOptions } from "../testing/lab.test.js";

const within = 5_000;

/** What the hosts of a lattice answer who asks for its links and configs. */
interface Answers {
  links(): unknown;
  config?(name: string): unknown;
}

/** A host that answers questions, on a lattice of their own. */
async function answering(
  answers: Answers,
): Promise<{ server: NatsServer; asked: string[] } & AsyncDisposable> {
  const server = await natsServer();
  const other = await HostDouble.start({ lattice: server });
  const asked: string[] = [];
  const prefix = "wasmbus.ctl.v1.default.";
  other.connection.subscribe(`${prefix}>`, {
    callback: (_error, message) => {
      const what = message.subject.slice(prefix.length);
      asked.push(what);
      const name = what.slice("config.get.".length);
      const answer =
        what === "link.get" ? answers.links() : answers.config?.(name);
      void Promise.resolve(answer).then((response) =>
        message.respond(
          typeof response === "string"
            ? response
            : JSON.stringify({ success: true, message: "", response }),
        ),
      );
    },
  });
  await other.connection.flush();
  return {
    server,
    asked,
    [Symbol.asyncDispose]: async () => {
      await other.close();
      await server.stop();
    },
  };
}

/** A link as hosts list it: with names of configs. */
const listed = (source: string, target: string, more: object = {}) => ({
  source_id: source,
  target,
  name: "default",
  wit_namespace: "keyturn",
  wit_package: "lab",
  interfaces: ["lab"],
  source_config: [],
  target_config: [],
  ...more,
});

const start = (
  hosts: { server: NatsServer },
  options: LabOptions = {},
): Promise<Lab> => Lab.start({ ...options, server: hosts.server });

const asksTwice = (asked: string[]) =>
  until(
    "the second question",
    within,
    () => asked.filter((what) => what === "link.get").length === 2,
  );

describe("links that were put while the provider started", () => {
  test("are taken over, with their configs as one", async () => {
    const configs: Record<string, object> = {
      base: { v: "old", token: "T1", a: "1" },
      own: { v: "new", token: "T2" },
    };
    await using hosts = await answering({
      links: () => [
        listed("shop", "provider", { target_config: ["base", "own"] }),
        listed("provider", "echo", { target_config: ["SECRET_not_ours"] }),
        listed("shop", "other", { target_config: ["base"] }),
        listed("provider", "provider"),
        "nonsense",
      ],
      config: (name) => configs[name],
    });
    await using it = await start(hosts, {
      definition: { sensitiveConfigKeys: ["token"] },
    });
    await until("both", within, () => it.handler.operations.length === 2);
    const [shop, echo] = it.handler.operations.map(({ link }) => link);
    assert.deepEqual({ ...shop?.config }, { v: "new", a: "1" });
    assert.equal(shop?.exposed.get("token")?.revealText(), "T2");
    assert.deepEqual(
      [shop?.direction, echo?.direction, echo?.peer],
      ["target", "source", "echo"],
    );
    assert.equal(
      it.event("link-missed")?.message,
      "The link of component shop, link default (keyturn:lab) was put while this started.",
    );
    await asksTwice(hosts.asked);
    assert.deepEqual(await it.host.health(), { healthy: true });
    assert.equal(it.handler.operations.length, 2);
  });

  test("are found by the second question, if hosts learn of them late", async () => {
    let links: unknown[] = [];
    await using hosts = await answering({ links: () => links });
    await using it = await start(hosts);
    links = [listed("shop", "provider")];
    await until("it", within, () => it.handler.operations.length === 1);
  });

  for (const what of ["put", "deleted"])
    test(`are left as they are when they are ${what} meanwhile`, async () => {
      let answer: (config: object) => void = () => {};
      await using hosts = await answering({
        links: () => [listed("shop", "provider", { target_config: ["old"] })],
        config: () => new Promise((resolve) => (answer = resolve)),
      });
      await using it = await start(hosts);
      await until("the question", within, () =>
        hosts.asked.includes("config.get.old"),
      );
      const link = {
        source: "shop",
        target: "provider",
        namespace: "keyturn",
        package: "lab",
        interfaces: ["lab"],
        targetConfig: { v: "new" },
      };
      if (what === "put") await it.host.putLink(link);
      else await it.host.deleteLink(link);
      await it.host.health();
      answer({ v: "old" });
      await asksTwice(hosts.asked);
      await it.host.health();
      assert.deepEqual(it.handler.log, what === "put" ? ["put new"] : []);
    });

  test("and have secrets are told by health, until they are put again", async () => {
    await using hosts = await answering({
      links: () => [
        listed("shop", "provider", { target_config: ["SECRET_seed"] }),
      ],
    });
    await using it = await start(hosts);
    assert.equal(it.event("link-refused"), undefined);
    await until("ill health", within, async () => {
      const { healthy } = await it.host.health();
      return !healthy;
    });
    assert.deepEqual(await it.host.health(), {
      healthy: false,
      message:
        "component shop, link default (keyturn:lab): A host has the link, but has not given it to the provider. Delete the link and put it again, or restart the provider; if it stays, look for the secrets in the host's log.",
    });
    await it.host.putLink({
      source: "shop",
      target: "provider",
      namespace: "keyturn",
      package: "lab",
      interfaces: ["lab"],
    });
    await until("health", within, async () => {
      const { healthy } = await it.host.health();
      return healthy;
    });
  });
});

describe("a provider works on", () => {
  test("with answers that are none", async () => {
    for (const answer of [
      "no JSON",
      '{"success":false,"message":"no"}',
      '{"success":true,"response":7}',
    ]) {
      await using hosts = await answering({ links: () => answer });
      await using it = await start(hosts);
      await until("the question", within, () => hosts.asked.length > 0);
      assert.deepEqual(await it.host.health(), { healthy: true });
    }
  });

  test("where it may not ask", async () => {
    await using server = await natsServer({
      config: {
        authorization: {
          users: [
            {
              user: "one",
              permissions: { publish: { deny: ["wasmbus.ctl.>"] } },
            },
          ],
        },
        no_auth_user: "one",
      },
    });
    await using it = await Lab.start({ server });
    await server.waitForLog(/Publish Violation/);
    assert.deepEqual(await it.host.health(), { healthy: true });
  });
});
