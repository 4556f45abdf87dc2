import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  setTimeout as pause,
  setImmediate as turn,
} from "node:timers/promises";

import {
  makeOperator,
  natsServer,
  type NatsServer,
  type TestAccount,
  type TestUser,
  type UserOptions,
} from "@keyturn/testkit";
import {
  jwtAuthenticator,
  type ConnectionOptions,
  type NatsConnection,
} from "@nats-io/nats-core";
import { connect as connectNatsJs } from "@nats-io/transport-node";

import { connect, type ConnectOptions } from "../connection/connect.js";
import { userJwtCredential } from "../credentials/makers.js";
import type { LiveConnection } from "../handover/live-connection.js";
import type { LiveProtocol } from "../handover/protocol.js";

/** What a behaviour has to do with. */
export interface Stage {
  /** The connection that is looked at. */
  readonly nc: NatsConnection;
  /** A connection of nats.js beside it, to which nothing happens. */
  readonly peer: NatsConnection;
  /** A subject token, or name, of this run alone. */
  readonly id: string;
  /** Returns in the midst of a hand-over, or right behind one, where there are any. */
  midway(): Promise<void>;
}

/** Something that nats.js documents; what it asserts must be so each of the three ways. */
export type Behaviour = (at: Stage) => Promise<void>;

/** How the connection that is looked at is made. */
export interface Setting {
  /** What its users may do. */
  readonly user?: UserOptions;
  /** Options that both have. */
  readonly options?: ConnectionOptions;
  /** Options that nats.js has not. */
  readonly ours?: Pick<ConnectOptions, "keepOrder">;
}

/** A server of a test file's own, with an account, and a peer. */
export interface House {
  readonly server: NatsServer;
  readonly account: TestAccount;
  readonly peer: NatsConnection;
}

const origin = { source: "this test", plaintext: false };
const rotationMs = 250;
const leastHandovers = 5;
/** How many behaviours run at once. */
const concurrency = 8;
/** Deadlines are no matter of these tests, and the machine may be busy. */
const patienceMs = 20_000;
let runs = 0;

/** Starts it; it ends with the file. */
export async function house(
  options: { readonly jetstream?: boolean } = {},
): Promise<House> {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const server = await natsServer({
    config: {
      ...(await operator.serverConfig()),
      authorization: { timeout: patienceMs / 1000 },
    },
    debug: false,
    ...options,
  });
  const peer = await dialNatsJs(server, await account.user("peer"), {});
  after(async () => {
    await peer.close();
    await server.stop();
  });
  return { server, account, peer };
}

/**
 * Runs each behaviour with nats.js' own `connect`, which is the truth; with ours; and with ours while
 * the credentials change every 250 ms, as often as it takes for some hand-overs to fall into it.
 */
export function asNatsJs(
  at: House,
  behaviours: Readonly<Record<string, Behaviour>>,
  setting: Setting = {},
): void {
  const users = makeUsers(at.account, setting.user);
  const ways: Record<string, (behaviour: Behaviour) => Promise<void>> = {
    "nats.js": async (behaviour) => {
      const [user] = await users;
      await using nc = closing(await dialNatsJs(at.server, user, setting));
      await once(behaviour, nc.connection, at.peer, () => turn());
    },
    "@keyturn/nats": async (behaviour) => {
      const [user] = await users;
      await using nc = closing(await dialOurs(at.server, [user], setting));
      await once(behaviour, nc.connection, at.peer, () => turn());
    },
    "@keyturn/nats while credentials rotate": async (behaviour) => {
      const inTurn = await users;
      for (let handovers = 0; handovers < leastHandovers;) {
        const nc = await dialOurs(at.server, inTurn, setting);
        handovers += await whileRotating(nc, behaviour, at.peer);
      }
    },
  };
  void describe("as nats.js does", { concurrency: true }, () => {
    for (const [way, run] of Object.entries(ways))
      void describe(way, { concurrency }, () => {
        for (const [name, behaviour] of Object.entries(behaviours))
          void test(name, () => run(behaviour));
      });
  });
}

/** Closes without draining, so that what failed does not hang. */
function closing<T extends NatsConnection>(
  connection: T,
): AsyncDisposable & { readonly connection: T } {
  return { connection, [Symbol.asyncDispose]: () => connection.close() };
}

