import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import type { NatsConnection } from "@nats-io/nats-core";
import {
  ServiceErrorCodeHeader,
  ServiceErrorHeader,
  Svcm,
  type Service,
} from "@nats-io/services";

import { asNatsJs, house, upTo } from "./three-ways.test.fixture.js";

const at = await house();

/** The package of services is older than the rest of nats.js, and has types of its own. */
function services(nc: NatsConnection): Svcm {
  return new Svcm(nc as unknown as ConstructorParameters<typeof Svcm>[0]);
}

/** A service with one endpoint that doubles numbers, and refuses what is none. */
async function doubling(nc: NatsConnection, name: string): Promise<Service> {
  const service = await services(nc).add({
    name,
    version: "1.0.0",
    description: "doubles",
  });
  service.addGroup(name).addEndpoint("double", {
    metadata: { unit: "one" },
    handler: (error, message) => {
      assert.equal(error, null);
      const number = Number(message.string());
      if (Number.isNaN(number)) message.respondError(400, "no number");
      else if (number % 2 === 0) message.respond(`${2 * number}`);
      else void pause(20).then(() => message.respond(`${2 * number}`));
    },
  });
  await nc.flush();
  return service;
}

async function all<T>(answers: Promise<AsyncIterable<T>>): Promise<T[]> {
  const got: T[] = [];
  for await (const answer of await answers) got.push(answer);
  return got;
}

asNatsJs(at, {
  "an endpoint answers each request": async ({ nc, peer, id, midway }) => {
    const service = await doubling(nc, id);
    const asked = upTo(100).map(async (number) => {
      await pause(2 * number);
      if (number % 20 === 0) await midway();
      const answer = await peer.request(`${id}.double`, `${number}`, {
        timeout: 15_000,
      });
      assert.equal(answer.string(), `${2 * number}`);
    });
    await Promise.all(asked);
    const { endpoints } = await service.stats();
    assert.equal(endpoints?.[0]?.num_requests, 100);
    assert.equal(endpoints?.[0]?.num_errors, 0);
    await service.stop();
  },

  "errors are told to who asked": async ({ nc, peer, id, midway }) => {
    const service = await doubling(nc, id);
    await midway();
    const answer = await peer.request(`${id}.double`, "two", {
      timeout: 15_000,
    });
    assert.equal(answer.headers?.get(ServiceErrorCodeHeader), "400");
    assert.equal(answer.headers?.get(ServiceErrorHeader), "no number");
    await service.stop();
  },

  "it is found: ping, info, stats": async ({ nc, peer, id, midway }) => {
    const service = await doubling(nc, id);
    const twin = await doubling(nc, id);
    const client = services(peer).client();
    await midway();
    const ids = (await all(client.ping(id))).map((identity) => identity.id);
    assert.deepEqual(ids.sort(), [service.info().id, twin.info().id].sort());
    const [info] = await all(client.info(id, service.info().id));
    assert.deepEqual(info?.endpoints, service.info().endpoints);
    assert.equal(info?.endpoints[0]?.subject, `${id}.double`);
    await midway();
    const [stats] = await all(client.stats(id, twin.info().id));
    assert.equal(stats?.endpoints?.[0]?.num_requests, 0);
    await Promise.all([service.stop(), twin.stop()]);
    assert.equal(service.isStopped, true);
  },

  "others' services are found and used": async ({ nc, peer, id, midway }) => {
    const service = await doubling(peer, id);
    const client = services(nc).client();
    const entered = midway();
    assert.equal((await all(client.ping(id))).length, 1);
    await entered;
    const answer = await nc.request(`${id}.double`, "21", { timeout: 15_000 });
    assert.equal(answer.string(), "42");
    await service.stop();
  },

  "a service that was stopped in the midst of it is gone": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const service = await doubling(nc, id);
    await midway();
    assert.equal(await service.stop(), null);
    assert.equal(await service.stopped, null);
    await assert.rejects(
      peer.request(`${id}.double`, "1", { timeout: 15_000 }),
      {
        name: "RequestError",
      },
    );
    assert.deepEqual(
      await all(services(peer).client().ping(id)).catch(() => []),
      [],
    );
  },
});
