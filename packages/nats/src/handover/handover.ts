import type { Socket } from "node:net";

import type { Credential } from "../credentials/credential.js";
import type { ReplyPermission } from "../credentials/replies.js";
import { fail } from "../errors/nats-errors.js";
import {
  Candidate,
  within,
  type DialTarget,
  type RefusedSubscription,
} from "./candidate.js";
import { Copies } from "./copies.js";
import { LateMessages } from "./late-messages.js";
import { Lingering } from "./lingering.js";
import { createInbox, deferred, type Deferred } from "./nats-core.js";
import type { LiveProtocol } from "./protocol.js";
import { StreamParser } from "./stream-parser.js";
import { otherServers, sameServer } from "./targets.js";

/** Deadlines of a hand-over's steps, in milliseconds. */
export interface HandoverDeadlines {
  /** Dialling, TLS and signing in, together with each wait for the new server. Default 3,000. */
  readonly proveMs: number;
  /** Reading the old connection to its end. Default 2,000. */
  readonly drainMs: number;
  /** Proving that another server of the cluster has the new interest. Default 3,000. */
  readonly probeMs: number;
  /**
   * How long the old connection stays for answers to requests that came on it, where the user may answer
   * them only there (`allow_responses`). Default 10,000.
   */
  readonly lingerMs: number;
}

/** Defaults of {@link HandoverDeadlines}; they hold for round trips up to about 800 ms. */
export const defaultHandoverDeadlines: HandoverDeadlines = {
  proveMs: 3000,
  drainMs: 2000,
  probeMs: 3000,
  lingerMs: 10_000,
};

/** What a hand-over did. */
export interface HandoverReport {
  /** Whether the new connection is to the server of the old one. */
  readonly sameServer: boolean;
  /** True if the old connection broke before it was read to its end: messages may be missing. */
  readonly gap: boolean;
  /** Outbound frames that had to wait for the switch. */
  readonly heldFrames: number;
  /** Inbound messages that had come in on the new connection before the switch. */
  readonly keptFrames: number;
  /** Messages dropped because the old connection had delivered them. */
  readonly copiesDropped: number;
  /** From the first dial to the switch, in milliseconds. */
  readonly durationMs: number;
}

/** How often subscriptions that appear meanwhile are followed before outbound traffic is held. */
const followRounds = 4;
/** A wait for the other servers of a cluster to learn the new interest, where it cannot be proved. */
const blindPropagationMs = 250;
/** How long the old socket may still tell something after it was left. */
const lateMs = 250;

/**
 * Moves a live connection to `credential`: make before break, and nothing has changed if it throws.
 *
 * The steps: a second socket is dialled and signed in, then subscribed to everything under the same
 * ids while what it receives is kept; outbound traffic is held, the old socket is unsubscribed and
 * read to its end; the kept messages follow, and the held ones go out on the new socket.
 *
 * @param elsewhere prefer another server (the present one is in lame duck mode)
 * @throws KeyturnError `HANDOVER_REFUSED`, `HANDOVER_TIMEOUT`, `HANDOVER_UNREACHABLE`, `CREDENTIAL_EXPIRED`
 */
export async function handOver(
  protocol: LiveProtocol,
  credential: Credential,
  deadlines: HandoverDeadlines,
  elsewhere = false,
): Promise<HandoverReport> {
  const started = performance.now();
  const candidate = await prove(protocol, credential, deadlines, elsewhere);
  const run = new Handover(protocol, candidate, credential.replies, deadlines);
  return run.complete(started);
}

