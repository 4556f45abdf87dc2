import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import {
  HostDouble,
  MessagingComponent,
  natsServer,
  until,
} from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";

import { componentId, linksTo, providerId } from "../arena/contender.js";

const main = fileURLToPath(new URL("main.js", import.meta.url));
// Lengths of two bytes, and more than one read of a socket.
const sizes = [0, 300, 200_000];

for (const kind of ["sockets", "nats.js"]) {
  test(`a bare provider on ${kind} delivers, publishes and requests`, async () => {
    await using lattice = await natsServer();
    await using backing = await natsServer();
    await using component = await MessagingComponent.start({
      lattice,
      id: componentId,
      provider: providerId,
    });
    await using host = await HostDouble.start({
      lattice,
      provider: [process.execPath, main, kind],
      providerId,
      links: linksTo(backing),
    });
    await host.waitHealthy();
    const client = await connect({ servers: backing.url });
    await using _closing = { [Symbol.asyncDispose]: () => client.close() };
    const published: number[] = [];
    client.subscribe("out.>", {
      callback: (_error, { data }) => void published.push(data.length),
    });
    client.subscribe("svc.echo", {
      callback: (_error, message) => void message.respond(message.data),
    });
    await client.flush();
    const consumer = component.consumer();
    for (const size of sizes) {
      const body = new Uint8Array(size).fill(size % 251);
      client.publish(`in.${size}`, body);
      const message = { subject: "out.test", body, replyTo: undefined };
      assert.equal((await consumer.publish(message)).tag, "ok");
      const answer = await consumer.request("svc.echo", body, 5000);
      assert.ok(answer.tag === "ok");
      assert.deepEqual(Buffer.from(answer.val.body), Buffer.from(body));
    }
    await until("all deliveries", 5000, () => component.calls === sizes.length);
    assert.deepEqual(
      component.received.map(({ subject, body }) => [subject, body.length]),
      sizes.map((size) => [`in.${size}`, size]),
    );
    assert.deepEqual(published, sizes);
  });
}
