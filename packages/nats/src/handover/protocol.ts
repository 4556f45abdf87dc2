import type { Candidate } from "./candidate.js";
import type { Copies } from "./copies.js";
import {
  RequestError,
  deferred,
  type ConnectionOptions,
  type Deferred,
  type MsgArg,
  type OpenNatsConnection,
  type PublishOptions,
  type Server,
  type ServerEntry,
  type Status,
  type SubscriptionImpl,
} from "./nats-core.js";
import type { ReplyPermission } from "../credentials/replies.js";
import type { Outbox } from "../outbox/outbox.js";
import { LateCopies } from "./late-copies.js";
import type { Lingering } from "./lingering.js";
import { DeliverySubjects } from "./delivery-subjects.js";
import { OneWriteProtocol } from "./one-write.js";
import { OpenReplies } from "./open-replies.js";
import type { ProtocolHooks } from "./protocol-hooks.js";
import { pubFrame } from "./pub-frame.js";
import { StreamParser } from "./stream-parser.js";
import { dispatch, WireMessage } from "./wire-message.js";
import type { WireQueues } from "./wire-queues.js";
import { HandoverTransport, type WireStreams } from "./transport.js";

const utf8 = new TextEncoder();
const ping = utf8.encode("PING\r\n");

/** How copies are treated while a hand-over overlaps: written down, or dropped. */
export interface Overlap {
  readonly copies: Copies;
  phase: "recording" | "dropping";
}

/**
 * nats.js' protocol handler with the seams a hand-over needs:
 * its transport can change sockets, plain subscriptions travel with a queue group of their own, copies
 * are dropped while two sockets overlap, and what is published without a connection is kept.
 */
export class LiveProtocol extends OneWriteProtocol {
  /** Set while a hand-over has two sockets. */
  overlap: Overlap | undefined;
  /** Whether what is published waits for the next connection, although this one still stands. */
  isParked = false;
  /** Where a hand-over to another server publishes its probe; a refusal of it is nobody's business. */
  probeSubject: string | undefined;
  /** The second connection while a hand-over makes one. */
  candidate: Candidate | undefined;
  readonly lateCopies = new LateCopies();
  /** Requests of the present socket, if the user may answer them only there. */
  openReplies: OpenReplies | undefined;
  /** Sockets that were left, while requests that came there are being answered. */
  readonly lingering = new Set<Lingering>();
  readonly outbox: Outbox;
  readonly queues: WireQueues;
  readonly deliveries: DeliverySubjects;
  /** What the connection runs on in place of TCP. */
  readonly streams: WireStreams | undefined;
  readonly #hooks: ProtocolHooks;
  /** While outbound traffic is held: pings that the present server has to answer. */
  #owed: Set<Deferred<void>> | undefined;
  #holdsOnChange = false;
  #isWaiting = false;
  #next: Deferred<void> | undefined;
  #postponed: { remaining: number; answers: Deferred<void>[] } | undefined;

  constructor(
    options: ConnectionOptions,
    connection: OpenNatsConnection,
    queues: WireQueues,
    outbox: Outbox,
    hooks: ProtocolHooks,
    streams?: WireStreams,
  ) {
    super(options, connection);
    this.streams = streams;
    this.queues = queues;
    this.deliveries = new DeliverySubjects((subject) =>
      this.#makeDeliverable(subject),
    );
    this.outbox = outbox;
    this.#hooks = hooks;
  }

  /** As nats.js' own, save that the transport is ours and no module-wide setting is asked for it. */
  override prepare(): Deferred<void> {
    if (this.transport !== undefined) this.transport.discard();
    // Deleting it would make V8 keep the whole object as a dictionary: a tenth slower.
    (this as { info?: unknown }).info = undefined;
    this.resetOutbound();
    const pong = deferred<void>();
    pong.catch(() => undefined);
    this.pongs.unshift(pong);
    this.connectError = (error) =>
      pong.reject(error ?? new Error("the connection broke while it was made"));
    const transport = new HandoverTransport(
      this.streams,
      this.#hooks.clientTls(),
    );
    this.transport = transport;
    void transport.closed().then(async () => {
      if (this.transport !== transport) return;
      this.connected = false;
      // While it is being dialled, its end is the dial's failure. nats.js waits for the timeout then,
      // and starts a second round of reconnecting beside the first.
      if (this.connectError !== undefined) {
        this.connectError(transport.brokenBy(transport.closeError));
        return;
      }
      if (!this.isClosed())
        await this.disconnected(transport.closeError ?? this.lastError);
    });
    return pong;
  }

