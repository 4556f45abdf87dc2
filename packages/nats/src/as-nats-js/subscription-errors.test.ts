import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { until } from "@keyturn/testkit";
import { errors } from "@nats-io/nats-core";

import { asNatsJs, house } from "./three-ways.test.fixture.js";

const at = await house();
const soonMs = 15_000;

asNatsJs(at, {
  "a timeout is an error, unless a message comes before": async ({
    nc,
    peer,
    id,
    midway,
  }) => {
    const failures: unknown[] = [];
    nc.subscribe(`${id}.silent`, {
      timeout: 150,
      callback: (error) => void failures.push(error),
    });
    const silent = nc.subscribe(`${id}.silent`, { timeout: 150 });
    const busy = nc.subscribe(`${id}.busy`, { timeout: 10_000, max: 2 });
    await nc.flush();
    await midway();
    peer.publish(`${id}.busy`);
    await assert.rejects(
      async () => {
        for await (const _ of silent) assert.fail("it is silent");
      },
      (error) =>
        error instanceof errors.TimeoutError && error.name === "TimeoutError",
    );
    await until("the callback's", soonMs, () => failures.length > 0);
    assert.ok(failures[0] instanceof errors.TimeoutError);
    await pause(50);
    peer.publish(`${id}.busy`);
    let got = 0;
    for await (const _ of busy) got++;
    assert.equal(got, 2);
  },

  "an iterator cannot be used beside a callback, nor twice": async ({
    nc,
    id,
  }) => {
    const withCallback = nc.subscribe(id, { callback: () => undefined });
    await assert.rejects(
      async () => {
        for await (const _ of withCallback) assert.fail();
      },
      { name: "InvalidOperationError" },
    );
    withCallback.unsubscribe();
    const subscription = nc.subscribe(id);
    const first = subscription[Symbol.asyncIterator]();
    const waiting = first.next();
    await assert.rejects(
      async () => {
        for await (const _ of subscription) assert.fail();
      },
      { name: "InvalidOperationError" },
    );
    subscription.unsubscribe();
    assert.equal((await waiting).done, true);
  },

  "subjects that are none": async ({ nc }) => {
    for (const subject of ["", "a b", "a\tb"])
      assert.throws(() => nc.subscribe(subject), {
        name: "InvalidSubjectError",
        message: `illegal subject: '${subject}'`,
      });
  },
});

asNatsJs(
  at,
  {
    "a subscription that is refused ends with the error": async ({
      nc,
      id,
      midway,
    }) => {
      await midway();
      const told: unknown[] = [];
      const statuses = nc.status()[Symbol.asyncIterator]();
      const plain = nc.subscribe(`forbidden.${id}`, {
        callback: (error) => void told.push(error),
      });
      const error = await plain.closed;
      assert.ok(error instanceof errors.PermissionViolationError);
      assert.equal(error.name, "PermissionViolationError");
      assert.equal(error.operation, "subscription");
      assert.equal(error.subject, `forbidden.${id}`);
      assert.equal(error.queue, undefined);
      assert.deepEqual(told, [error]);
      for (;;) {
        const { value } = await statuses.next();
        if (value?.type !== "error") continue;
        assert.equal(value.error, error);
        break;
      }
      await statuses.return?.();
      const shared = nc.subscribe(`forbidden.${id}`, { queue: "workers" });
      await assert.rejects(
        async () => {
          for await (const _ of shared) assert.fail();
        },
        { name: "PermissionViolationError", queue: "workers" },
      );
    },
  },
  {
    user: {
      claims: { sub: { allow: [">"], deny: ["forbidden.>", "forbidden.> >"] } },
    },
  },
);
