import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

import {
  CanaryScanner,
  makeOperator,
  until,
  type TestAccount,
  type TestUser,
} from "@keyturn/testkit";

import type { Credential } from "../credentials/credential.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { parseReference } from "./reference.js";
import { credentialsFrom } from "./registry.js";

/** A store with one place for one credential, empty at first. */
export interface StoreLab extends AsyncDisposable {
  /** Names the place. */
  readonly reference: string;
  /** Puts a user's JWT and seed there, whole and at once, in whatever form the store has them. */
  put(user: TestUser): Promise<void> | void;
  /** Puts other bytes in the place of what holds the credential. */
  corrupt(bytes: Uint8Array): Promise<void> | void;
  /** Empties the place. */
  remove(): Promise<void> | void;
  /** Puts half of what `put` puts; what was there of the other half stays. Absent: there are no halves. */
  putHalf?(user: TestUser): Promise<void> | void;
  /** Makes the place unreadable for this process; gives what undoes it. */
  deny?(): Promise<() => Promise<void> | void>;
  /** Lets the next reads wait until it is undone. */
  stall?(): Promise<() => Promise<void> | void> | (() => void);
}

export interface StoreUnderTest {
  readonly name: string;
  readonly open: () => Promise<StoreLab>;
  /** Whether it is told that the secret lies in plain text. Default false. */
  readonly plaintext?: boolean;
  /** Within how many milliseconds a change shows by itself; undefined: it does not. */
  readonly noticesWithinMs: number | undefined;
  /** Whether the store tells versions apart. Default true. */
  readonly hasVersions?: boolean;
  /** Code of the error where there is nothing. Default `STORE_ABSENT`. */
  readonly absentCode?: string;
  /** Code of the error for bytes that are no credential. Default: any of this package. */
  readonly corruptCode?: string;
}

/** How long one read may take in these tests. */
const patienceMs = 6000;