  /** {@link hold}s from the first change of subscriptions on: what follows one may depend on it. */
  holdOnChange(): void {
    this.#holdsOnChange = true;
  }

  /** From now on outbound traffic waits; pings sent before are owed by the present server, later ones not. */
  hold(): void {
    if (this.#owed !== undefined) return;
    this.flushPending();
    this.live.hold();
    this.#owed = new Set(this.pongs);
  }

  /** Lets outbound traffic go again: what waited, in order, and all that follows. */
  release(): void {
    this.#owed = undefined;
    this.#holdsOnChange = false;
    this.live.release();
  }

  /** Sends `commands` and a ping past a hold; resolves when the present server has answered. */
  roundTripNow(commands: string): Promise<void> {
    const answer = deferred<void>();
    answer.catch(() => undefined);
    // Its place is behind the pings that the server still owes, and before those that are held.
    const owed = this.#owed;
    const place = this.pongs.filter((pong) => owed?.has(pong)).length;
    void this.pongs.splice(place, 0, answer);
    owed?.add(answer);
    this.sendNow(utf8.encode(`${commands}PING\r\n`));
    return answer;
  }

  /** The old connection broke before it was read to its end: told as nats.js tells a reconnect. */
  onGap(): void {
    const owed = this.#owed ?? new Set();
    const lost = this.pongs.filter((pong) => owed.has(pong));
    this.pongs = this.pongs.filter((pong) => !owed.has(pong));
    for (const answer of lost) {
      answer.catch(() => undefined);
      answer.reject(new RequestError("connection disconnected"));
    }
    const server = this.servers.getCurrentServer().toString();
    this.dispatchStatus({ type: "disconnect", server });
    this.dispatchStatus({ type: "reconnect", server });
    // nats.js stops its heartbeat when a ping of it fails.
    setImmediate(() => {
      if (this.connected) this.heartbeats.start();
    });
  }

  override async close(error?: Error): Promise<void> {
    this.candidate?.close();
    await super.close(error);
  }

  override async dial(server: Server): Promise<void> {
    // The first connection fails fast; later ones wait for a credential that may be presented.
    if (this.connectedOnce) await this.#waitForCredential();
    if (this._closed) throw new Error("the connection is closed");
    try {
      await super.dial(server);
    } catch (error) {
      // nats.js leaves a socket open that was dialled but never became usable.
      this.transport.discard();
      throw error;
    }
    this.#hooks.connected();
  }

  /** Dials a server by each of its addresses. */
  override async _doDial(server: ServerEntry): Promise<void> {
    try {
      await super._doDial(server);
    } catch (error) {
      this.#hooks.dialFailed(error);
      throw error;
    }
  }

  /** Whether no dial is made because nothing may be presented. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  async #waitForCredential(): Promise<void> {
    if (this.#hooks.credentialFault() === undefined) return;
    this.#isWaiting = true;
    // This may take long: whoever waits for an answer of the server learns now that there is none.
    this.resetOutbound();
    // Without a socket nothing else keeps a process alive that has only this connection.
    const alive = setInterval(() => undefined, 2 ** 30);
    await this.#hooks.credentialReady();
    clearInterval(alive);
    this.#isWaiting = false;
  }

  override flush(answer: Deferred<void> = deferred<void>()): Promise<void> {
    if (!this.#isWaiting) return super.flush(answer);
    answer.reject(new RequestError("connection disconnected"));
    return answer;
  }

  /** As nats.js', save that it also ends if there is no server to be drained to. */
  override async drain(): Promise<void> {
    try {
      if (this.connected) await super.drain();
    } catch {
      // The connection broke meanwhile.
    } finally {
      await this.close();
    }
  }

  override processInfo(info: Uint8Array): void {
    if (!this.infoReceived) {
      const fault = this.#hooks.credentialFault();
      if (fault !== undefined) {
        // Rather no CONNECT at all than one without, or with an expired, credential.
        this.connectError?.(fault);
        this.transport.discard();
        return;
      }
      const signed = this.#hooks.sign(info);
      if (signed !== undefined) {
        void this.#goOnWhen(signed, info);
        return;
      }
    }
    super.processInfo(info);
    if (this.info?.ldm === true) this.#hooks.lameDuck();
  }

  /** Nothing is sent to the server until it has been signed elsewhere. */
  async #goOnWhen(signed: Promise<void>, info: Uint8Array): Promise<void> {
    const { transport } = this;
    try {
      await signed;
      if (this.transport === transport) this.processInfo(info);
    } catch (error) {
      if (this.transport !== transport) return;
      this.connectError?.(error as Error);
      transport.discard();
    }
  }

