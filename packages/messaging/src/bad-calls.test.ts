// What a component, or anybody else in the lattice, may send: whatever it is, it is answered with an error
// value or ignored, nothing of it becomes protocol, and everybody else is served as before.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { createInbox, type NatsConnection } from "@nats-io/nats-core";

import {
  messagingConsumer,
  natsServer,
  tcpFaultProxy,
  until,
  type MessagingComponent,
  type NatsServer,
  type TcpFaultProxy,
} from "@keyturn/testkit";
import { client } from "@keyturn/wrpc";

import { MessagingLab, within } from "./testing/messaging-lab.test.js";

const maxPayload = 65_536;
const utf8 = new TextEncoder();
const calls = "default.messaging.wrpc.0.0.1.wasmcloud:messaging/consumer@0.2.0";

let lab: MessagingLab;
let backing: NatsServer;
let proxy: TcpFaultProxy;
let shop: MessagingComponent;
/** Everything that comes to the server of the link. */
let outside: NatsConnection;
let seen: string[];

beforeEach(async () => {
  backing = await natsServer({ maxPayload });
  proxy = await tcpFaultProxy(backing);
  lab = await MessagingLab.start({ backing });
  shop = await lab.component();
  await lab.put(
    lab.consumer({
      secrets: {},
      config: { cluster_uris: `127.0.0.1:${proxy.port}` },
    }),
  );
  outside = await lab.connectPlainly();
  seen = [];
  outside.subscribe(">", {
    callback: (_, { subject, data }) => {
      if (!subject.startsWith("_INBOX")) seen.push(`${subject} ${data.length}`);
    },
  });
  await outside.flush();
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
  await proxy.close();
  await backing.stop();
});

/** The provider still does its work, on the connection that it had. */
async function isUnharmed(): Promise<void> {
  seen.length = 0;
  await shop.publish("after.all", "well");
  await until("the message", within, () => seen.length > 0);
  assert.deepEqual(seen, ["after.all 4"]);
  assert.deepEqual(await lab.host.health(), { healthy: true });
  assert.equal(proxy.accepted, 1, "no other connection was needed");
}