async function prove(
  protocol: LiveProtocol,
  credential: Credential,
  deadlines: HandoverDeadlines,
  elsewhere: boolean,
): Promise<Candidate> {
  let lastError: unknown;
  for await (const target of targets(protocol, elsewhere)) {
    const candidate = new Candidate(target);
    try {
      await within(
        deadlines.proveMs,
        `Connecting to ${target.hostname}:${target.port}`,
        (async () => {
          await candidate.dial(protocol.options);
          await candidate.authenticate(credential, protocol.options);
        })(),
      );
      return candidate;
    } catch (error) {
      candidate.close();
      lastError = error;
      // A refusal of the credential would be the same everywhere.
      if ((error as Error).name === "ServerRefusal" && !elsewhere) break;
    }
  }
  if ((lastError as Error | undefined)?.name === "ServerRefusal") {
    throw fail(
      "HANDOVER_REFUSED",
      `The server refused the new credential (${credential.publicKey ?? credential.kind}, from ${credential.origin.source}): ${(lastError as Error).message}. The connection goes on with the present one.`,
      { cause: lastError },
    );
  }
  throw fail(
    "HANDOVER_UNREACHABLE",
    "No server could be reached for a second connection. The present one goes on.",
    {
      cause: lastError,
    },
  );
}

async function* targets(
  protocol: LiveProtocol,
  elsewhere: boolean,
): AsyncIterable<DialTarget> {
  if (!elsewhere) yield sameServer(protocol);
  yield* otherServers(protocol);
  if (elsewhere) yield sameServer(protocol);
}

/** One hand-over from the moment on when the new credential is proved. */
class Handover {
  readonly #protocol: LiveProtocol;
  readonly #candidate: Candidate;
  readonly #replies: ReplyPermission | undefined;
  readonly #deadlines: HandoverDeadlines;
  readonly #copies = new Copies();
  /** What the candidate is subscribed to: id to the SUB line. */
  readonly #subscribed = new Map<number, string>();
  readonly #lost = deferred<void>();
  /** Pings that the old server has to answer; set when outbound traffic is held. */
  #owed: Set<Deferred<void>> | undefined;
  #oldIsLost = false;

  constructor(
    protocol: LiveProtocol,
    candidate: Candidate,
    replies: ReplyPermission | undefined,
    deadlines: HandoverDeadlines,
  ) {
    this.#protocol = protocol;
    this.#candidate = candidate;
    this.#replies = replies;
    this.#deadlines = deadlines;
  }