  /** As nats.js', whose reader ends for good, and silently, when a callback throws. */
  override subscribe(subscription: SubscriptionImpl): SubscriptionImpl {
    if (subscription.noIterator) {
      // oxlint-disable-next-line typescript/unbound-method -- it is called with its own subscription
      const { callback, subject } = subscription;
      subscription.callback = (error, message) => {
        try {
          return callback.call(subscription, error, message);
        } catch (thrown) {
          this.#hooks.callbackFailed(subject, thrown);
          return undefined;
        }
      };
    }
    return super.subscribe(subscription);
  }

  onStreamFault(error: Error): void {
    this.#hooks.streamFault(error);
    void this.live.close(error);
  }

  override _sub(subscription: SubscriptionImpl): void {
    if (this.#holdsOnChange) this.hold();
    this.sendCommand(this.queues.subCommand(subscription));
  }

  override unsub(subscription: SubscriptionImpl, max?: number): void {
    if (this.#holdsOnChange) this.hold();
    if (max === undefined && this.#owed !== undefined)
      this.#leaveBoth(subscription);
    super.unsub(subscription, max);
  }

  /**
   * What is held goes out at the switch. By then a queue group would have lost what its server gave to a
   * member that has gone, and a drain brought more than was asked for: so both servers hear of it now, too.
   */
  #leaveBoth({ sid, draining, subject }: SubscriptionImpl): void {
    this.flushPending();
    // A drain gives what was published here before it, and that may be held as well.
    const literal = /[*>]/.test(subject) ? "" : subject;
    if (draining && this.live.holds(literal)) return;
    const command = `UNSUB ${sid}\r\n`;
    this.live.sendNow(utf8.encode(command));
    this.candidate?.send(command);
  }

  override sendSubscriptions(): void {
    const commands = this.subscriptions
      .all()
      .map((subscription) => this.queues.subCommand(subscription))
      .join("");
    if (commands.length > 0) this.transport.send(utf8.encode(commands));
    // Called by nats.js at the one moment when a new connection has just become usable.
    this.isParked = false;
    this.#next?.resolve();
    this.#next = undefined;
    this.outbox.release((entry) =>
      super.publish(entry.subject, entry.payload, entry.options),
    );
  }

  override publish(
    subject: string,
    payload?: Uint8Array | string,
    options?: PublishOptions,
  ): void {
    this.deliveries.published(subject, payload, options);
    if (this.openReplies !== undefined || this.lingering.size > 0) {
      if (this.#answerWhereAsked(subject, payload, options)) return;
    }
    if (this.connected && !this.isParked)
      super.publish(subject, payload, options);
    else this.outbox.add(subject, payload, options);
  }

  /** A push consumer is about to deliver to what was subscribed before that was known. */
  #makeDeliverable(subject: string): void {
    for (const subscription of this.subscriptions.all()) {
      if (subscription.subject !== subject) continue;
      if (this.queues.privateQueue(subscription) === undefined) continue;
      this.queues.makePlain(subscription);
      this.sendCommand(`UNSUB ${subscription.sid}\r\n`);
      this._sub(subscription);
    }
  }

  /** An answer goes out on the socket that the request came on, as long as that is there. */
  #answerWhereAsked(
    subject: string,
    payload: Uint8Array | string | undefined,
    options: PublishOptions | undefined,
  ): boolean {
    for (const socket of this.lingering)
      if (socket.publish(subject, payload, options)) return true;
    if (this.openReplies?.answers(subject) !== true) return false;
    if (!this.live.isHolding && !this.isParked) return false;
    this.sendNow(pubFrame(subject, payload, options));
    return true;
  }

  override processMsg(message: MsgArg, data: Uint8Array): void {
    if (
      this.lateCopies.isExpected &&
      this.#comesTwice(message) &&
      this.lateCopies.isCopy(message, data)
    )
      return;
    if (this.overlap !== undefined && this.#isCopy(this.overlap, message, data))
      return;
    if (this.deliveries.isWaiting)
      this.deliveries.received(message.subject, data);
    if (this.openReplies !== undefined && message.reply?.length)
      this.openReplies.opened(Buffer.from(message.reply).toString("utf8"));
    if (message instanceof WireMessage) dispatch(this, message, data);
    else super.processMsg(message, data);
  }

  #isCopy(overlap: Overlap, message: MsgArg, data: Uint8Array): boolean {
    if (!this.#comesTwice(message)) return false;
    if (overlap.phase === "dropping")
      return overlap.copies.isCopy(message, data);
    overlap.copies.record(message, data);
    return false;
  }

  /** Whether the server sends it to both sockets. */
  #comesTwice({ sid }: MsgArg): boolean {
    const subscription = this.subscriptions.get(sid);
    return subscription !== undefined && !this.queues.isShared(subscription);
  }

  override processError(text: Uint8Array): void {
    if (this.#makePlain(text) || this.#isProbeRefusal(text)) return;
    const before = this.lastError;
    super.processError(text);
    // nats.js tells the dial only of refused credentials; anything else would end in its timeout.
    if (this.lastError === before || this.lastError === undefined) return;
    this.#hooks.serverError(this.lastError);
    this.connectError?.(this.lastError);
  }

  /**
   * A refusal of our own queue group is our own affair: the subscription goes on without one. The
   * answers to pings that are under way wait until the server has confirmed that, so that a
   * `flush()` after `subscribe()` keeps its meaning.
   */
  #makePlain(text: Uint8Array): boolean {
    const refused = this.queues.parseRefusal(
      Buffer.from(text).toString("utf8"),
    );
    if (refused === undefined) return false;
    const subscription = this.subscriptions
      .all()
      .find(
        (s) =>
          this.queues.privateQueue(s) === refused.queue &&
          s.subject === refused.subject,
      );
    if (subscription === undefined) return false;
    this.queues.makePlain(subscription);
    this.#hooks.queueRefused(refused.subject);
    this.#postponePongs();
    this.sendNow(utf8.encode(this.queues.subCommand(subscription)));
    this.live.sendNow(ping);
    return true;
  }

  #isProbeRefusal(text: Uint8Array): boolean {
    if (this.probeSubject === undefined) return false;
    const refusal =
      `permissions violation for publish to "${this.probeSubject}"`.toLowerCase();
    return Buffer.from(text).toString("utf8").toLowerCase().includes(refusal);
  }

