import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Credential } from "../credentials/credential.js";
import type { Credentials } from "../sources/credential-source.js";
import { FakeClock } from "./fake-clock.test.fixture.js";
import { asSource } from "../sources/as-source.js";
import { Keeper } from "./keeper.js";
import type { RefreshOptions } from "./refresh-plan.js";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

let made = 0;

/** A credential as an issuer with the right time makes it, in whole seconds as JWTs have it. */
function issue(clock: FakeClock, lifeMs: number): Credential {
  const now = Math.floor(clock.trueNow() / second) * second;
  return new Credential({
    kind: "token",
    origin: { source: "this test", plaintext: false },
    identity: [String(made++)],
    issuedAt: now,
    expiresAt: now + lifeMs,
    present: () => ({ auth_token: "t" }),
    wipe: () => undefined,
  });
}

function keep(
  clock: FakeClock,
  credentials: Credentials,
  options: RefreshOptions = {},
): { keeper: Keeper; failures: unknown[]; news: unknown[] } {
  const failures: unknown[] = [];
  const news: unknown[] = [];
  const keeper = new Keeper(
    asSource(credentials),
    options,
    {
      check: () => undefined,
      used: () => undefined,
      onCredential: () => undefined,
      onFailure: (error, _, isRepeat) => {
        failures.push(error);
        if (!isRepeat) news.push(error);
      },
    },
    clock,
  );
  return { keeper, failures, news };
}

function isExpired(keeper: Keeper): boolean {
  return (keeper.fault() as { code?: string } | undefined)?.code ===
    "CREDENTIAL_EXPIRED"
    ? true
    : false;
}