describe("publish and request", () => {
  const bad: readonly (readonly [string, string, string])[] = [
    ["", '""', "it is empty"],
    ["a b", '"a b"', "it holds a blank"],
    [
      "a 0\r\n\r\nPUB canary 0\r\n\r\n",
      '"a 0\\r\\n\\r\\nPUB canary 0\\r\\n\\r\\n"',
      "it holds a blank",
    ],
    [
      "a\r\nSUB\t>\t9\r\n",
      '"a\\r\\nSUB\\t>\\t9\\r\\n"',
      "it holds a control character",
    ],
    ["a\u0000", '"a\\u0000"', "it holds a control character"],
    ["a\u009b31m", '"a\\u009b31m"', "it holds a control character"],
    ["a\u2028b", '"a\\u2028b"', "it holds a blank"],
    ["a.*", '"a.*"', "it holds a wildcard"],
    ["a.>", '"a.>"', "it holds a wildcard"],
    ["a..b", '"a..b"', "it has an empty token"],
    [".", '"."', "it has an empty token"],
    ["a.", '"a."', "it has an empty token"],
    [
      "x".repeat(1025),
      JSON.stringify("x".repeat(128)),
      "it is longer than 1024 bytes",
    ],
    [
      "ü".repeat(513),
      JSON.stringify("ü".repeat(128)),
      "it is longer than 1024 bytes",
    ],
  ];
  const refusal = (what: string, why: string): object => ({
    tag: "err",
    val: `The ${what} cannot be used: ${why}. Use tokens without blanks, separated by single dots. (MESSAGING_SUBJECT_INVALID)`,
  });
  const body = utf8.encode("body");

  test("of a bad subject are refused, and nothing of it reaches the server", async () => {
    const consumer = shop.consumer();
    const before = proxy.bytes("toServer");
    for (const [subject, shown, why] of bad) {
      assert.deepEqual(
        await consumer.publish({ subject, body, replyTo: undefined }),
        refusal(`subject ${shown}`, why),
      );
      assert.deepEqual(
        await consumer.request(subject, body, 1000),
        refusal(`subject ${shown}`, why),
      );
      if (subject === "") continue;
      assert.deepEqual(
        await consumer.publish({ subject: "a", body, replyTo: subject }),
        refusal(`reply-to ${shown}`, why),
      );
    }
    const sent = proxy.recorded("toServer").subarray(before).toString();
    // Pings may be due at any time.
    assert.equal(sent.replaceAll("PING\r\n", ""), "");
    await isUnharmed();
  });

  test("of a body that is larger than the server takes are refused; the largest goes", async () => {
    const consumer = shop.consumer();
    const refused = {
      tag: "err",
      val: `The message has ${maxPayload + 1} bytes, and the NATS server takes at most ${maxPayload}. Send less at a time, or raise the server's \`max_payload\`. (MESSAGING_BODY_TOO_LARGE)`,
    };
    const large = new Uint8Array(maxPayload + 1);
    assert.deepEqual(
      await consumer.publish({ subject: "a", body: large, replyTo: "b" }),
      refused,
    );
    assert.deepEqual(await consumer.request("a", large, 1000), refused);
    await shop.publish("largest", large.subarray(1));
    await until("the message", within, () => seen.length > 0);
    assert.deepEqual(seen, [`largest ${maxPayload}`]);
    await isUnharmed();
  });

  test("trace context counts for the size of a message", async () => {
    const traceparent =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const traced = client(lab.host.connection, {
      prefix: "default.messaging",
      interface: messagingConsumer,
      headers: { "source-id": "shop", traceparent },
    });
    const block = `NATS/1.0\r\ntraceparent: ${traceparent}\r\n\r\n`.length;
    const publish = (length: number) =>
      traced.publish({
        subject: "traced",
        body: new Uint8Array(length),
        replyTo: undefined,
      });
    const { tag, val } = await publish(maxPayload - block + 1);
    assert.equal(tag, "err");
    assert.match(String(val), /^The message has 65537 bytes, /);
    assert.equal((await publish(maxPayload - block)).tag, "ok");
    await until("the message", within, () => seen.length > 0);
    await isUnharmed();
  });

  test("of callers without a link, and without headers, are answered", async () => {
    const message = { subject: "a", body, replyTo: undefined };
    const call = async (headers?: Record<string, string>) => {
      const caller = client(lab.host.connection, {
        prefix: "default.messaging",
        interface: messagingConsumer,
        ...(headers && { headers }),
      });
      const { val } = await caller.publish(message);
      assert.deepEqual(await caller.request("a", body, 1000), {
        tag: "err",
        val,
      });
      return val;
    };
    assert.equal(await call(), "no component in request");
    assert.equal(await call({ x: "y" }), "component not linked: <unknown>");
    assert.equal(
      await call({ "source-id": "cart" }),
      "component not linked: cart",
    );
    assert.equal(
      await call({ "source-id": "shop", "link-name": "other" }),
      "component not linked: shop",
    );
    assert.deepEqual(seen, []);
    await isUnharmed();
  });
});

