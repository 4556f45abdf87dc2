import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { until } from "@keyturn/testkit";
import {
  createInbox,
  errors,
  headers,
  type Msg,
  type NatsConnection,
  type RequestManyOptions,
} from "@nats-io/nats-core";

import { asNatsJs, house, sorted, upTo } from "./three-ways.test.fixture.js";

const at = await house();
const soonMs = 15_000;

/** Answers with what was asked: at once if that is even, else a little later. */
function echo(nc: NatsConnection, subject: string): Promise<void> {
  nc.subscribe(subject, {
    queue: "echo",
    callback: (_, message) => {
      if (Number(message.string()) % 2 === 0) message.respond(message.data);
      else void pause(30).then(() => message.respond(message.data));
    },
  });
  return nc.flush();
}

/** Asks 100 times within a quarter of a second. */
async function askMany(ask: (number: number) => Promise<Msg>): Promise<void> {
  const asked: Promise<void>[] = [];
  for (const number of upTo(100)) {
    asked.push(
      ask(number).then((answer) => assert.equal(answer.string(), `${number}`)),
    );
    if (number % 4 === 0) await pause(10);
  }
  await Promise.all(asked);
}

function timesOut(error: unknown): boolean {
  return error instanceof errors.TimeoutError && error.name === "TimeoutError";
}

function isNoResponders(subject: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof errors.RequestError &&
    error.name === "RequestError" &&
    error.isNoResponders() &&
    error.cause instanceof errors.NoRespondersError &&
    error.cause.subject === subject;
}

asNatsJs(at, {
  "each request has its answer": async ({ nc, peer, id }) => {
    await echo(peer, id);
    await askMany((number) => nc.request(id, `${number}`, { timeout: soonMs }));
  },

  "each request with an inbox of its own has its answer": async ({
    nc,
    peer,
    id,
  }) => {
    await echo(peer, id);
    await askMany((number) =>
      nc.request(id, `${number}`, { timeout: soonMs, noMux: true }),
    );
  },

  "a request with a reply subject": async ({ nc, peer, id, midway }) => {
    await echo(peer, id);
    const reply = createInbox();
    const asked = nc.request(id, "1", { timeout: soonMs, noMux: true, reply });
    await midway();
    assert.equal((await asked).subject, reply);
    await assert.rejects(nc.request(id, "", { timeout: 1000, reply }), {
      name: "InvalidArgumentError",
      message: "'reply','noMux' are mutually exclusive",
    });
  },

  "each request made here is answered, also later": async ({
    nc,
    peer,
    id,
  }) => {
    await echo(nc, id);
    await askMany((number) =>
      peer.request(id, `${number}`, { timeout: soonMs }),
    );
  },

  "nobody there: it fails at once": async ({ nc, id, midway }) => {
    for (const noMux of [false, true])
      for (let i = 0; i < 5; i++) {
        const asked = assert.rejects(
          nc.request(id, "", { timeout: soonMs, noMux }),
          isNoResponders(id),
        );
        await midway();
        await asked;
      }
  },

  "nobody answers: it times out": async ({ nc, peer, id, midway }) => {
    const silent = peer.subscribe(id, { callback: () => undefined });
    await peer.flush();
    const asked = Promise.all([
      assert.rejects(nc.request(id, "", { timeout: 100 }), timesOut),
      assert.rejects(
        nc.request(id, "", { timeout: 100, noMux: true }),
        timesOut,
      ),
    ]);
    await midway();
    await asked;
    silent.unsubscribe();
  },

  "many answers: every strategy, and both kinds of inbox": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    // Six answers over 60 ms, and an empty one behind them.
    const many = peer.subscribe(id, {
      callback: (_, message) => {
        void (async () => {
          for (const number of upTo(6)) {
            message.respond(`${number}`);
            await pause(10);
          }
          message.respond();
        })();
      },
    });
    await peer.flush();
    const ask = async (
      options: Partial<RequestManyOptions>,
    ): Promise<string[]> => {
      const got: string[] = [];
      for await (const answer of await nc.requestMany(id, "", options))
        got.push(answer.string());
      return got;
    };
    const six = upTo(6).map(String);
    for (const noMux of [false, true]) {
      const asked = Promise.all([
        ask({ strategy: "sentinel", maxWait: soonMs, noMux }),
        ask({ strategy: "count", maxMessages: 3, maxWait: soonMs, noMux }),
        // On a busy machine a pause between two answers may be long.
        ask({ strategy: "stall", stall: 2000, maxWait: soonMs, noMux }),
        ask({ strategy: "timer", maxWait: 2000, noMux }),
      ]);
      await midway();
      const [sentinel, count, stall, timer] = await asked;
      assert.deepEqual(sentinel, [...six, ""]);
      // With an inbox of its own nats.js drains, which may bring what has come meanwhile.
      assert.deepEqual(noMux ? count?.slice(0, 3) : count, ["1", "2", "3"]);
      assert.deepEqual(stall, [...six, ""]);
      assert.deepEqual(timer, [...six, ""]);
    }
    many.unsubscribe();
  },

  "many answers, and nobody there": async ({ nc, id, midway }) => {
    const asked = assert.rejects(
      async () => {
        for await (const _ of await nc.requestMany(id, "", { maxWait: soonMs }))
          assert.fail();
      },
      (error) => error instanceof errors.NoRespondersError,
    );
    await midway();
    await asked;
  },

  "answers to a reply subject of one's own": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const inbox = createInbox();
    const got: number[] = [];
    nc.subscribe(inbox, {
      callback: (_, message) => void got.push(Number(message.string())),
    });
    await echo(peer, id);
    await nc.flush();
    for (const number of upTo(100)) {
      nc.publish(id, `${number}`, { reply: inbox });
      if (number % 50 === 0) await midway();
    }
    await until("all answers", soonMs, () => got.length >= 100);
    assert.deepEqual(sorted(got), upTo(100));
  },

  "headers go and come": async ({ nc, peer, id, midway }) => {
    peer.subscribe(id, {
      callback: (_, message) => {
        const answer = headers();
        for (const [name, values] of message.headers ?? [])
          for (const value of values) answer.append(name, value);
        message.respond(message.data, { headers: answer });
      },
    });
    await peer.flush();
    const sent = headers();
    sent.append("a", "1");
    sent.append("a", "2");
    sent.set("b-c", "with: colon");
    const asked = nc.request(id, "body", { timeout: soonMs, headers: sent });
    await midway();
    const got = await asked;
    assert.deepEqual(got.headers?.values("a"), ["1", "2"]);
    assert.equal(got.headers?.get("b-c"), "with: colon");
    assert.equal(got.string(), "body");
  },
});

asNatsJs(
  at,
  {
    "who may only answer does, also later": async ({ nc, peer, id }) => {
      const refused: Error[] = [];
      const statuses = nc.status() as AsyncIterable<{
        type: string;
        error?: Error;
      }> & { stop(): void };
      void (async () => {
        for await (const { type, error } of statuses)
          if (type === "error" && error !== undefined) refused.push(error);
      })();
      await echo(nc, id);
      await askMany((number) =>
        peer.request(id, `${number}`, { timeout: soonMs }),
      );
      assert.deepEqual(refused, []);
      statuses.stop();
    },
  },
  {
    user: { claims: { pub: { deny: [">"] }, resp: { max: 1, ttl: 10 * 1e9 } } },
  },
);