/** What every store has to do, whatever it is. */
export function storeSuite(store: StoreUnderTest): void {
  void describe(`store ${store.name}`, { concurrency: true }, () => {
    void test("gives what is there, and says from where", async () => {
      await using world = await World.open(store);
      const user = await world.user("first");
      await world.lab.put(user);
      const credential = await world.read();
      assert.equal(credential.publicKey, user.publicKey);
      const { origin } = credential;
      assert.equal(origin.source, world.lab.reference);
      assert.equal(origin.plaintext, store.plaintext ?? false);
      assert.equal(origin.version !== undefined, store.hasVersions ?? true);
    });

    void test("absent at first, there, gone, and back again", async () => {
      await using world = await World.open(store);
      const absent = store.absentCode ?? "STORE_ABSENT";
      assert.equal((await world.failure()).code, absent);
      const user = await world.user("first");
      await world.lab.put(user);
      assert.equal((await world.read()).publicKey, user.publicKey);
      await world.lab.remove();
      assert.equal((await world.failure()).code, absent);
      const other = await world.user("second");
      await world.lab.put(other);
      assert.equal((await world.read()).publicKey, other.publicKey);
    });

    void test("what is no credential is refused, and what comes after is taken", async () => {
      await using world = await World.open(store);
      const word = Buffer.from(world.scanner.add("text in its place"));
      for (const bytes of [
        word,
        new Uint8Array(0),
        Uint8Array.of(0xff, 0xfe, 0, 1, ...randomBytes(200)),
        Buffer.alloc(3 * 1024 * 1024, word),
      ]) {
        await world.lab.corrupt(bytes);
        const { code } = await world.failure();
        if (store.corruptCode !== undefined)
          assert.equal(code, store.corruptCode);
      }
      const user = await world.user("first");
      await world.lab.put(user);
      assert.equal((await world.read()).publicKey, user.publicKey);
    });

    void test("a change shows", async () => {
      await using world = await World.open(store);
      const [first, second] = [await world.user("1"), await world.user("2")];
      await world.lab.put(first);
      await world.read();
      let changes = 0;
      const end = world.source.watch?.(() => changes++);
      if (store.noticesWithinMs !== undefined) assert.ok(end);
      try {
        await world.lab.put(second);
        if (store.noticesWithinMs !== undefined)
          await until("the change", store.noticesWithinMs, () => changes > 0);
        assert.equal((await world.read()).publicKey, second.publicKey);
      } finally {
        end?.();
      }
    });

    void test("half a change is no credential, the other half makes it one", async (t) => {
      await using world = await World.open(store);
      const { lab } = world;
      if (lab.putHalf === undefined) return t.skip("it has no halves");
      const [first, second] = [await world.user("1"), await world.user("2")];
      await lab.putHalf(first);
      await world.failure();
      await world.lab.put(first);
      await lab.putHalf(second);
      await world.failure();
      await world.lab.put(second);
      assert.equal((await world.read()).publicKey, second.publicKey);
    });

    void test("unreadable, then readable again", async (t) => {
      await using world = await World.open(store);
      const { lab } = world;
      if (lab.deny === undefined)
        return t.skip("nothing keeps this process out");
      const user = await world.user("first");
      await world.lab.put(user);
      const allow = await lab.deny();
      assert.equal((await world.failure()).code, "STORE_UNREADABLE");
      await allow();
      assert.equal((await world.read()).publicKey, user.publicKey);
    });

    void test("a read that nobody waits for any more ends, and so does a watch meanwhile", async (t) => {
      await using world = await World.open(store);
      const { lab } = world;
      await world.lab.put(await world.user("first"));
      await world.read();
      const end = world.source.watch?.(() => undefined);
      const goOn = await lab.stall?.();
      const asked = new AbortController();
      const reading = Promise.resolve(world.source.read(asked.signal));
      end?.();
      if (lab.stall === undefined) {
        await reading.catch(() => undefined);
        t.diagnostic("it is never slow");
      } else {
        const ended = reading.then(
          () => "it gave something",
          () => "it was given up",
        );
        // So that the store has been asked by then.
        await sleep(300);
        asked.abort();
        const how = await within(ended, 2000, "the end of the read");
        assert.equal(how, "it was given up");
      }
      await goOn?.();
    });

    void test("parameters that it does not know are refused", async () => {
      await using world = await World.open(store);
      const { text, parameters } = parseReference(world.lab.reference);
      const joint = parameters.size === 0 ? "?" : "&";
      const { code } = await failureOf(`${text}${joint}not_known=1`);
      assert.equal(code, "REFERENCE_INVALID");
    });
  });
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** One store, its source, and users whose secrets must show nowhere. */
class World implements AsyncDisposable {
  readonly lab: StoreLab;
  readonly scanner: CanaryScanner = new CanaryScanner();
  readonly source: ReturnType<typeof credentialsFrom>;
  readonly #account: TestAccount;
  readonly #shown: unknown[] = [];

  private constructor(lab: StoreLab, account: TestAccount) {
    this.lab = lab;
    this.#account = account;
    this.source = credentialsFrom(lab.reference);
    this.scanner.add("never used");
  }

  static async open({ open }: StoreUnderTest): Promise<World> {
    const operator = await makeOperator();
    return new World(await open(), await operator.account("APP"));
  }

  async user(name: string): Promise<TestUser> {
    const user = await this.#account.user(name);
    this.scanner.add(`seed of ${name}`, user.seed);
    this.scanner.add(`JWT of ${name}`, user.jwt);
    return user;
  }

  async read(): Promise<Credential> {
    const { signal } = new AbortController();
    const reading = Promise.resolve(this.source.read(signal));
    const credential = await within(reading, patienceMs, "a credential");
    this.#shown.push(credential, JSON.stringify(credential));
    return credential;
  }

  async failure(): Promise<Failure> {
    return failureOf(this.source, this.#shown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
    this.scanner.assertNone({
      shown: this.#shown,
      printed: this.#shown.map((value) => inspect(value, { depth: 9 })),
      source: this.source,
    });
  }
}

/** The error of a read, which has to be one of ours, with a whole sentence of what to do. */
async function failureOf(
  from: string | ReturnType<typeof credentialsFrom>,
  shown: unknown[] = [],
): Promise<Failure> {
  const { signal } = new AbortController();
  try {
    const source = typeof from === "string" ? credentialsFrom(from) : from;
    await within(
      Promise.resolve(source.read(signal)),
      patienceMs,
      "an answer of the store",
    );
  } catch (error) {
    shown.push(error);
    assert.ok(isKeyturnError(error), inspect(error));
    assert.match(error.message, /^[A-Z`].*[.`]$/s);
    return error;
  }
  return assert.fail("A credential came.");
}

async function within<T>(
  work: Promise<T>,
  ms: number,
  what: string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`${what}: not within ${ms} ms`)),
          ms,
        );
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