describe("garbage on what the provider listens to", () => {
  const garbage = [
    "",
    "\0",
    "{",
    "null",
    "[]",
    '"SUACANARY"',
    "{}",
    `{"source_id":"messaging","target":"messaging"}`,
    `{"source_id":"shop","target":"messaging","name":7}`,
    `{"source_id":"a b","target":"messaging"}`,
    `{"source_id":"shop","target":"messaging","target_config":{"client_seed":["SUACANARY"]}}`,
    `{"host_id":["x"]}`,
    "[".repeat(50_000),
    `{"a":"${"x".repeat(100_000)}`,
    Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    Buffer.alloc(1024, 0x80),
  ];

  test("control subjects: ignored, told at most so often, never repeated", async () => {
    const { connection, subjects } = lab.host;
    const listened = [
      subjects.linkPut,
      subjects.linkDelete("messaging"),
      subjects.health,
      subjects.shutdown,
    ];
    for (const subject of listened)
      for (const payload of garbage) {
        // A request for health is answered whatever it holds; this one has no reply subject.
        connection.publish(subject, payload);
      }
    await lab.host.health();
    const ignored = lab.providerEvents.filter(
      ({ type }) => type === "control-message-ignored",
    );
    assert.ok(ignored.length >= 4 && ignored.length < 40, `${ignored.length}`);
    assert.deepEqual(
      ignored
        .filter(({ message }) => /CANARY|xxxx/.test(message))
        .map(({ message }) => message),
      [],
    );
    assert.match(
      ignored[0]?.message ?? "",
      /^A message on `linkdefs\.put` is malformed: .* Find who else publishes on the host's control subjects; the host itself sends valid messages\.$/,
    );
    assert.equal(lab.provider.linkCount, 1);
    await isUnharmed();
  });

  test("a config that is none leaves the config as it was", async () => {
    const { connection, subjects } = lab.host;
    for (const payload of garbage)
      if (payload !== "{}") connection.publish(subjects.configUpdate, payload);
    await isUnharmed();
  });

  test("calls: parameters that are none, too long, or no UTF-8 end without a result", async () => {
    const { connection } = lab.host;
    let ended = 0;
    const inbox = createInbox();
    connection.subscribe(`${inbox}.*`, { callback: () => void ended++ });
    for (const func of ["publish", "request", "nothing", "publish.x"])
      for (const [i, payload] of garbage.entries()) {
        const bytes =
          typeof payload === "string" ? utf8.encode(payload) : payload;
        connection.publish(`${calls}.${func}`, bytes.subarray(0, 1000), {
          reply: `${inbox}.${func.length}-${i}`,
        });
        // Nobody to answer to.
        connection.publish(`${calls}.${func}`, bytes.subarray(0, 1000));
      }
    const half = [...utf8.encode("\u0003"), 0xed, 0xa0, 0x80, 0, 0];
    connection.publish(`${calls}.publish`, Uint8Array.from(half), {
      reply: `${inbox}.half`,
    });
    await until("the ends", within, () => ended > 0);
    await isUnharmed();
  });

  test("calls that stall cost the others nothing", async () => {
    const { connection } = lab.host;
    for (let i = 0; i < 1500; i++)
      connection.publish(`${calls}.publish`, Uint8Array.of(5, 0x61), {
        reply: `stalled.${i}`,
      });
    await connection.flush();
    const begin = performance.now();
    await isUnharmed();
    assert.ok(performance.now() - begin < 5_000);
  });

  test("messages: whatever they are, they come to the component as they are, or not at all", async () => {
    await lab.put(
      lab.handler(">", {
        component: "cart",
        secrets: {},
        config: {
          cluster_uris: backing.url,
          error_replies: "true",
          order_by_subject: "true",
        },
      }),
    );
    const cart = await lab.component({ id: "cart" });
    const bodies = [
      new Uint8Array(),
      new Uint8Array(maxPayload - 2).fill(0x80),
    ];
    for (const body of bodies)
      for (const subject of [
        "a",
        "\u001b[31m",
        "\u009b",
        "größe",
        "x".repeat(2000),
      ])
        outside.publish(subject, body, { reply: "\u001b]0;reply" });
    await until("all", within, () => cart.calls === 10);
    assert.deepEqual(
      [...new Set(cart.received.map(({ body }) => body.length))].toSorted(
        (a, b) => a - b,
      ),
      bodies.map(({ length }) => length),
    );
    assert.equal(cart.received[2]?.replyTo, "\u001b]0;reply");
  });
});