describe("time", () => {
  test("1,000 keepers with one expiry spread over more than 20 % of its life", async (t) => {
    const clock = new FakeClock();
    const life = minute;
    const all = issue(clock, life);
    const calls: number[] = [];
    let isNew = false;
    const next = issue(clock, 100 * life);
    const keepers = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const { keeper } = keep(clock, () => {
          if (isNew) calls.push(clock.now());
          return isNew ? next : all;
        });
        await keeper.start();
        return keeper;
      }),
    );
    isNew = true;
    const due = keepers.map(({ nextRefresh }) => nextRefresh?.getTime() ?? 0);
    const start = clock.now();
    const shares = due
      .map((at) => (at - start) / life)
      .toSorted((a, b) => a - b);
    const [first, last] = [shares.at(0) ?? 0, shares.at(-1) ?? 0];
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    const busiest = Math.max(
      ...shares.map(
        (from) => shares.filter((s) => s >= from && s < from + 0.01).length,
      ),
    );
    t.diagnostic(
      `first at ${percent(first)}, last at ${percent(last)} of the life: spread ${percent(last - first)}; busiest 1 % of the life: ${busiest} of 1,000`,
    );
    assert.ok(last - first >= 0.2);
    assert.ok(first >= 0.5 && last <= 0.8);
    assert.ok(busiest < 100);
    // The last tenth of the life has nothing to do: all have come, and each asked once.
    for (const keeper of keepers.slice(0, 50)) keeper.close();
    calls.length = 0;
    await clock.run(0.9 * life);
    t.diagnostic(`${calls.length} reads by 950 keepers in the life`);
    assert.equal(calls.length, 950);
    for (const keeper of keepers) keeper.close();
  });

  test("what a slow read brings after its deadline is not looked at", async () => {
    const clock = new FakeClock();
    const [a, b, late] = [1, 2, 3].map(() => issue(clock, hour));
    assert.ok(a && b && late);
    let deliver: ((credential: Credential) => void) | undefined;
    const signals: AbortSignal[] = [];
    let answer = (): Promise<Credential> => Promise.resolve(a);
    const { keeper } = keep(clock, (signal) => {
      signals.push(signal);
      return answer();
    });
    await keeper.start();
    answer = () => new Promise((resolve) => (deliver = resolve));
    const slow = keeper.refresh();
    assert.equal(keeper.refresh(), slow, "one read at a time");
    slow.catch(() => undefined);
    await clock.run(10 * second);
    await assert.rejects(slow, { code: "CREDENTIAL_SOURCE_TIMEOUT" });
    assert.equal(signals[1]?.aborted, true);
    answer = () => Promise.resolve(b);
    await keeper.refresh();
    deliver?.(late);
    await clock.run(second);
    assert.equal(keeper.current, b);
    keeper.close();
  });

  test("a source that pushes is read at once, and again if it pushed while it was read", async () => {
    const clock = new FakeClock();
    let push: (() => void) | undefined;
    let ended = false;
    let next = issue(clock, hour);
    let isSlow = false;
    let reads = 0;
    const { keeper } = keep(clock, {
      read: async () => {
        reads++;
        const seen = next;
        if (isSlow) {
          await new Promise<void>((resolve) =>
            clock.after(second, () => resolve()),
          );
        }
        return seen;
      },
      watch: (changed) => {
        push = changed;
        return () => (ended = true);
      },
    });
    await keeper.start();
    next = issue(clock, hour);
    push?.();
    await clock.run(1);
    assert.equal(keeper.current, next);

    isSlow = true;
    push?.();
    next = issue(clock, hour);
    push?.();
    await clock.run(3 * second);
    assert.equal(keeper.current, next);
    assert.equal(reads, 4);
    keeper.close();
    assert.equal(ended, true);
    push?.();
    assert.equal(reads, 4);
  });

  test("a sleep of two hours is noticed within seconds of waking, and nothing expired is given meanwhile", async () => {
    const clock = new FakeClock();
    let reads = 0;
    const { keeper } = keep(clock, () => {
      reads++;
      return issue(clock, hour);
    });
    await keeper.start();
    await clock.run(minute);
    clock.sleep(2 * hour);
    assert.equal(isExpired(keeper), true, "before any timer has run");
    let isReady = false;
    void keeper.ready().then(() => (isReady = true));
    await clock.run(0);
    assert.equal(isReady, true, "who asks is served at once");
    assert.equal(reads, 2);

    clock.sleep(2 * hour);
    await clock.run(5 * second);
    assert.equal(isExpired(keeper), false, "nobody has to ask");
    assert.equal(reads, 3);
    keeper.close();
  });

  test("a wall clock that is set back does not make a credential live longer", async () => {
    const clock = new FakeClock();
    const { keeper } = keep(clock, issue(clock, hour));
    await keeper.start();
    await clock.run(30 * minute);
    clock.jump(-2 * hour);
    assert.equal(isExpired(keeper), false);
    await clock.run(29 * minute + 59 * second);
    assert.equal(isExpired(keeper), false);
    await clock.run(2 * second);
    assert.equal(isExpired(keeper), true);
    keeper.close();
  });

  test("the clock of an issuer that is ahead of ours counts", async () => {
    const clock = new FakeClock();
    clock.jump(-10 * minute);
    const { keeper } = keep(clock, issue(clock, hour));
    await keeper.start();
    assert.ok(Math.abs(keeper.clockAheadMs - 10 * minute) <= second);
    await clock.run(hour - 2 * second);
    assert.equal(isExpired(keeper), false);
    await clock.run(3 * second);
    assert.equal(isExpired(keeper), true, "ten minutes early by our clock");
    keeper.close();
  });

  test("a server that finds a credential expired is believed; the next refreshes come earlier", async () => {
    const clock = new FakeClock();
    const stale = issue(clock, hour);
    const issued: Credential[] = [stale];
    const { keeper, failures } = keep(clock, () => issued.at(-1) as Credential);
    await keeper.start();
    await clock.run(10 * minute);
    // As if it came from a server whose clock is 50 minutes ahead.
    keeper.foundExpired(stale);
    assert.equal(
      keeper.fault()?.message,
      "The user JWT from this test has expired by the server's clock, which is 3000 s ahead of this machine's. Issue a new one and put it at the same source.",
    );
    await clock.run(second);
    assert.ok(failures.length > 0, "the source gives the same again");
    issued.push(issue(clock, 2 * hour));
    await clock.run(3 * second);
    assert.equal(keeper.current, issued[1]);
    assert.equal(keeper.fault(), undefined);
    const due = (keeper.nextRefresh?.getTime() ?? 0) - clock.now();
    assert.ok(due < (2 * hour - 50 * minute) * 0.81, `${due / minute} min`);
    // A clock that was set may be right now.
    clock.jump(50 * minute);
    await clock.run(6 * second);
    assert.equal(keeper.clockAheadMs, 0);
    keeper.close();
  });

  test("a clock that is set right ends the wait of a credential that cannot be renewed", async () => {
    const clock = new FakeClock();
    clock.jump(-hour);
    const only = issue(clock, hour);
    clock.jump(4 * hour);
    const { keeper } = keep(clock, () => only);
    await assert.rejects(keeper.start(), { code: "CREDENTIAL_EXPIRED" });
    clock.correct();
    const { keeper: fixed } = keep(clock, only);
    await fixed.start();
    clock.jump(3 * hour);
    let isReady = false;
    void fixed.ready().then(() => (isReady = true));
    await clock.run(20 * second);
    assert.equal(isReady, false);
    clock.correct();
    await clock.run(6 * second);
    assert.equal(isReady, true);
    fixed.close();
  });

  const trouble = {
    down: () => Promise.reject(new Error("store down")),
    slow: () => new Promise<never>(() => undefined),
    wrong: (expired: Credential) => Promise.resolve(expired),
  } as const;
  for (const [what, during] of Object.entries(trouble))
    for (const life of [30 * minute, 10 * hour])
      test(`a store that is ${what} for an hour, with a credential for ${life / minute} minutes: asked within bounds, back by itself`, async (t) => {
        const clock = new FakeClock();
        const expired = issue(clock, -10 * minute);
        let isWell = true;
        let reads = 0;
        const signals: AbortSignal[] = [];
        const { keeper, failures, news } = keep(clock, {
          read: (signal) => {
            reads++;
            signals.push(signal);
            return isWell ? issue(clock, life) : during(expired);
          },
          // As a store that is polled: it does not know whether there is anything new.
          watch: (changed) => {
            const poll = (): void => {
              clock.after(10 * second, poll);
              changed();
            };
            return clock.after(10 * second, poll);
          },
        });
        const first = await keeper.start();
        isWell = false;
        reads = 0;
        await clock.run(hour);
        assert.equal(keeper.current, first, "the last good one is kept");
        const isOver = life < hour;
        assert.equal(isExpired(keeper), isOver);
        // Ten seconds are the pause of the poll, four the longest one without a valid credential.
        const most = isOver ? 1500 : 400;
        t.diagnostic(
          `${reads} reads and ${failures.length} failures told in the hour`,
        );
        assert.ok(reads >= hour / (30 * second) / 2 && reads <= most);
        assert.ok(failures.length <= reads);
        // That it has expired meanwhile changes nothing about why it cannot be read.
        assert.equal(news.length, 1, "said once");
        const open = signals.filter(({ aborted }) => !aborted).length;
        assert.ok(what !== "slow" || open <= 2, `${open} reads left waiting`);
        isWell = true;
        let isReady = false;
        void keeper.ready().then(() => (isReady = true));
        const left = what === "slow" ? 10 * second : 0;
        await clock.run(left + (isOver ? 5 * second : 10 * second));
        assert.equal(isReady, true);
        assert.notEqual(keeper.current, first);
        assert.equal(keeper.lastError, undefined);
        isWell = false;
        await clock.run(minute);
        assert.equal(news.length, 2, "and again the next time");
        keeper.close();
      });
});

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("a week with sleeps, jumps and outages presents nothing expired", async (t) => {
  const seed = Number(process.env["KEYTURN_SEED"] ?? Date.now() % 1e9);
  const next = random(seed);
  const between = (low: number, high: number): number =>
    low + next() * (high - low);
  const clock = new FakeClock();
  const end = clock.trueNow() + 7 * 24 * hour;
  let isDown = false;
  let reads = 0;
  const { keeper } = keep(clock, async () => {
    reads++;
    if (reads > 1 && next() < 0.05) {
      // A slow answer, which may be too late.
      await new Promise<void>((resolve) =>
        clock.after(between(0, 15 * second), resolve),
      );
    }
    if (isDown) throw new Error("store down");
    return issue(clock, between(2 * minute, 2 * hour));
  });
  // `longestWait`: with a store that works, slow answers included, and a clock that is not ahead.
  const sum = {
    dials: 0,
    waits: 0,
    expired: 0,
    sleeps: 0,
    jumps: 0,
    outages: 0,
    longestWait: 0,
  };
  // What a connection does at each dial, with nothing in between.
  const dial = async (): Promise<void> => {
    sum.dials++;
    if (keeper.fault() !== undefined) {
      sum.waits++;
      const from = clock.trueNow();
      let isReady = false;
      void keeper.ready().then(() => (isReady = true));
      const isHopeless = isDown || clock.isAhead;
      while (!isReady && clock.trueNow() - from < 30 * second) {
        await clock.run(100);
      }
      if (!isHopeless) {
        assert.equal(isReady, true);
        sum.longestWait = Math.max(sum.longestWait, clock.trueNow() - from);
      }
      if (!isReady || keeper.fault() !== undefined) return;
    }
    const expiresAt = keeper.current?.expiresAt?.getTime() ?? 0;
    if (clock.now() >= expiresAt || clock.trueNow() >= expiresAt) sum.expired++;
  };
  await keeper.start();
  while (clock.trueNow() < end) {
    await clock.run(between(second, 40 * minute));
    const what = next();
    if (what < 0.15) {
      sum.sleeps++;
      clock.sleep(between(minute, 8 * hour));
    } else if (what < 0.3) {
      sum.jumps++;
      clock.jump(between(-3 * hour, 3 * hour));
      await dial();
      await clock.run(between(0, 20 * minute));
      await dial();
      clock.correct();
    } else if (what < 0.45) {
      sum.outages++;
      isDown = true;
      await clock.run(between(minute, 3 * hour));
      await dial();
      isDown = false;
    }
    await dial();
  }
  keeper.close();
  t.diagnostic(`seed ${seed}: ${JSON.stringify({ ...sum, reads })}`);
  assert.equal(sum.expired, 0);
  assert.ok(sum.dials > 100 && sum.waits > 20);
});