  #postponePongs(): void {
    // Pings that are held are for another server.
    const owed = this.#owed;
    const answers = this.pongs.filter((pong) => owed?.has(pong) ?? true);
    this.pongs = this.pongs.filter((pong) => !answers.includes(pong));
    if (this.#postponed === undefined)
      this.#postponed = { remaining: 0, answers: [] };
    this.#postponed.answers.push(...answers);
    this.#postponed.remaining += answers.length + 1;
  }

  override processPong(): void {
    const postponed = this.#postponed;
    if (postponed === undefined) {
      super.processPong();
      return;
    }
    if (--postponed.remaining > 0) return;
    this.#postponed = undefined;
    for (const answer of postponed.answers) answer.resolve();
  }

  /** From now on requests are those of a new socket, of a user with this permission. */
  trackReplies(permission: ReplyPermission | undefined): void {
    this.openReplies =
      permission === undefined ? undefined : new OpenReplies(permission);
  }

  override resetOutbound(): void {
    const postponed = this.#postponed;
    this.#postponed = undefined;
    if (postponed !== undefined) this.pongs.push(...postponed.answers);
    this.lateCopies.forget();
    this.#owed = undefined;
    this.#holdsOnChange = false;
    super.resetOutbound();
    this.parser = new StreamParser(this);
  }

  /** Resolves when there is another connection. */
  nextConnection(): Promise<void> {
    return (this.#next ??= deferred<void>());
  }

  /** Tells the status iterators something that is not nats.js' own. */
  tell(status: { readonly type: string }): void {
    this.dispatchStatus(status as Status);
  }

  /** Ends the pause before the next dial; does nothing where there is none. */
  dialNow(): void {
    this.dialDelay?.cancel();
  }
}