  async complete(started: number): Promise<HandoverReport> {
    const protocol = this.#protocol;
    const sameServer =
      this.#candidate.info.server_id === protocol.info?.server_id;
    try {
      this.#watchOld();
      protocol.overlap = { copies: this.#copies, phase: "recording" };
      // With `noEcho`, what we published on the old socket must be through before the new one listens.
      if (protocol.options.noEcho === true) {
        this.#hold();
        await this.#drain("");
      }
      await this.#subscribe();
      if (!sameServer) await this.#provePropagation();
      this.#hold();
      await this.#follow();
    } catch (error) {
      await this.#rollBack();
      throw error;
    }
    // From here on only forward.
    const gap = !(await this.#drain(this.#unsubscribeAll()));
    const heldFrames = protocol.live.heldFrames;
    const keptFrames = this.#candidate.kept.length;
    this.#switch(gap);
    const durationMs = performance.now() - started;
    const copiesDropped = await this.#dropCopies();
    return {
      sameServer,
      gap,
      heldFrames,
      keptFrames,
      copiesDropped,
      durationMs,
    };
  }

  /** If the old socket breaks now, the new one takes over at once in place of a reconnect. */
  #watchOld(): void {
    const { live } = this.#protocol;
    live.onSocketLost = () => {
      this.#hold();
      this.#lost.resolve();
      this.#oldIsLost = true;
      return true;
    };
    if (live.isClosed || !this.#protocol.connected) {
      throw fail(
        "HANDOVER_UNREACHABLE",
        "The connection broke while the new one was being made.",
      );
    }
  }

  /** Subscribes the candidate to everything that is subscribed now, until nothing new appears. */
  async #subscribe(): Promise<void> {
    for (let round = 0; round < followRounds; round++) {
      if (!(await this.#follow())) return;
    }
  }

  /** One round of {@link #subscribe}; false if there was nothing to do. */
  async #follow(): Promise<boolean> {
    const commands = this.#missing();
    if (commands === "") return false;
    this.#candidate.send(commands);
    await within(
      this.#deadlines.proveMs,
      "Subscribing the new connection",
      this.#candidate.roundTrip(),
    );
    const refused = this.#candidate.refused.splice(0);
    for (const refusal of refused) this.#onRefused(refusal);
    this.#copies.confirm(this.#subscribed.keys());
    return true;
  }

  #missing(): string {
    const { subscriptions, queues } = this.#protocol;
    let commands = "";
    const alive = new Set<number>();
    for (const subscription of subscriptions.all()) {
      if (subscription.draining || subscription.isClosed()) continue;
      alive.add(subscription.sid);
      const command = queues.subCommand(subscription);
      if (this.#subscribed.get(subscription.sid) === command) continue;
      this.#subscribed.set(subscription.sid, command);
      commands += command;
    }
    for (const sid of this.#subscribed.keys()) {
      if (alive.has(sid)) continue;
      this.#subscribed.delete(sid);
      commands += `UNSUB ${sid}\r\n`;
    }
    return commands;
  }

  #onRefused(refusal: RefusedSubscription): void {
    const { subscriptions, queues } = this.#protocol;
    const subscription = subscriptions
      .all()
      .find(
        (s) =>
          s.subject === refusal.subject &&
          queues.wireQueue(s) === refusal.queue,
      );
    if (subscription === undefined) return;
    if (queues.privateQueue(subscription) === undefined) {
      throw fail(
        "HANDOVER_REFUSED",
        `The new credential may not subscribe to \`${refusal.subject}\`${refusal.queue === undefined ? "" : ` in queue group \`${refusal.queue}\``}. The connection goes on with the present one.`,
      );
    }
    // Without its queue group both sockets get every message: from now on copies are told apart.
    queues.makePlain(subscription);
    this.#subscribed.delete(subscription.sid);
  }

  /** Waits until other servers of the cluster route to the new socket what they route to the old. */
  async #provePropagation(): Promise<void> {
    const inbox = createInbox(this.#protocol.options.inboxPrefix ?? "_INBOX");
    const arrived = deferred<void>();
    this.#candidate.onProbe = () => arrived.resolve();
    this.#candidate.send(`SUB ${inbox} ${Candidate.probeSid}\r\n`);
    await this.#candidate.roundTrip();
    if (this.#candidate.refused.splice(0).length > 0) {
      await new Promise((resolve) => setTimeout(resolve, blindPropagationMs));
      return;
    }
    const probe = setInterval(() => {
      this.#protocol.live.sendNow(
        Buffer.from(`PUB ${inbox} 0\r\n\r\n`, "latin1"),
      );
    }, 5);
    this.#protocol.probeSubject = inbox;
    try {
      await within(
        this.#deadlines.probeMs,
        "Waiting for the cluster",
        Promise.race([arrived, this.#lost]),
      );
    } catch {
      await new Promise((resolve) => setTimeout(resolve, blindPropagationMs));
    } finally {
      clearInterval(probe);
      this.#candidate.send(`UNSUB ${Candidate.probeSid}\r\n`);
    }
  }

  /** From now on outbound traffic waits; pings sent before are owed by the old server, later ones not. */
  #hold(): void {
    if (this.#owed !== undefined) return;
    this.#protocol.flushNow();
    this.#protocol.live.hold();
    this.#owed = new Set(this.#protocol.pongs);
  }

  /**
   * Sends `commands` and a ping on the old socket, past the hold, and waits for the answer: the old
   * stream has been read up to there.
   *
   * @returns false if the old socket broke or stalled
   */
  async #drain(commands: string): Promise<boolean> {
    if (this.#oldIsLost || this.#owed === undefined) return false;
    const { pongs, live } = this.#protocol;
    const owed = this.#owed;
    const answer = deferred<void>();
    answer.catch(() => undefined);
    // Its place is behind the pings that the old server still owes, and before those that are held.
    void pongs.splice(pongs.filter((pong) => owed.has(pong)).length, 0, answer);
    owed.add(answer);
    live.sendNow(Buffer.from(`${commands}PING\r\n`, "latin1"));
    try {
      const read = Promise.race([answer, this.#lost]);
      await within(
        this.#deadlines.drainMs,
        "Reading the old connection to its end",
        read,
      );
    } catch {
      return false;
    }
    return !this.#oldIsLost;
  }

  #unsubscribeAll(): string {
    let commands = "";
    for (const sid of this.#subscribed.keys()) commands += `UNSUB ${sid}\r\n`;
    return commands;
  }

  #switch(gap: boolean): void {
    const protocol = this.#protocol;
    const { live } = protocol;
    const candidate = this.#candidate;
    live.onSocketLost = undefined;
    if (gap) this.#forgetOldAnswers();
    // The old parser follows the old socket to its end; the new stream begins at a frame.
    const late = new LateMessages(protocol, protocol.parser);
    protocol.parser = new StreamParser(protocol);
    const unread = live.takeUnread();
    const old = live.adopt(
      candidate.transport,
      Buffer.concat([...candidate.kept, candidate.rest]),
    );
    protocol.info = candidate.info;
    const { server } = candidate.target;
    if (server !== undefined) {
      protocol.servers.setCurrent(server);
      protocol.server = server;
    }
    if (protocol.overlap !== undefined) protocol.overlap.phase = "dropping";
    const lingering = gap ? undefined : this.#linger(old);
    protocol.trackReplies(this.#replies);
    live.release();
    late.readAndClose(old, unread, lateMs, lingering);
  }

  /** Keeps the old socket while requests that came on it are being answered. */
  #linger(old: Socket): Lingering | undefined {
    const { openReplies, lingering } = this.#protocol;
    if (openReplies === undefined) return undefined;
    const kept = new Lingering(old, openReplies, this.#deadlines.lingerMs, () =>
      lingering.delete(kept),
    );
    if (!kept.ended) lingering.add(kept);
    return kept;
  }

  /** Answers that the old server owes us will not come. */
  #forgetOldAnswers(): void {
    const protocol = this.#protocol;
    const owed = this.#owed;
    if (owed === undefined) return;
    for (const answer of owed) {
      answer.catch(() => undefined);
      answer.reject(new Error("the old connection broke before it answered"));
    }
    protocol.pongs = protocol.pongs.filter((pong) => !owed.has(pong));
    // nats.js stops its heartbeat when a ping of it fails.
    setImmediate(() => {
      if (protocol.connected) protocol.heartbeats.start();
    });
  }

  /** Copies can be on their way until the new server has answered a ping sent after the switch. */
  async #dropCopies(): Promise<number> {
    try {
      await within(
        this.#deadlines.drainMs,
        "The first round trip of the new connection",
        this.#protocol.flush(),
      );
    } catch {
      // The new connection has broken meanwhile; nats.js is reconnecting, and nothing overlaps now.
    }
    this.#protocol.overlap = undefined;
    this.#protocol.expectLate(this.#copies);
    return this.#copies.dropped;
  }

  /** Gives up the candidate. What it took out of queue groups is delivered, nothing twice. */
  async #rollBack(): Promise<void> {
    const protocol = this.#protocol;
    const { live } = protocol;
    live.onSocketLost = undefined;
    this.#candidate.send(this.#unsubscribeAll());
    await within(
      1000,
      "Leaving the new connection",
      this.#candidate.roundTrip(),
    ).catch(() => undefined);
    new LateMessages(protocol).deliver(Buffer.concat(this.#candidate.kept));
    protocol.overlap = undefined;
    this.#candidate.close();
    if (this.#oldIsLost) void live.close();
    else live.release();
  }
}
