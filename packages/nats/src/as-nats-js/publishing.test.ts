import assert from "node:assert/strict";

import { until } from "@keyturn/testkit";
import {
  errors,
  headers,
  type Msg,
  type NatsConnection,
} from "@nats-io/nats-core";

import {
  asNatsJs,
  house,
  publishNumbers,
  upTo,
} from "./three-ways.test.fixture.js";

const at = await house();
const soonMs = 15_000;

/** What a subject gets at the other end. */
async function heard(
  peer: NatsConnection,
  subject: string,
): Promise<{ messages: Msg[]; end(): void }> {
  const messages: Msg[] = [];
  const subscription = peer.subscribe(subject, {
    callback: (_, message) => void messages.push(message),
  });
  await peer.flush();
  return { messages, end: () => subscription.unsubscribe() };
}

asNatsJs(at, {
  "each message arrives once, in order": async ({ nc, peer, id }) => {
    const { messages, end } = await heard(peer, id);
    await publishNumbers(nc, id, 1000);
    await until("all", soonMs, () => messages.length >= 1000);
    assert.deepEqual(
      messages.map((message) => Number(message.string())),
      upTo(1000),
    );
    end();
  },

  "publishes to several subjects keep their order among each other": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const { messages, end } = await heard(peer, `${id}.>`);
    for (const round of upTo(5)) {
      for (const number of upTo(100)) {
        nc.publish(`${id}.${number % 3}`, `${(round - 1) * 100 + number}`);
        if (number === 50) await midway();
      }
    }
    await nc.flush();
    await until("all", soonMs, () => messages.length >= 500);
    assert.deepEqual(
      messages.map((message) => Number(message.string())),
      upTo(500),
    );
    end();
  },

  "a flush comes back when the server has all": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const { messages, end } = await heard(peer, id);
    for (const round of upTo(5)) {
      for (const _ of upTo(20)) nc.publish(id);
      const entered = midway();
      await nc.flush();
      await peer.flush();
      assert.equal(messages.length, 20 * round);
      await entered;
    }
    end();
  },

  "bodies and headers of all kinds": async ({ nc, peer, id, midway }) => {
    const { messages, end } = await heard(peer, id);
    const all = headers();
    all.append("x", "1");
    all.append("x", "2");
    const bytes = Uint8Array.from(
      { length: 100_000 },
      (_, index) => index % 256,
    );
    await midway();
    nc.publish(id);
    nc.publish(id, "text ✓");
    nc.publish(id, bytes);
    nc.publish(id, "with", { headers: all, reply: `${id}.reply` });
    nc.publish(id, new Uint8Array(), { headers: all });
    nc.publishMessage({
      subject: id,
      data: bytes.subarray(0, 3),
      headers: all,
    } as Msg);
    assert.equal(
      nc.respondMessage({ reply: id, data: bytes.subarray(0, 4) } as Msg),
      true,
    );
    assert.equal(nc.respondMessage({ data: bytes } as Msg), false);
    await nc.flush();
    await until("all", soonMs, () => messages.length >= 7);
    assert.deepEqual(
      messages.map(({ data }) => data.length),
      [0, 8, 100_000, 4, 0, 3, 4],
    );
    assert.equal(messages[1]?.string(), "text ✓");
    assert.deepEqual(Buffer.from(messages[2]?.data ?? []), Buffer.from(bytes));
    assert.equal(messages[3]?.reply, `${id}.reply`);
    for (const index of [3, 4, 5])
      assert.deepEqual(messages[index]?.headers?.values("x"), ["1", "2"]);
    end();
  },

  "what cannot be published": async ({ nc, id, midway }) => {
    await midway();
    assert.throws(() => nc.publish("a b"), { name: "InvalidSubjectError" });
    assert.throws(() => nc.publish(id, "", { reply: "a b" }), {
      name: "InvalidSubjectError",
    });
    const size = (nc.info?.max_payload ?? 0) + 1;
    assert.throws(() => nc.publish(id, new Uint8Array(size)), {
      name: "InvalidArgumentError",
      message: "'payload' max_payload size exceeded",
    });
    assert.throws(() => nc.publish(id, 7 as unknown as string), {
      name: "TypeError",
      message: "payload types can be strings or Uint8Array",
    });
  },

  "own messages come back": async ({ nc, id, midway }) => {
    const { messages, end } = await heard(nc, id);
    for (const number of upTo(200)) {
      nc.publish(id, `${number}`);
      if (number % 50 === 0) await midway();
    }
    await until("all", soonMs, () => messages.length >= 200);
    await nc.flush();
    assert.equal(messages.length, 200);
    end();
  },

  "what goes and comes is counted": async ({ nc, peer, id, midway }) => {
    const { end } = await heard(nc, `${id}.in`);
    const before = nc.stats();
    for (const _ of upTo(10)) nc.publish(id, "12345");
    await midway();
    for (const _ of upTo(10)) peer.publish(`${id}.in`, "123");
    await peer.flush();
    await nc.flush();
    await until("all", soonMs, () => nc.stats().inMsgs >= before.inMsgs + 10);
    const { inMsgs, inBytes, outMsgs, outBytes } = nc.stats();
    assert.deepEqual(
      [inMsgs - before.inMsgs, inBytes - before.inBytes],
      [10, 30],
    );
    assert.deepEqual(
      [outMsgs - before.outMsgs, outBytes - before.outBytes],
      [10, 50],
    );
    end();
  },
});

asNatsJs(
  at,
  {
    "with `noEcho` they do not": async ({ nc, peer, id }) => {
      const { messages, end } = await heard(nc, id);
      await publishNumbers(nc, id);
      await publishNumbers(peer, id, 1);
      await until("the peer's", soonMs, () => messages.length >= 1);
      assert.equal(messages.length, 1);
      end();
    },
  },
  { options: { noEcho: true } },
);

asNatsJs(
  at,
  {
    "a publish that is refused is told in the status": async ({
      nc,
      id,
      midway,
    }) => {
      const statuses = nc.status()[Symbol.asyncIterator]();
      await midway();
      nc.publish(`forbidden.${id}`, "");
      for (;;) {
        const { value } = await statuses.next();
        if (value?.type !== "error") continue;
        const { error } = value;
        assert.ok(error instanceof errors.PermissionViolationError);
        assert.equal(error.operation, "publish");
        assert.equal(error.subject, `forbidden.${id}`);
        break;
      }
      await statuses.return?.();
      const asked = assert.rejects(
        nc.request(`forbidden.${id}`, "", { timeout: soonMs }),
        (error) =>
          error instanceof errors.RequestError &&
          error.cause instanceof errors.PermissionViolationError,
      );
      await asked;
    },
  },
  { user: { claims: { pub: { allow: [">"], deny: ["forbidden.>"] } } } },
);
