import type { Socket } from "node:net";

import type { ReplyPermission } from "../credentials/replies.js";
import { fail } from "../errors/nats-errors.js";
import { Candidate, within, type RefusedSubscription } from "./candidate.js";
import { Copies } from "./copies.js";
import type { Identity } from "./identity.js";
import { LateMessages } from "./late-messages.js";
import { Lingering } from "./lingering.js";
import { createInbox, deferred, type SubscriptionImpl } from "./nats-core.js";
import type { LiveProtocol } from "./protocol.js";
import { prove } from "./prove.js";
import type {
  HandoverDeadlines,
  HandoverReport,
  HandoverStep,
} from "./report.js";
import { StreamParser } from "./stream-parser.js";
import type { HandoverTransport } from "./transport.js";

/** How long the old socket may still tell something after it was left. */
const lateMs = 250;
/** How long both connections are subscribed: bounds of what follows from the round trip. */
const leastOverlapMs = 50;
const longestOverlapMs = 1000;
/** A wait for the other servers of a cluster to learn the new interest, where it cannot be proved. */
const blindPropagationMs = 250;

/**
 * Moves a live connection to another identity: make before break, and nothing has changed if it throws.
 *
 * The steps: a second socket is dialled and signed in, then subscribed to everything under the same
 * ids, while what it receives is kept; a little later outbound traffic is held (at once from the first
 * change of subscriptions on), the old socket is unsubscribed and read to its end; the kept messages
 * follow, and the held ones go out on the new socket.
 *
 * @param elsewhere prefer another server (the present one is in lame duck mode)
 * @throws KeyturnError `HANDOVER_REFUSED`, `HANDOVER_TIMEOUT`, `HANDOVER_UNREACHABLE`,
 *   `CREDENTIAL_EXPIRED`, `CREDENTIAL_OTHER_ACCOUNT`
 */
export async function handOver(
  protocol: LiveProtocol,
  next: Identity,
  deadlines: HandoverDeadlines,
  elsewhere = false,
): Promise<HandoverReport> {
  const started = performance.now();
  const { proveMs } = deadlines;
  const candidate = await prove(protocol, next, proveMs, elsewhere);
  const { replies } = next.credential;
  const run = new Handover(protocol, candidate, replies, deadlines);
  try {
    return await run.complete(started);
  } finally {
    protocol.candidate = undefined;
  }
}

/** One hand-over from the moment on when the new identity is proved. */
class Handover {
  readonly #protocol: LiveProtocol;
  /** That of the connection as it was: nats.js makes a new one when it reconnects. */
  readonly #live: HandoverTransport;
  readonly #candidate: Candidate;
  readonly #replies: ReplyPermission | undefined;
  readonly #deadlines: HandoverDeadlines;
  readonly #copies = new Copies();
  /** What the candidate is subscribed to: id to the SUB line. */
  readonly #subscribed = new Map<number, string>();
  /** What the old connection is subscribed to, and not about to leave: that is read there to its end. */
  #present: ReadonlySet<SubscriptionImpl> = new Set();
  readonly #lost = deferred<void>();
  #oldIsLost = false;
  /** Messages of the new connection that were delivered before the switch. */
  #early = 0;
  /** Of the new connection, when it was subscribed. */
  #roundTripMs = 0;

  constructor(
    protocol: LiveProtocol,
    candidate: Candidate,
    replies: ReplyPermission | undefined,
    deadlines: HandoverDeadlines,
  ) {
    this.#protocol = protocol;
    this.#live = protocol.live;
    this.#candidate = candidate;
    this.#replies = replies;
    this.#deadlines = deadlines;
  }

