import assert from "node:assert/strict";

import { until } from "@keyturn/testkit";
import { errors, type Status } from "@nats-io/nats-core";

import {
  asNatsJs,
  house,
  publishNumbers,
  sorted,
  upTo,
} from "./three-ways.test.fixture.js";

const at = await house();
const soonMs = 15_000;

asNatsJs(at, {
  "it says where it is": async ({ nc, midway }) => {
    const entered = midway();
    assert.equal(nc.getServer(), `127.0.0.1:${at.server.port}`);
    assert.equal(nc.info?.port, at.server.port);
    assert.equal(nc.info?.version, at.server.version);
    assert.equal(nc.info?.headers, true);
    assert.ok((nc.info?.client_id ?? 0) > 0);
    assert.deepEqual(
      nc.getServers().map(({ listen, gossiped }) => ({ listen, gossiped })),
      [{ listen: `127.0.0.1:${at.server.port}`, gossiped: false }],
    );
    assert.equal(nc.isClosed(), false);
    assert.equal(nc.isDraining(), false);
    await entered;
  },

  "the time to the server": async ({ nc, midway }) => {
    const entered = midway();
    const ms = await nc.rtt();
    assert.ok(Number.isInteger(ms) && ms >= 0 && ms < soonMs, `${ms} ms`);
    await entered;
  },

  "a close ends everything, without an error": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const statuses: string[] = [];
    const told = (async () => {
      for await (const { type } of nc.status()) statuses.push(type);
    })();
    const iterated = nc.subscribe(id);
    const called = nc.subscribe(id, { callback: () => undefined });
    const silent = peer.subscribe(`${id}.silent`, {
      callback: () => undefined,
    });
    await peer.flush();
    await nc.flush();
    const asked = assert.rejects(
      nc.request(`${id}.silent`, "", { timeout: soonMs }),
      (error) =>
        error instanceof errors.RequestError && error.name === "RequestError",
    );
    await midway();
    await nc.close();
    await asked;
    assert.equal(await nc.closed(), undefined);
    for await (const _ of iterated) assert.fail();
    await called.closed;
    await told;
    assert.equal(statuses.at(-1), "close");
    assert.equal(nc.isClosed(), true);
    assert.equal(nc.info, undefined);
    await nc.close();
    silent.unsubscribe();
  },

  "nothing goes on a closed connection": async ({ nc, id, midway }) => {
    const subscription = nc.subscribe(id, { callback: () => undefined });
    const entered = midway();
    await nc.close();
    await entered;
    const closed = {
      name: "ClosedConnectionError",
      message: "closed connection",
    };
    assert.throws(() => nc.publish(id), closed);
    assert.throws(() => nc.subscribe(id), closed);
    await assert.rejects(nc.request(id), closed);
    await assert.rejects(nc.requestMany(id), closed);
    await assert.rejects(nc.flush(), closed);
    await assert.rejects(nc.rtt(), closed);
    await assert.rejects(nc.drain(), closed);
    await assert.rejects(nc.reconnect(), closed);
    await assert.rejects(subscription.drain(), closed);
  },

  "a drain finishes what has come and what was published": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const got: number[] = [];
    const answers: number[] = [];
    const listening = peer.subscribe(`${id}.out`, {
      callback: (_, message) => void answers.push(Number(message.string())),
    });
    const iterated = nc.subscribe(id);
    const read = (async () => {
      for await (const message of iterated) got.push(Number(message.string()));
    })();
    nc.subscribe(id, {
      queue: "q",
      callback: (_, message) => nc.publish(`${id}.out`, message.data),
    });
    await peer.flush();
    await nc.flush();
    await publishNumbers(peer, id, 50);
    for (const number of upTo(300)) peer.publish(id, `${50 + number}`);
    await midway();
    await peer.flush();
    const drained = nc.drain();
    assert.equal(nc.isDraining(), true);
    assert.throws(() => nc.subscribe(id), { name: "DrainingConnectionError" });
    await assert.rejects(nc.request(id), { name: "DrainingConnectionError" });
    await assert.rejects(nc.drain(), { name: "DrainingConnectionError" });
    await assert.rejects(nc.reconnect(), { name: "DrainingConnectionError" });
    await drained;
    await read;
    assert.equal(nc.isClosed(), true);
    assert.equal(await nc.closed(), undefined);
    assert.deepEqual(sorted(got), upTo(350));
    await until("what was published", soonMs, () => answers.length >= 350);
    assert.deepEqual(sorted(answers), upTo(350));
    listening.unsubscribe();
  },

  "it is disposed of by draining": async ({ nc, peer, id, midway }) => {
    let got = 0;
    const subscription = peer.subscribe(id, { callback: () => void got++ });
    await peer.flush();
    await midway();
    {
      await using connection = nc;
      for (const _ of upTo(100)) connection.publish(id);
    }
    assert.equal(nc.isClosed(), true);
    await until("all", soonMs, () => got === 100);
    await nc[Symbol.asyncDispose]();
    subscription.unsubscribe();
  },
});

asNatsJs(
  at,
  {
    "a reconnect that is asked for": async ({ nc, peer, id }) => {
      const statuses: Status["type"][] = [];
      const iterator = nc.status() as AsyncIterable<Status> & { stop(): void };
      void (async () => {
        for await (const { type } of iterator) statuses.push(type);
      })();
      let got = 0;
      const subscription = nc.subscribe(id, { callback: () => void got++ });
      await nc.flush();
      await nc.reconnect();
      await until("it is back", soonMs, () => statuses.includes("reconnect"));
      const told = ["forceReconnect", "disconnect", "reconnect"];
      assert.deepEqual(
        statuses.filter((type) => told.includes(type)),
        told,
      );
      await nc.flush();
      peer.publish(id);
      await until("a message", soonMs, () => got === 1);
      iterator.stop();
      subscription.unsubscribe();
    },
  },
  { options: { reconnectDelayHandler: () => 0 } },
);
