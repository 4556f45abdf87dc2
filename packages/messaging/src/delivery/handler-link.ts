import type { Msg } from "@nats-io/nats-core";

import type { Link, ProviderContext } from "@keyturn/provider";
import type { Client } from "@keyturn/wrpc";

import type { LinkSettings } from "../config/settings.js";
import type { Lease } from "../connections/connection-pool.js";
import { tellMessage } from "../events/messaging-events.js";
import { messagingHandler } from "../interface/messaging.js";
import { traceOf } from "../trace/trace-context.js";
import { Admission, type Delivery } from "./admission.js";
import type { ByteBudget } from "./byte-budget.js";
import { Failures } from "./failures.js";
import { SubscriptionSet } from "./subscription-set.js";

type Handler = Client<(typeof messagingHandler)["funcs"]>;

/** How long a component may take to accept a message: a busy host accepts late. */
const acceptWithinMs = 60_000;

/** What a handler link has counted since it was made. */
export interface HandlerTotals {
  readonly received: number;
  readonly handled: number;
  readonly componentErrors: number;
  readonly failed: number;
  readonly dropped: number;
  /** Dead letters and error replies that could not be sent. */
  readonly unsent: number;
  /** Messages that were with the component, or waited, when the time for the end was over. */
  readonly givenUp: number;
}

/** A link that delivers messages to a component. */
export class HandlerLink {
  readonly link: Link;
  readonly #context: Pick<ProviderContext, "client">;
  readonly #subscriptions: SubscriptionSet;
  readonly #admission: Admission;
  readonly #failures: Failures;
  #settings: LinkSettings;
  #lease: Lease;
  #handler: Handler;
  #received = 0;
  #handled = 0;
  #givenUp = 0;

  private constructor(
    link: Link,
    context: Pick<ProviderContext, "client">,
    budget: ByteBudget,
    settings: LinkSettings,
    lease: Lease,
  ) {
    this.link = link;
    this.#context = context;
    this.#settings = settings;
    this.#lease = lease;
    this.#handler = this.#makeHandler();
    this.#failures = new Failures(link);
    this.#admission = new Admission(settings, budget, (delivery) =>
      this.#deliver(delivery),
    );
    this.#subscriptions = new SubscriptionSet(link, (message) =>
      this.#onMessage(message),
    );
  }

  /**
   * Subscribes, and delivers from then on.
   *
   * @throws KeyturnError `SUBSCRIPTION_…`; nothing is subscribed then
   */
  static async open(
    link: Link,
    context: Pick<ProviderContext, "client">,
    budget: ByteBudget,
    settings: LinkSettings,
    lease: Lease,
  ): Promise<HandlerLink> {
    const made = new HandlerLink(link, context, budget, settings, lease);
    await made.#subscriptions.open(lease.connection, settings.subscriptions);
    return made;
  }

  get lease(): Lease {
    return this.#lease;
  }

  get totals(): HandlerTotals {
    const { component, call, dropped, unsent } = this.#failures.counts;
    return {
      received: this.#received,
      handled: this.#handled,
      componentErrors: component,
      failed: call,
      dropped,
      unsent,
      givenUp: this.#givenUp,
    };
  }

  /** Why not all of its messages come; undefined while all is well. */
  get fault(): Error | undefined {
    return this.#lease.shared.fault ?? this.#subscriptions.fault;
  }

  /**
   * Other settings, another connection, or both: messages come without a pause where subjects have
   * queue groups.
   *
   * @throws KeyturnError `SUBSCRIPTION_…`; the settings before are in force then
   */
  async change(settings: LinkSettings, lease: Lease): Promise<void> {
    await this.#subscriptions.change(lease.connection, settings.subscriptions);
    this.#settings = settings;
    this.#lease = lease;
    this.#handler = this.#makeHandler();
    this.#admission.change(settings);
  }

  /** Nothing comes any more when this resolves; what came is still being handled. */
  async stop(): Promise<void> {
    await this.#subscriptions.close();
  }

  /** Waits until all that came has been handled; what takes longer than `ms` is given up, and counted. */
  async finish(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#admission.idle(), late]);
    clearTimeout(timer);
    this.#givenUp = this.#admission.running + this.#admission.waiting;
    this.#admission.clear();
    this.#failures.flush();
  }

  #makeHandler(): Handler {
    return this.#context.client(this.link.peer, messagingHandler, {
      limits: { maxOutstanding: this.#settings.concurrency },
      deadlines: {
        handshakeMs: Math.min(acceptWithinMs, this.#settings.handlerTimeoutMs),
        callMs: this.#settings.handlerTimeoutMs,
      },
    });
  }

  /** Runs inside nats.js' reader: it must not throw. */
  #onMessage(message: Msg): void {
    this.#received++;
    const { subject, data, reply } = message;
    tellMessage(
      "message-in",
      "A message for a component.",
      this.link,
      subject,
      data.length,
    );
    const delivery: Delivery = {
      subject,
      body: data,
      replyTo: reply === undefined || reply === "" ? undefined : reply,
      trace: traceOf(message.headers),
    };
    if (!this.#admission.offer(delivery))
      this.#fail(delivery, { kind: "dropped" });
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { subject, body, replyTo, trace } = delivery;
    try {
      const result = await this.#handler.handleMessage(
        { subject, body, replyTo },
        trace === undefined ? undefined : { headers: trace },
      );
      if (result.tag === "ok") this.#handled++;
      else this.#fail(delivery, { kind: "component", text: result.val });
    } catch (error) {
      this.#fail(delivery, { kind: "call", error });
    }
  }

  #fail(delivery: Delivery, failure: Parameters<Failures["handle"]>[1]): void {
    this.#failures.handle(
      delivery,
      failure,
      this.#settings,
      this.#lease.connection,
    );
  }
}