  async complete(started: number): Promise<HandoverReport> {
    const protocol = this.#protocol;
    const sameServer =
      this.#candidate.info.server_id === protocol.info?.server_id;
    const steps: HandoverStep[] = [{ name: "prove", at: started }];
    const step = (name: HandoverStep["name"]): void => {
      steps.push({ name, at: performance.now() });
    };
    try {
      this.#watchOld();
      // Whatever is subscribed, ended or drained from now on comes behind the switch.
      protocol.holdOnChange();
      const all = protocol.subscriptions.all();
      this.#present = new Set(all.filter(({ draining }) => !draining));
      if (protocol.options.noEcho === true) {
        // What we published on the old socket must be through before the new one listens.
        protocol.hold();
        await this.#drain("");
      }
      protocol.overlap = { copies: this.#copies, phase: "recording" };
      this.#deliverEarly();
      step("subscribe");
      await this.#subscribe();
      step("overlap");
      if (!sameServer) await this.#provePropagation();
      await this.#outlastDeliveries();
      protocol.hold();
    } catch (error) {
      await this.#rollBack();
      throw error;
    }
    step("drain");
    const gap = !(await this.#drain(this.#unsubscribeAll()));
    await this.#assertCandidateStands();
    const heldFrames = this.#live.heldFrames;
    const keptFrames = this.#early + this.#candidate.kept.length;
    step("switch");
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
      steps,
    };
  }

  /** If the old socket breaks now, the new one takes over at once in place of a reconnect. */
  #watchOld(): void {
    if (this.#live.isClosed || !this.#protocol.connected) {
      throw fail(
        "HANDOVER_UNREACHABLE",
        "The connection broke while the new one was being made.",
      );
    }
    this.#live.onSocketLost = () => {
      this.#oldIsLost = true;
      this.#lost.resolve();
      return true;
    };
  }

  /**
   * What members of queue groups get has no order: it need not wait for the switch. Unless its answer does,
   * which the user may give only on the connection that it came on.
   */
  #deliverEarly(): void {
    const protocol = this.#protocol;
    if (protocol.openReplies !== undefined || this.#replies !== undefined)
      return;
    const early = new LateMessages(protocol);
    this.#candidate.onMessage = (sid, bytes) => {
      const subscription = protocol.subscriptions.get(sid);
      if (subscription === undefined || !protocol.queues.isShared(subscription))
        return false;
      this.#early++;
      early.deliver(bytes);
      return true;
    };
  }

  /** Subscribes the candidate to everything that was subscribed when the hand-over began. */
  async #subscribe(): Promise<void> {
    // Again for what has to be subscribed in another form; and each can be refused but once.
    for (;;) {
      const commands = this.#missing();
      if (commands === "") return;
      const sent = performance.now();
      this.#candidate.send(commands);
      await within(
        this.#deadlines.proveMs,
        "Subscribing the new connection",
        this.#candidate.roundTrip(),
      );
      this.#roundTripMs = performance.now() - sent;
      const refused = this.#candidate.refused.splice(0);
      // What has just been subscribed may be about to be refused by the present server as well.
      if (refused.length > 0) await this.#drain("");
      for (const refusal of refused) this.#onRefused(refusal);
      this.#copies.confirm(this.#subscribed.keys());
      if (refused.length === 0) return;
    }
  }

  /**
   * A server chooses whom a message goes to before it goes from one to the next. One on its way meanwhile
   * knows of the old connection only, and is dropped if that is unsubscribed before its turn comes: both
   * stay for longer than that takes, which grows with the load on the server.
   */
  async #outlastDeliveries(): Promise<void> {
    const ms = Math.min(
      Math.max(leastOverlapMs, 2 * this.#roundTripMs),
      longestOverlapMs,
    );
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, ms)),
      this.#lost,
    ]);
  }

  #missing(): string {
    const { subscriptions, queues } = this.#protocol;
    let commands = "";
    for (const subscription of subscriptions.all()) {
      if (!this.#present.has(subscription) || subscription.isClosed()) continue;
      const command = queues.subCommand(subscription);
      if (this.#subscribed.get(subscription.sid) === command) continue;
      this.#subscribed.set(subscription.sid, command);
      commands += command;
    }
    return commands;
  }

  #onRefused({ subject, queue }: RefusedSubscription): void {
    const { subscriptions, queues } = this.#protocol;
    const group = queue === undefined ? "" : ` ${queue}`;
    for (const [sid, command] of this.#subscribed) {
      if (command !== `SUB ${subject}${group} ${sid}\r\n`) continue;
      this.#subscribed.delete(sid);
      const subscription = subscriptions.get(sid);
      // It has ended, or has another form meanwhile, in which it is sent again.
      if (subscription === undefined) return;
      if (queues.subCommand(subscription) !== command) return;
      if (queues.privateQueue(subscription) === undefined) {
        throw fail(
          "HANDOVER_REFUSED",
          `The new credential may not subscribe to \`${subject}\`${queue === undefined ? "" : ` in queue group \`${queue}\``}. The connection goes on with the present one.`,
        );
      }
      // Without its queue group both sockets get every message: from now on copies are told apart.
      queues.makePlain(subscription);
      return;
    }
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
      this.#live.sendNow(Buffer.from(`PUB ${inbox} 0\r\n\r\n`, "latin1"));
    }, 5);
    this.#protocol.probeSubject = inbox;
    try {
      await within(
        this.#deadlines.probeMs,
        "Waiting for the cluster",
        Promise.race([arrived, this.#lost, this.#candidate.ended]),
      );
    } catch {
      await new Promise((resolve) => setTimeout(resolve, blindPropagationMs));
    } finally {
      clearInterval(probe);
      this.#candidate.send(`UNSUB ${Candidate.probeSid}\r\n`);
    }
  }

  /**
   * Sends `commands` and a ping on the old socket, past the hold, and waits for the answer: the old
   * stream has been read up to there.
   *
   * @returns false if the old socket broke or stalled
   */
  async #drain(commands: string): Promise<boolean> {
    if (this.#oldIsLost) return false;
    try {
      await within(
        this.#deadlines.drainMs,
        "Reading the old connection to its end",
        Promise.race([
          this.#protocol.roundTripNow(commands),
          this.#lost,
          this.#candidate.ended,
        ]),
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

  /** Until the switch there is a way back. */
  async #assertCandidateStands(): Promise<void> {
    const isStill =
      this.#protocol.transport === this.#live && !this.#live.isClosed;
    if (isStill && !this.#candidate.isBroken) return;
    if (isStill && !this.#oldIsLost) {
      let commands = "";
      for (const command of this.#subscribed.values()) commands += command;
      this.#live.sendNow(Buffer.from(commands, "utf8"));
    }
    await this.#rollBack();
    throw fail(
      "HANDOVER_UNREACHABLE",
      "One of the two connections broke before the switch.",
    );
  }

  #switch(gap: boolean): void {
    const protocol = this.#protocol;
    const live = this.#live;
    const candidate = this.#candidate;
    live.onSocketLost = undefined;
    // The old parser follows the old socket to its end; the new stream begins at a frame.
    const late = new LateMessages(protocol, protocol.parser);
    protocol.parser = new StreamParser(protocol);
    const unread = live.takeUnread();
    const limits = this.#remainingMessages();
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
    if (limits !== "") live.sendNow(Buffer.from(limits, "latin1"));
    const lingering = gap ? undefined : this.#linger(old);
    protocol.trackReplies(this.#replies);
    if (gap) protocol.onGap();
    protocol.release();
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

  /**
   * Members of queue groups that end by themselves: the new server counts from nought, and what it
   * gave beyond the limit would be lost to the group.
   */
  #remainingMessages(): string {
    let commands = "";
    for (const {
      sid,
      queue,
      max,
      received,
    } of this.#protocol.subscriptions.all())
      if (queue && max !== undefined && max > received)
        commands += `UNSUB ${sid} ${max - received}\r\n`;
    return commands;
  }

  /** Copies can be on their way until the new server has answered a ping sent after the switch. */
  async #dropCopies(): Promise<number> {
    try {
      await within(
        this.#deadlines.drainMs,
        "The first round trip of the new connection",
        Promise.race([this.#protocol.flush(), this.#candidate.ended]),
      );
    } catch {
      // The new connection has broken meanwhile; nats.js is reconnecting, and nothing overlaps now.
    }
    this.#protocol.overlap = undefined;
    this.#protocol.lateCopies.expect(this.#copies);
    return this.#copies.dropped;
  }

  /** Gives up the candidate. What it took out of queue groups is delivered, nothing twice. */
  async #rollBack(): Promise<void> {
    const protocol = this.#protocol;
    const candidate = this.#candidate;
    this.#live.onSocketLost = undefined;
    if (!candidate.isBroken && !protocol.isClosed()) {
      candidate.send(this.#unsubscribeAll());
      await within(
        1000,
        "Leaving the new connection",
        candidate.roundTrip(),
      ).catch(() => undefined);
    }
    new LateMessages(protocol).deliver(Buffer.concat(candidate.kept));
    protocol.overlap = undefined;
    candidate.close();
    if (this.#oldIsLost) void this.#live.close();
    protocol.release();
  }
}
