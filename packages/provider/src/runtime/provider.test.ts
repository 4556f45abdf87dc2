import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { until, type LinkOptions } from "@keyturn/testkit";
import { client, func, implement, serve, wrpcInterface } from "@keyturn/wrpc";
import { result, string, u32 } from "@keyturn/wrpc/values";

import { callerOf } from "../definition/caller-of.js";
import type { ProviderInstance } from "../definition/provider-definition.js";
import { lab, Lab } from "../testing/lab.test.js";

const consumer: LinkOptions = {
  source: "echo",
  target: "provider",
  namespace: "keyturn",
  package: "lab",
  interfaces: ["lab"],
};

const within = 5_000;

describe("a provider on a lattice", () => {
  test("starts with the links of HostData, serves, and says so", async () => {
    await using it = await Lab.start({
      host: {
        links: [
          { ...consumer, targetConfig: { v: "in" }, sourceConfig: { v: "no" } },
          {
            ...consumer,
            source: "provider",
            target: "echo",
            sourceConfig: { v: "out" },
            sourceSecrets: { seed: "S", bytes: Uint8Array.of(0, 255) },
            targetSecrets: { seed: "not ours" },
          },
        ],
        config: { a: "1" },
        secrets: { p: "P" },
        rpcTimeoutMs: 1_500,
        logLevel: "debug",
        structuredLogging: true,
      },
    });
    const provider = await it.started;
    assert.deepEqual(it.handler.log, ["put in", "put out"]);
    const [first, second] = it.handler.operations.map(({ link }) => link);
    assert.deepEqual(
      { ...first, config: { ...first?.config } },
      {
        key: "target echo default keyturn:lab",
        direction: "target",
        peer: "echo",
        name: "default",
        namespace: "keyturn",
        package: "lab",
        interfaces: ["lab"],
        config: { v: "in" },
        exposed: new Map(),
        secrets: new Map(),
      },
    );
    assert.equal(second?.direction, "source");
    assert.equal(second.secrets.get("seed")?.revealText(), "S");
    second.secrets
      .get("bytes")
      ?.use((bytes) => assert.deepEqual([...bytes], [0, 255]));
    const { context } = it;
    assert.equal(context.hostId, it.host.keys.hostId);
    assert.equal(context.providerId, "provider");
    assert.equal(context.lattice, "default");
    assert.deepEqual({ ...context.config }, { a: "1" });
    assert.equal(context.secrets.get("p")?.revealText(), "P");
    assert.equal(context.rpcTimeoutMs, 1_500);
    assert.deepEqual(context.log, { level: "debug", structured: true });
    assert.deepEqual(await it.component("echo").ask("hello"), {
      tag: "ok",
      val: "hello",
    });
    assert.deepEqual(await it.host.health(), { healthy: true });
    assert.equal(provider.linkCount, 2);
    assert.equal(
      it.event("provider-started")?.message,
      "Provider provider serves lattice default with 2 links.",
    );
  });

  test("sensitive keys of config land in exposed", async () => {
    await using it = await Lab.start({
      definition: { sensitiveConfigKeys: ["client_seed"] },
      host: {
        config: { client_seed: "P", a: "1" },
        links: [{ ...consumer, targetConfig: { CLIENT_SEED: "L", v: "x" } }],
      },
    }).catch(() => assert.fail("did not start"));
    const { link } = it.handler.last;
    assert.deepEqual({ ...link.config }, { v: "x" });
    assert.equal(link.exposed.get("CLIENT_SEED")?.revealText(), "L");
    assert.deepEqual({ ...it.context.config }, { a: "1" });
    assert.equal(it.context.exposed.get("client_seed")?.revealText(), "P");
  });

  test("tells handlers who called over which link, and passes trace context on", async () => {
    const seen: unknown[] = [];
    await using it = await Lab.start({
      ask: async (_, call) => {
        seen.push(callerOf(call), call.headers?.get("traceparent"));
        return "";
      },
    });
    await it.component("echo", { traceparent: "00-1" }).ask("");
    await it.component("other", { "link-name": "second" }).ask("");
    const bare = client(it.host.connection, {
      prefix: "default.provider",
      interface: lab,
    });
    await bare.ask("");
    assert.deepEqual(seen, [
      { component: "echo", link: "default" },
      "00-1",
      { component: "other", link: "second" },
      "",
      { component: "", link: "default" },
      undefined,
    ]);
  });

  test("a handler that throws gives an error value where the interface has room for one", async () => {
    const ask = (): never => {
      throw new Error("SUACANARY");
    };
    const askFunc = func([string], result(string, string));
    const mute = wrpcInterface("keyturn:lab/mute@0.1.0", {
      ask: askFunc,
      tell: func([string]),
    });
    const coded = wrpcInterface("keyturn:lab/coded@0.1.0", {
      ask: askFunc,
      code: func([string], result(string, u32)),
    });
    await using it = await Lab.start({
      instance: {
        exports: [
          implement(lab, { ask }),
          implement(mute, { ask, tell: ask }),
          implement(coded, { ask, code: ask }),
        ],
      },
    });
    assert.deepEqual(await it.component("echo").ask(""), {
      tag: "err",
      val: "The provider failed; its log says why.",
    });
    const prefix = "default.provider";
    const { connection } = it.host;
    for (const other of [
      client(connection, { prefix, interface: mute }),
      client(connection, { prefix, interface: coded }),
    ])
      await assert.rejects(other.ask(""), { code: "WRPC_RESULT_MISSING" });
  });

  test("calls components as a provider does", async () => {
    await using it = await Lab.start();
    const headers: (readonly [string, string])[][] = [];
    const served = await serve(it.host.connection, {
      prefix: "default.echo",
      ...implement(lab, {
        ask: (question, call) => {
          headers.push(
            (call.headers?.keys() ?? []).map((key) => [
              key,
              call.headers?.get(key) ?? "",
            ]),
          );
          return { tag: "ok", val: question };
        },
      }),
    });
    const echo = it.context.client("echo", lab);
    await echo.ask("one", { headers: { traceparent: "00-1" } });
    assert.deepEqual(headers, [
      [
        ["source-id", "provider"],
        ["target-id", "echo"],
        ["traceparent", "00-1"],
      ],
    ]);
    await served.close();
  });

  test("takes what the host puts and deletes, each link for itself", async () => {
    await using it = await Lab.start();
    const second = { ...consumer, name: "second", targetConfig: { v: "2" } };
    const out: LinkOptions = {
      ...consumer,
      source: "provider",
      target: "echo",
      sourceConfig: { v: "3" },
    };
    await it.host.putLink({ ...consumer, targetConfig: { v: "1" } });
    await it.host.putLink(second);
    await it.host.putLink(out);
    const log = async (...entries: string[]): Promise<void> => {
      await until(
        entries.join(),
        within,
        () => it.handler.log.length >= entries.length,
      );
      assert.deepEqual(it.handler.log, entries);
    };
    await log("put 1", "put 2", "put 3");
    await it.host.deleteLink(second);
    await log("put 1", "put 2", "put 3", "delete 2");
    await it.host.putLink({ ...consumer, targetConfig: { v: "1" } });
    await it.host.putLink({ ...consumer, targetConfig: { v: "4" } });
    await log("put 1", "put 2", "put 3", "delete 2", "change 4");
    await it.host.deleteLink(second);
    await until("the unknown delete", within, () => it.event("link-unknown"));
    assert.equal(
      it.event("link-unknown")?.message,
      "The link of component echo, link second (keyturn:lab) was deleted, but there was none.",
    );
    assert.equal((await it.started).linkCount, 2);
  });

  test("changed link secrets are a change, equal ones sealed anew are not", async () => {
    await using it = await Lab.start();
    const put = (seed: string): Promise<void> =>
      it.host.putLink({ ...consumer, targetSecrets: { seed } });
    await put("one");
    await put("one");
    await put("two");
    await until("a change", within, () => it.handler.operations.length === 2);
    assert.deepEqual(
      it.handler.operations.map(({ name, link }) => [
        name,
        link.secrets.get("seed")?.wiped,
      ]),
      [
        ["put", true],
        ["change", false],
      ],
    );
  });

  test("a link put while the provider is being created is not lost", async () => {
    let create: () => void = () => {};
    const created = new Promise<void>((resolve) => (create = resolve));
    const made: string[] = [];
    await using it = await Lab.start({
      starting: true,
      host: { links: [{ ...consumer, targetConfig: { v: "old" } }] },
      definition: {
        create: async () => {
          await created;
          return {
            ...bareInstance,
            putLink: async (link) => void made.push(link.config["v"] ?? ""),
          };
        },
      },
    });
    await it.host.waitUnhealthy(/^The provider is starting\.$/);
    await it.host.putLink({ ...consumer, targetConfig: { v: "new" } });
    const other = {
      ...consumer,
      source: "other",
      targetConfig: { v: "other" },
    };
    await it.host.putLink(other);
    // The health request comes after the puts, on the same connection.
    await it.host.health();
    create();
    await it.started;
    assert.deepEqual(made, ["new", "other"]);
  });

  test("exports are served after the links, but a hanging link delays them two seconds at most", async () => {
    await using it = await Lab.start({
      starting: true,
      obedient: false,
      host: { links: [consumer, { ...consumer, source: "other" }] },
    });
    const component = it.component("echo");
    await until("both puts", within, () => it.handler.operations.length === 2);
    await assert.rejects(component.ask("early"), { code: "WRPC_NO_RESPONDER" });
    const begin = performance.now();
    it.handler.operations[0]?.succeed();
    await it.started;
    assert.ok(performance.now() - begin > 1_000);
    assert.deepEqual(await component.ask("x"), { tag: "ok", val: "x" });
  });

  test("a link that fails is told in health with component, link and reason until it works", async () => {
    await using it = await Lab.start({
      obedient: false,
      starting: true,
      host: { links: [consumer] },
    });
    await until("the put", within, () => it.handler.operations.length === 1);
    it.handler.last.fail(new Error("The server said no."));
    await it.started;
    assert.deepEqual(await it.host.health(), {
      healthy: false,
      message:
        "component echo, link default (keyturn:lab): The server said no.",
    });
    assert.deepEqual(await it.component("echo").ask("x"), {
      tag: "ok",
      val: "x",
    });
    await until(
      "the next attempt",
      within,
      () => it.handler.operations.length === 2,
    );
    it.handler.last.succeed();
    await it.host.waitHealthy(within);
    assert.equal(it.event("link-failing")?.attempts, 1);
    assert.equal(
      it.event("link-failing")?.message,
      "The link of component echo, link default (keyturn:lab) failed: The server said no.",
    );
  });

  test("one bad link of HostData does not keep the others out", async () => {
    await using it = await Lab.start({
      host: {
        links: [
          { ...consumer, targetSecrets: Uint8Array.of(1, 2, 3) },
          { ...consumer, source: "other", targetConfig: { v: "other" } },
          { ...consumer, source: "else", target: "where" },
        ],
      },
    });
    assert.deepEqual(it.handler.log, ["put other"]);
    assert.deepEqual(await it.host.health(), {
      healthy: false,
      message:
        "The sealed secrets of component echo, link default (keyturn:lab) (3 bytes) have no valid seal: nkeys: encrypted input is not valid. Delete and put the link, so that the host seals its secrets again.",
    });
    assert.equal(it.event("link-refused")?.code, "PROVIDER_SEAL_MALFORMED");
    assert.equal(
      it.event("control-message-ignored")?.code,
      "PROVIDER_LINK_NOT_OURS",
    );
    await it.host.putLink(consumer);
    await it.host.waitHealthy(within);
  });

  test("secrets sealed for another key are refused, by component and link", async () => {
    await using it = await Lab.start();
    const sealed = it.host.seal("{}", it.host.keys.host.getPublicKey());
    await it.host.putLink({ ...consumer, targetSecrets: sealed });
    assert.equal(
      await it.host.waitUnhealthy(/do not open/),
      "The sealed secrets of component echo, link default (keyturn:lab) (46 bytes) do not open with the keys of this host and provider. Restart the provider, so that host and provider share new keys and the host seals the secrets again.",
    );
    await it.host.putLink({
      ...consumer,
      targetSecrets: it.host.seal("SUACANARY"),
    });
    const message = await it.host.waitUnhealthy(/malformed/);
    assert.equal(
      message,
      "The opened secrets of component echo, link default (keyturn:lab) are malformed: a value expected at byte 0. Check which host version sealed them; a wasmCloud 1.x host sends this form.",
    );
    assert.deepEqual(it.handler.log, []);
  });

  test("two copies in one lattice share the calls", async () => {
    const answered: string[] = [];
    await using one = await Lab.start({
      ask: async () => (answered.push("1"), ""),
    });
    await using two = await Lab.start({
      server: one.server,
      ask: async () => (answered.push("2"), ""),
    });
    const component = one.component("echo");
    await Promise.all(Array.from({ length: 60 }, () => component.ask("")));
    assert.equal(answered.length, 60);
    assert.deepEqual(new Set(answered), new Set(["1", "2"]));
    // A shutdown is for one host's copy only.
    assert.equal((await one.host.shutdown()).replied, true);
    assert.equal(await (await one.started).stopped, "shutdown");
    await component.ask("");
    assert.equal(answered.at(-1), "2");
    assert.deepEqual(await two.host.health(), { healthy: true });
  });

  test("a provider that cannot be created says why and leaves nothing behind", async () => {
    const starting = Lab.start({
      definition: {
        create: () => {
          throw new Error("No disk.");
        },
      },
    });
    await assert.rejects(starting, {
      code: "PROVIDER_CREATE_FAILED",
      message:
        "The provider could not be created: No disk. Look at the cause; the host starts the provider again.",
    });
  });
});

const bareInstance: ProviderInstance = {
  exports: [],
  putLink: async () => {},
  deleteLink: async () => {},
  close: async () => {},
};
