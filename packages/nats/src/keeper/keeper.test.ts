import assert from "node:assert/strict";
import { after, test } from "node:test";

import { until } from "@keyturn/testkit";

import { Credential } from "../credentials/credential.js";
import { rejects } from "../errors/refuses.test.fixture.js";
import { asSource } from "../sources/as-source.js";
import { Keeper } from "./keeper.js";
import type { RefreshOptions } from "./refresh-plan.js";

/** A credential for a moment's life; its name tells it apart. */
function make(name: string, lifeMs?: number): Credential {
  return new Credential({
    kind: "token",
    origin: { source: "this test", plaintext: false },
    name,
    identity: [name],
    ...(lifeMs === undefined ? {} : { expiresAt: Date.now() + lifeMs }),
    present: () => ({ auth_token: name }),
    wipe: () => undefined,
  });
}

class Room implements Disposable {
  readonly told: string[] = [];
  readonly keeper: Keeper;
  calls = 0;

  constructor(
    source: Credential | (() => Promise<Credential>),
    options: RefreshOptions = {},
  ) {
    const counted =
      typeof source === "function"
        ? () => {
            this.calls++;
            return source();
          }
        : source;
    this.keeper = new Keeper(asSource(counted), options, {
      check: (credential) => credential.assertUsable(),
      used: () => undefined,
      onCredential: ({ name }) => this.told.push(`new ${name}`),
      onFailure: (error, retryInMs) =>
        this.told.push(`${(error as Error).message} ${retryInMs > 0}`),
    });
  }

  [Symbol.dispose](): void {
    this.keeper.close();
  }
}

test("a credential given as it is is kept, and nothing is planned", async () => {
  const only = make("only");
  using room = new Room(only);
  assert.equal(
    room.keeper.fault()?.message,
    "There is no credential yet. Make the credential source give a valid one; the connection goes on by itself then.",
  );
  assert.equal(await room.keeper.start(), only);
  assert.equal(room.keeper.nextRefresh, undefined);
  assert.equal(room.keeper.fault(), undefined);
});

test("the first credential has to be good", async () => {
  const down = new Error("the store is down");
  using failing = new Room(() => Promise.reject(down));
  await assert.rejects(failing.keeper.start(), (error) => error === down);
  const old = make("old", -1000);
  using expired = new Room(() => Promise.resolve(old));
  await rejects(
    expired.keeper.start(),
    "CREDENTIAL_EXPIRED",
    `The credential from this test expired at ${old.expiresAt?.toISOString()}. Issue a new one and put it at the same source.`,
  );
});

test("one refresh runs at a time; what comes is told if it is another", async () => {
  let next = make("a");
  using room = new Room(() => Promise.resolve(next));
  await room.keeper.start();
  await Promise.all([room.keeper.refresh(), room.keeper.refresh()]);
  assert.equal(room.calls, 2);
  assert.deepEqual(room.told, []);
  next = make("b");
  assert.equal((await room.keeper.refresh()).name, "b");
  assert.equal(room.keeper.current, next);
  assert.deepEqual(room.told, ["new b"]);
});

test("a source that is slow or gives something bad changes nothing", async () => {
  const good = make("good");
  let source: () => Promise<Credential> = () => Promise.resolve(good);
  using room = new Room(() => source(), { deadlineMs: 30 });
  await room.keeper.start();
  source = () => new Promise(() => undefined);
  await rejects(
    room.keeper.refresh(),
    "CREDENTIAL_SOURCE_TIMEOUT",
    "The credential source did not answer within 30 ms. Look at the store behind it; the present credential is kept meanwhile.",
  );
  source = () => Promise.resolve(make("bad", -1));
  await assert.rejects(room.keeper.refresh(), { code: "CREDENTIAL_EXPIRED" });
  assert.equal(room.keeper.current, good);
  assert.equal(
    (room.keeper.lastError as { code: string }).code,
    "CREDENTIAL_EXPIRED",
  );
  source = () => Promise.resolve(good);
  await room.keeper.refresh();
  assert.equal(room.keeper.lastError, undefined);
});

test("ahead of expiry the source is asked, and again while it fails", async () => {
  let source = (): Promise<Credential> => Promise.resolve(make("a", 400));
  using room = new Room(() => source(), {
    leadShare: 0.5,
    minRetryMs: 10,
    maxRetryMs: 40,
  });
  await room.keeper.start();
  const due = (room.keeper.nextRefresh?.getTime() ?? 0) - Date.now();
  assert.ok(due > 50 && due <= 200, `${due} ms`);
  source = () => Promise.reject(new Error("down"));
  await until("three failures", 3000, () => room.told.length >= 3);
  assert.deepEqual(new Set(room.told), new Set(["down true"]));
  source = () => Promise.resolve(make("b"));
  await until("the new one", 3000, () => room.keeper.current?.name === "b");
  assert.equal(room.keeper.nextRefresh, undefined);
});

// The keeper's timers keep no process alive; here they have to.
const alive = setInterval(() => undefined, 1000);
after(() => clearInterval(alive));

test("who waits for a valid credential is woken by it, or by the end", async () => {
  let source = (): Promise<Credential> => Promise.resolve(make("a", 140));
  using room = new Room(() => source(), { leadShare: 0.9, minRetryMs: 10 });
  await room.keeper.start();
  source = () => Promise.reject(new Error("down"));
  await until("expiry", 2000, () => room.keeper.fault() !== undefined);
  let isReady = false;
  const ready = room.keeper.ready().then(() => (isReady = true));
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(isReady, false);
  source = () => Promise.resolve(make("b"));
  await ready;
  assert.equal(room.keeper.current?.name, "b");

  const expiring = make("c", 120);
  const other = new Room(expiring);
  await other.keeper.start();
  await until("expiry", 2000, () => other.keeper.fault() !== undefined);
  const closed = other.keeper.ready();
  other.keeper.close();
  await closed;
});
