import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Admission, type AdmissionLimits, type Delivery } from "./admission.js";
import { ByteBudget } from "./byte-budget.js";

const settle = (): Promise<void> =>
  new Promise((resolve) => void setImmediate(resolve));

/** An admission whose messages end when the test says so. */
function room(limits: Partial<AdmissionLimits> = {}, bytes = 1_000_000) {
  const running: { name: string; end: () => void }[] = [];
  const begun: string[] = [];
  const budget = new ByteBudget(bytes);
  const admission = new Admission(
    { concurrency: 2, maxWaiting: 3, orderBySubject: false, ...limits },
    budget,
    ({ subject, body }: Delivery) =>
      new Promise((resolve) => {
        const name = `${subject}${body[0] ?? ""}`;
        begun.push(name);
        running.push({ name, end: resolve });
      }),
  );
  return {
    admission,
    budget,
    begun,
    offer: (subject: string, number = 0, size = 1): boolean =>
      admission.offer({
        subject,
        body: new Uint8Array(size).fill(number),
        replyTo: undefined,
        trace: undefined,
      }),
    async end(name: string): Promise<void> {
      const at = running.findIndex((one) => one.name === name);
      assert.notEqual(at, -1, `${name} is not running`);
      running.splice(at, 1)[0]?.end();
      await settle();
    },
  };
}

describe("admission", () => {
  test("lets in what may run, keeps what may wait, refuses the rest", async () => {
    const { admission, offer, begun, end } = room();
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map((number) => offer("a", number)),
      [true, true, true, true, true, false],
    );
    assert.deepEqual(begun, ["a1", "a2"]);
    assert.equal(admission.running, 2);
    assert.equal(admission.waiting, 3);
    await end("a2");
    assert.deepEqual(begun, ["a1", "a2", "a3"]);
    assert.equal(offer("a", 7), true);
    for (const name of ["a1", "a3", "a4", "a5", "a7"]) await end(name);
    assert.deepEqual(begun, ["a1", "a2", "a3", "a4", "a5", "a7"]);
    await admission.idle();
  });

  test("what waits is a copy, and is bounded in bytes over all links", async () => {
    const { admission, offer, budget, end } = room({ maxWaiting: 100 }, 2_000);
    const body = new Uint8Array([7]);
    offer("a", 1);
    offer("a", 2);
    assert.equal(
      admission.offer({
        subject: "b",
        body,
        replyTo: undefined,
        trace: undefined,
      }),
      true,
    );
    body.fill(0);
    assert.equal(offer("c", 3, 2_000), false);
    assert.equal(offer("c", 4, 1_000), true);
    assert.equal(budget.used, 1_001 + 2 * 256);
    assert.equal(offer("c", 5, 1_000), false);
    await end("a1");
    await end("b7");
    assert.equal(budget.used, 0);
    await end("a2");
    await end("c4");
  });

  test("by subject: one of a subject at a time and in order, others beside it", async () => {
    const { admission, offer, begun, end } = room({
      orderBySubject: true,
      maxWaiting: 10,
    });
    for (const [subject, number] of [
      ["a", 1],
      ["a", 2],
      ["b", 1],
      ["c", 1],
      ["a", 3],
      ["c", 2],
    ] as const)
      assert.equal(offer(subject, number), true);
    assert.deepEqual(begun, ["a1", "b1"]);
    await end("b1");
    assert.deepEqual(begun.slice(2), ["c1"]);
    await end("a1");
    assert.deepEqual(begun.slice(3), ["a2"]);
    await end("c1");
    await end("c2");
    await end("a2");
    await end("a3");
    assert.deepEqual(begun, ["a1", "b1", "c1", "a2", "c2", "a3"]);
    await admission.idle();
    assert.equal(offer("a", 4), true);
    await end("a4");
  });

  test("more may run from one moment to the next", async () => {
    const { admission, offer, begun } = room();
    for (const number of [1, 2, 3, 4]) offer("a", number);
    admission.change({ concurrency: 3, maxWaiting: 0, orderBySubject: false });
    assert.deepEqual(begun, ["a1", "a2", "a3"]);
    assert.equal(offer("a", 5), false);
    assert.equal(admission.waiting, 1);
  });

  test("clear drops what waits, and tells how much; what runs goes on", async () => {
    const { admission, offer, budget, end } = room({ orderBySubject: true });
    for (const number of [1, 2, 3]) offer("a", number);
    offer("b", 1);
    assert.equal(admission.clear(), 2);
    assert.equal(budget.used, 0);
    let isIdle = false;
    void admission.idle().then(() => (isIdle = true));
    await end("a1");
    assert.equal(isIdle, false);
    await end("b1");
    assert.equal(isIdle, true);
  });
});
