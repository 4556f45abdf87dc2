import type { SubscriptionImpl } from "./nats-core.js";

/** A server's refusal of one subscription. */
export interface Refusal {
  readonly subject: string;
  readonly queue: string | undefined;
}

/** Names under which private queue groups can be granted: `allow: ["> keyturn.>"]`. */
export const privateQueuePrefix = "keyturn";

const defaultInboxPrefix = "_INBOX.";

/**
 * Decides how a subscription looks on the wire.
 *
 * During a hand-over a subscription is alive on two sockets. With a queue group, the server gives each
 * message to exactly one of them; so a plain subscription travels with a queue group that nobody
 * else has. Three kinds stay plain, and get their copies dropped instead: inboxes (the server tells of
 * missing responders on plain subscriptions only) and other subjects that JetStream push consumers
 * deliver to (it counts plain interest only), those for which the server refuses the queue group, and those that ask for kept order.
 */
export class WireQueues {
  readonly #base: string;
  readonly #inboxPrefix: string;
  readonly #keepOrder: (subject: string) => boolean;
  readonly #isDeliverySubject: (subject: string) => boolean;
  readonly #plain = new WeakSet<SubscriptionImpl>();

  /**
   * @param id unique per connection; a token of the queue group's name
   * @param inboxPrefix as in the connection's options
   * @param keepOrder which plain subscriptions keep their order across a hand-over
   * @param isDeliverySubject whether a JetStream push consumer delivers there
   */
  constructor(
    id: string,
    inboxPrefix: string,
    keepOrder: (subject: string) => boolean,
    isDeliverySubject: (subject: string) => boolean,
  ) {
    this.#base = `${privateQueuePrefix}.${id}.`;
    this.#inboxPrefix = `${inboxPrefix}.`;
    this.#keepOrder = keepOrder;
    this.#isDeliverySubject = isDeliverySubject;
  }

  /** The `SUB` line. */
  subCommand(subscription: SubscriptionImpl): string {
    const queue = this.wireQueue(subscription);
    return queue === undefined
      ? `SUB ${subscription.subject} ${subscription.sid}\r\n`
      : `SUB ${subscription.subject} ${queue} ${subscription.sid}\r\n`;
  }

  /** The queue group that the server sees: the subscription's own, else ours, if any. */
  wireQueue(subscription: SubscriptionImpl): string | undefined {
    return subscription.queue
      ? subscription.queue
      : this.privateQueue(subscription);
  }

  /** Whether the server gives each message to one socket only. */
  isShared(subscription: SubscriptionImpl): boolean {
    return this.wireQueue(subscription) !== undefined;
  }

  /** Our queue group for a plain subscription; undefined if it has one of its own or must stay plain. */
  privateQueue(subscription: SubscriptionImpl): string | undefined {
    if (subscription.queue || this.#plain.has(subscription)) return undefined;
    const { subject } = subscription;
    if (
      this.#isInbox(subject) ||
      this.#isDeliverySubject(subject) ||
      this.#keepOrder(subject)
    ) {
      this.#plain.add(subscription);
      return undefined;
    }
    return `${this.#base}${subscription.sid}`;
  }

  makePlain(subscription: SubscriptionImpl): void {
    this.#plain.add(subscription);
  }

  /** Reads a server's error text; undefined unless it refuses one of our queue groups. */
  parseRefusal(text: string): Refusal | undefined {
    const match =
      /^'?permissions violation for subscription to "([^"]*)" using queue "([^"]*)"/i.exec(
        text,
      );
    const queue = match?.[2];
    if (queue === undefined || !queue.startsWith(this.#base)) return undefined;
    return { subject: match?.[1] as string, queue };
  }

  /** `createInbox()` without a prefix of its own makes the default one, whatever the options say. */
  #isInbox(subject: string): boolean {
    return (
      subject.startsWith(this.#inboxPrefix) ||
      subject.startsWith(defaultInboxPrefix)
    );
  }
}
