import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type {
  Msg,
  MsgCallback,
  NatsConnection,
  Subscription,
} from "@nats-io/nats-core";

import { until } from "@keyturn/testkit";

import type { Settings } from "../settings/settings.js";
import { ControlPlane } from "./control-plane.js";
import { Lab } from "../testing/lab.test.js";

const consumer = {
  source: "echo",
  target: "provider",
  namespace: "keyturn",
  package: "lab",
  interfaces: ["lab"],
};
const within = 5_000;
const next =
  " Find who else publishes on the host's control subjects; the host itself sends valid messages.";

/** The fastest of a few, in milliseconds: the machine may be busy, the provider must not be. */
async function fastest(
  times: number,
  work: () => Promise<unknown>,
): Promise<number> {
  const spans: number[] = [];
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    await work();
    spans.push(performance.now() - begin);
  }
  return Math.min(...spans);
}

describe("control subjects", () => {
  test("health is answered at once while links hang", async () => {
    await using it = await Lab.start({ obedient: false });
    for (let i = 0; i < 50; i++)
      await it.host.putLink({ ...consumer, source: `p${i}` });
    await until("a put", within, () => it.handler.operations.length >= 32);
    assert.ok((await fastest(5, () => it.host.health())) < 100);
  });

  test("shutdown is answered within the host's delay while links hang", async () => {
    await using it = await Lab.start({ obedient: false });
    await it.host.putLink(consumer);
    await until("a put", within, () => it.handler.operations.length === 1);
    const { replied } = await it.host.shutdown();
    assert.equal(replied, true);
    assert.equal(it.handler.last.signal?.aborted, true);
    assert.equal(await (await it.started).stopped, "shutdown");
  });

  test("shutdown is answered in the words of wasmCloud's own providers", async () => {
    await using it = await Lab.start();
    const { connection, subjects, keys } = it.host;
    const request = JSON.stringify({ host_id: keys.hostId });
    const answer = await connection.request(subjects.shutdown, request);
    assert.equal(answer.string(), "shutting down");
  });

  test("a shutdown for another host, or one that is not understood, is ignored", async () => {
    await using it = await Lab.start();
    const { connection, subjects } = it.host;
    for (const text of [
      '{"host_id":"NOTHER"}',
      "{}",
      "",
      "shutdown",
      "[]",
      '{"host_id":7}',
    ])
      connection.publish(subjects.shutdown, text);
    assert.deepEqual(await it.host.health(), { healthy: true });
    // Those for another host, "{}" among them, are understood.
    assert.equal((await it.started).counters().control.ignored, 4);
  });

  test("garbage on every subject is harmless, counted, and told once with its reason", async () => {
    await using it = await Lab.start({
      definition: { sensitiveConfigKeys: ["seed"] },
    });
    const { connection, subjects } = it.host;
    const link = (fields: object): string =>
      JSON.stringify({ source_id: "echo", target: "provider", ...fields });
    const garbage: [string, string, string | Uint8Array, string][] = [
      [
        "linkdefs.put",
        subjects.linkPut,
        "SUACANARY",
        "is malformed: a value expected at byte 0.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        "",
        "is malformed: a value expected at byte 0.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        Uint8Array.of(0xff, 0xfe),
        "is malformed: it is not UTF-8.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        "null",
        "A link definition is malformed: the whole must be an object, not null.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        link({ source_id: 7 }),
        "A link definition is malformed: `source_id` must be a string, not a number.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        link({ source_id: "a b" }),
        "A link definition is malformed: `source_id` is not the id of a component.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        link({ source_id: ">" }),
        "A link definition is malformed: `source_id` is not the id of a component.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        link({ name: "a b" }),
        "A link definition is malformed: `name` has blanks or is longer than 256 characters.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        link({ target: "else" }),
        "A link definition names this provider at neither end.",
      ],
      [
        "linkdefs.put",
        subjects.linkPut,
        link({ source_id: "provider" }),
        "A link definition names this provider at both ends.",
      ],
      [
        "linkdefs.del",
        subjects.linkDelete("provider"),
        "[]",
        "A link definition is malformed: the whole must be an object, not an array.",
      ],
      [
        "linkdefs.del",
        subjects.linkDelete("provider"),
        "{",
        "is malformed: a key expected at byte 1.",
      ],
      [
        "config.update",
        subjects.configUpdate,
        '{"seed":7}',
        "is malformed: `seed` must be a string, not a number.",
      ],
      [
        "config.update",
        subjects.configUpdate,
        '"SUACANARY"',
        "is malformed: the whole must be an object, not a string.",
      ],
      [
        "default.shutdown",
        subjects.shutdown,
        "SUACANARY",
        "is malformed: a value expected at byte 0.",
      ],
    ];
    const provider = await it.started;
    let ignored = 0;
    for (const [, subject, data] of garbage) {
      connection.publish(subject, data);
      ignored++;
    }
    connection.publish(subjects.health, "no reply subject");
    ignored++;
    await until(
      "all of it",
      within,
      () => provider.counters().control.ignored >= ignored,
    );

    const told = it.events.filter(
      ({ type }) => type === "control-message-ignored",
    );
    assert.deepEqual(
      told.map(({ message }) => message),
      [
        `A message on \`linkdefs.put\` is malformed: a value expected at byte 0.${next}`,
        "A link definition is malformed: the whole must be an object, not an array. Correct the link, then delete and put it again.",
        `A message on \`config.update\` is malformed: \`seed\` must be a string, not a number.${next}`,
        `A message on \`default.shutdown\` is malformed: a value expected at byte 0.${next}`,
        `A message on \`health\` is malformed: the request has no reply subject.${next}`,
      ],
    );
    assert.equal(provider.counters().control.ignored, ignored);
    assert.equal(provider.linkCount, 0);
    assert.deepEqual(it.handler.log, []);
    assert.deepEqual(await it.host.health(), { healthy: true });
  });

  for (const [what, definition, message] of [
    [
      "an empty message",
      "",
      "A message on `linkdefs.put` is malformed: a value expected at byte 0." +
        next,
    ],
    [
      "no UTF-8",
      Uint8Array.of(0xff, 0xfe),
      "A message on `linkdefs.put` is malformed: it is not UTF-8." + next,
    ],
    [
      "null",
      "null",
      "A link definition is malformed: the whole must be an object, not null. Correct the link, then delete and put it again.",
    ],
    [
      "a number for an id",
      '{"source_id":7,"target":"provider"}',
      "A link definition is malformed: `source_id` must be a string, not a number. Correct the link, then delete and put it again.",
    ],
    [
      "a blank in the peer",
      '{"source_id":"a b","target":"provider"}',
      "A link definition is malformed: `source_id` is not the id of a component. Correct the link, then delete and put it again.",
    ],
    [
      "a wildcard as peer",
      '{"source_id":"provider","target":">"}',
      "A link definition is malformed: `target` is not the id of a component. Correct the link, then delete and put it again.",
    ],
    [
      "a blank in the link name",
      '{"source_id":"echo","target":"provider","name":"a b"}',
      "A link definition is malformed: `name` has blanks or is longer than 256 characters. Correct the link, then delete and put it again.",
    ],
    [
      "neither end",
      '{"source_id":"echo","target":"else"}',
      "A link definition names this provider at neither end. Put the link between this provider's id and a component.",
    ],
    [
      "both ends",
      '{"source_id":"provider","target":"provider"}',
      "A link definition names this provider at both ends. Put the link between this provider's id and a component.",
    ],
  ] as const)
    test(`a put with ${what} is refused with its reason`, async () => {
      await using it = await Lab.start();
      it.host.connection.publish(it.host.subjects.linkPut, definition);
      await it.host.health();
      assert.equal(it.event("control-message-ignored")?.message, message);
    });

  test("a put with a malformed part of a known link is refused for that link", async () => {
    await using it = await Lab.start();
    const put = (fields: object): void =>
      it.host.connection.publish(
        it.host.subjects.linkPut,
        JSON.stringify({
          source_id: "echo",
          target: "provider",
          wit_namespace: "keyturn",
          wit_package: "lab",
          ...fields,
        }),
      );
    const of =
      "The link of component echo, link default (keyturn:lab) is malformed:";
    for (const [fields, problem] of [
      [
        { target_config: { url: 7 } },
        "`target_config.url` must be a string, not a number",
      ],
      [
        { source_config: { url: 7 } },
        "`source_config.url` must be a string, not a number",
      ],
      [{ interfaces: [7] }, "`interfaces[0]` must be a string, not a number"],
      [
        { target_secrets: "SUACANARY" },
        "`target_secrets` must be an array of integers 0 to 255, not a string",
      ],
      [
        { target_secrets: [256] },
        "`target_secrets` must be an array of integers 0 to 255",
      ],
    ] as const) {
      put(fields);
      assert.deepEqual(await it.host.health(), {
        healthy: false,
        message: `${of} ${problem}. Correct the link, then delete and put it again.`,
      });
    }
    put({});
    await it.host.waitHealthy(within);
  });

  test("the plain-id subjects of old hosts are not listened to", async () => {
    await using it = await Lab.start();
    it.host.connection.publish(
      it.host.subjects.oldLinkPut("provider"),
      JSON.stringify({ source_id: "echo", target: "provider" }),
    );
    await it.host.health();
    assert.deepEqual(it.handler.log, []);
  });

  test("a host before 1.1, which has no curve keys, puts links on the provider's id", async () => {
    await using it = await Lab.start({
      host: {
        override: {
          host_xkey_public_key: undefined,
          provider_xkey_private_key: undefined,
        },
      },
    });
    it.host.connection.publish(
      it.host.subjects.oldLinkPut("provider"),
      JSON.stringify({ source_id: "echo", target: "provider" }),
    );
    await until("the put", within, () => it.handler.operations.length === 1);
    assert.equal((await it.started).xkey, undefined);
    assert.equal(it.handler.last.link.key, "target echo default :");
  });

  test("the bytes of a message are wiped once it is read", async () => {
    const callbacks = new Map<string, MsgCallback<Msg>>();
    const connection = {
      subscribe: (
        subject: string,
        { callback }: { callback: MsgCallback<Msg> },
      ) => {
        callbacks.set(subject, callback);
        return {} as Subscription;
      },
      flush: () => Promise.resolve(),
    } as unknown as NatsConnection;
    const address = { hostId: "N", lattice: "l", providerId: "p", xkey: "X" };
    const settings: Settings[] = [];
    const plane = new ControlPlane(address, ["seed"], {
      putLink: () => {},
      deleteLink: () => {},
      updateConfig: (next) => void settings.push(next),
      health: () => ({ healthy: true }),
      shutdown: () => {},
    });
    await plane.open(connection);
    assert.deepEqual(
      [...callbacks.keys()],
      [
        "wasmbus.rpc.l.X.linkdefs.put",
        "wasmbus.rpc.l.p.linkdefs.del",
        "wasmbus.rpc.l.p.config.update",
        "wasmbus.rpc.l.p.health",
        "wasmbus.rpc.l.p.default.shutdown",
      ],
    );
    for (const text of ['{"seed":"SUACANARY"}', '{"seed":"SUACANARY"']) {
      const data = new TextEncoder().encode(text);
      void callbacks.get("wasmbus.rpc.l.p.config.update")?.(null, {
        data,
      } as Msg);
      assert.ok(data.every((byte) => byte === 0));
    }
    assert.equal(settings[0]?.exposed.get("seed")?.revealText(), "SUACANARY");
    assert.equal(plane.counters.ignored, 1);
  });
});