function once(
  behaviour: Behaviour,
  nc: NatsConnection,
  peer: NatsConnection,
  midway: () => Promise<void>,
): Promise<void> {
  return behaviour({ nc, peer, id: `run${runs++}`, midway });
}

/**
 * Again and again, until there were hand-overs enough or the behaviour has closed the connection.
 *
 * @returns hand-overs that fell into it; those that a close cut short count too
 */
async function whileRotating(
  nc: LiveConnection,
  behaviour: Behaviour,
  peer: NatsConnection,
): Promise<number> {
  await using _ = closing(nc);
  using rotation = new Rotation(nc);
  do {
    await once(behaviour, nc, peer, () => rotation.midway());
    await pause(10);
  } while (!nc.isClosed() && nc.posture().handovers < leastHandovers);
  const isClosed = nc.isClosed();
  await rotation.end();
  return isClosed ? rotation.begun : nc.posture().handovers;
}

/** Changes the credential of a connection every {@link rotationMs}, and whenever it is asked to. */
class Rotation {
  readonly #nc: LiveConnection;
  readonly #timer: NodeJS.Timeout;
  readonly #failures: unknown[] = [];
  #running: Promise<void> | undefined;
  /** Changes that were asked for. */
  begun = 0;
  /** A behaviour that leaves its socket leaves it in the midst of a change, too. */
  #isReconnected = false;

  constructor(nc: LiveConnection) {
    this.#nc = nc;
    this.#timer = setInterval(() => void this.#rotate(), rotationMs);
    const reconnect = nc.reconnect.bind(nc);
    nc.reconnect = () => {
      this.#isReconnected = true;
      return reconnect();
    };
  }

  /** At the beginning of a hand-over, while outbound traffic is held, or behind the switch: at random. */
  async midway(): Promise<void> {
    let isDone = false;
    void this.#rotate().then(() => (isDone = true));
    const protocol = this.#nc.protocol as LiveProtocol;
    const phase = Math.floor(Math.random() * 3);
    const isThere = (): boolean =>
      phase === 0 || (phase === 1 && protocol.live.isHolding);
    while (!isDone && !isThere()) await turn();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** No change from now on. @throws AssertionError if one of them failed */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
    assert.deepEqual(this.#failures, []);
    if (!this.#isReconnected)
      assert.notEqual(this.#nc.posture().lastHandover?.gap, true);
  }

  #rotate(): Promise<void> {
    if (this.#running !== undefined) return this.#running;
    this.begun++;
    this.#running = this.#nc
      .refreshCredentials()
      .catch((error: unknown) => {
        // A behaviour may have closed, drained or reconnected it.
        const isOver = this.#nc.isClosed() || this.#nc.isDraining();
        if (!isOver && !this.#isReconnected) this.#failures.push(error);
      })
      .finally(() => (this.#running = undefined));
    return this.#running;
  }
}

function dialNatsJs(
  server: NatsServer,
  { jwt, seed }: TestUser,
  { options }: Setting,
): Promise<NatsConnection> {
  return connectNatsJs({
    timeout: patienceMs,
    ...options,
    servers: server.url,
    authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
  });
}

function dialOurs(
  server: NatsServer,
  users: readonly TestUser[],
  { options, ours }: Setting,
): Promise<LiveConnection> {
  const inTurn = users.map((user) => userJwtCredential({ ...user, origin }));
  let next = 0;
  return connect({
    timeout: patienceMs,
    handover: { proveMs: patienceMs, drainMs: patienceMs },
    ...(options as ConnectOptions),
    ...ours,
    servers: server.url,
    credentials: () =>
      Promise.resolve(inTurn[next++ % users.length] ?? assert.fail()),
  });
}

/** Those whose credentials come in turn. */
async function makeUsers(
  account: TestAccount,
  options: UserOptions = {},
): Promise<[TestUser, TestUser, TestUser]> {
  const make = (): Promise<TestUser> => account.user("in turn", options);
  return [await make(), await make(), await make()];
}

/** Numbers from 1 to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** In order of size. */
export function sorted(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** Publishes 1 to `count`, spread over about a quarter of a second, and flushes. */
export async function publishNumbers(
  nc: NatsConnection,
  subject: string,
  count = 250,
): Promise<void> {
  for (const number of upTo(count)) {
    nc.publish(subject, `${number}`);
    if (number % Math.ceil(count / 50) === 0) await pause(5);
  }
  await nc.flush();
}
