import type { Msg, Subscription } from "@nats-io/nats-core";

import {
  confirmSubscriptions,
  errorChain,
  type LiveConnection,
} from "@keyturn/nats";
import { showLink, type LinkIdentity } from "@keyturn/provider";

import type { SubscriptionSetting } from "../config/settings.js";
import { fail } from "../errors/messaging-errors.js";
import { publishEvent } from "../events/messaging-events.js";
import { Overlap } from "./overlap.js";

interface Entry {
  readonly setting: SubscriptionSetting;
  readonly subscription: Subscription;
  /** Where its messages go. */
  take: (message: Msg) => void;
}

/** When a subscription that the server took away is tried again, in milliseconds. */
const retryMs = 5_000;
/** How long the servers of a cluster may take to tell each other of a subscription, in milliseconds. */
const clusterMs = 200;
/** How long the server may take to confirm that a subscription has ended, in milliseconds. */
const drainMs = 1_000;

/** The subscriptions of a link. What the server takes away comes back as soon as it lets us. */
export class SubscriptionSet {
  readonly #link: LinkIdentity;
  readonly #onMessage: (message: Msg) => void;
  #connection: LiveConnection | undefined;
  #entries: Entry[] = [];
  /** Subscriptions that the server took away, with why. */
  #lost: Map<SubscriptionSetting, Error> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(link: LinkIdentity, onMessage: (message: Msg) => void) {
    this.#link = link;
    this.#onMessage = onMessage;
  }

  /** Why a subscription is missing; undefined if none is. */
  get fault(): Error | undefined {
    return this.#lost?.values().next().value;
  }

  /** Makes all of them or none. @throws KeyturnError `SUBSCRIPTION_…` */
  async open(
    connection: LiveConnection,
    settings: readonly SubscriptionSetting[],
  ): Promise<void> {
    await this.change(connection, settings);
  }

  /**
   * Makes what is missing, then ends what is no longer wanted. A subscription that moves to another
   * connection gets each message once: with a queue group by the server's choice, else by ours.
   *
   * @throws KeyturnError `SUBSCRIPTION_…`; nothing has changed then
   */
  async change(
    connection: LiveConnection,
    settings: readonly SubscriptionSetting[],
  ): Promise<void> {
    const kept =
      connection === this.#connection
        ? this.#entries.filter(({ setting }) => settings.some(isLike(setting)))
        : [];
    const wanted = settings.filter(
      (setting) => !kept.some((entry) => isLike(setting)(entry.setting)),
    );
    const leaving = this.#entries.filter((entry) => !kept.includes(entry));
    const overlaps: Overlap[] = [];
    const made = wanted.map((setting) => {
      const entry = this.#subscribe(connection, setting);
      const twin = leaving.find((old) => isLike(setting)(old.setting));
      if (twin !== undefined && setting.queue === undefined)
        overlaps.push(this.#join(twin, entry));
      return entry;
    });
    try {
      await confirm(connection, made);
    } catch (error) {
      for (const { subscription } of made) subscription.unsubscribe();
      for (const entry of leaving) entry.take = this.#onMessage;
      throw error;
    }
    const before = this.#connection;
    this.#stopRetrying();
    this.#connection = connection;
    this.#entries = kept.concat(made);
    for (const entry of made) this.#watch(entry);
    if (overlaps.length > 0 && before !== undefined)
      await untilKnown(before, connection);
    await end(leaving);
    for (const overlap of overlaps) overlap.release();
    if (overlaps.length === 0) return;
    await confirm(connection, made).catch(() => undefined);
    for (const overlap of overlaps) overlap.end();
    for (const entry of made) entry.take = this.#onMessage;
  }

  /** Ends all of them; what the server has sent before is still delivered. */
  async close(): Promise<void> {
    this.#stopRetrying();
    const entries = this.#entries;
    this.#entries = [];
    await end(entries);
  }

  #stopRetrying(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#lost = undefined;
  }

  /** From now on both have every message, and it is delivered once. */
  #join(old: Entry, fresh: Entry): Overlap {
    const overlap = new Overlap(this.#onMessage);
    old.take = (message) => overlap.old(message);
    fresh.take = (message) => overlap.fresh(message);
    return overlap;
  }

  #subscribe(connection: LiveConnection, setting: SubscriptionSetting): Entry {
    const subscription = connection.subscribe(setting.subject, {
      ...(setting.queue !== undefined && { queue: setting.queue }),
      callback: (error, message) => {
        // An error comes with its end; that is watched.
        if (error === null) entry.take(message);
      },
    });
    const entry: Entry = { setting, subscription, take: this.#onMessage };
    return entry;
  }

  #watch(entry: Entry): void {
    void entry.subscription.closed.then((reason) => {
      if (!this.#entries.includes(entry)) return;
      this.#entries = this.#entries.filter((other) => other !== entry);
      // With the connection, all ends; that shows there.
      if (this.#connection?.isClosed() === true) return;
      this.#onLost(entry.setting, reason ?? new Error("it was closed"));
    });
  }

  #onLost(setting: SubscriptionSetting, reason: Error): void {
    const error = fail(
      "MESSAGING_SUBSCRIPTION_REFUSED",
      `The NATS server took the subscription to \`${setting.subject}\` away: ${errorChain(reason)}.`,
      { cause: reason },
    );
    this.#lost ??= new Map();
    if (!this.#lost.has(setting)) this.#tell("subscription-lost", error);
    this.#lost.set(setting, error);
    this.#retry ??= setTimeout(() => void this.#again(), retryMs).unref();
  }

  async #again(): Promise<void> {
    this.#retry = undefined;
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return;
    for (const setting of this.#lost?.keys() ?? []) {
      const entry = this.#subscribe(connection, setting);
      try {
        await confirm(connection, [entry]);
      } catch (error) {
        entry.subscription.unsubscribe();
        if (this.#lost?.has(setting)) this.#onLost(setting, error as Error);
        continue;
      }
      // Changed or ended meanwhile.
      if (this.#lost?.delete(setting) !== true) {
        entry.subscription.unsubscribe();
        continue;
      }
      this.#entries.push(entry);
      this.#watch(entry);
      this.#tell("subscription-back", undefined, setting);
    }
  }

  #tell(
    type: "subscription-lost" | "subscription-back",
    error?: Error,
    setting?: SubscriptionSetting,
  ): void {
    const link = showLink(this.#link);
    publishEvent({
      type,
      level: error === undefined ? "info" : "error",
      ...(error !== undefined && {
        code: "MESSAGING_SUBSCRIPTION_REFUSED",
        error,
      }),
      message:
        error === undefined
          ? `The link of ${link} is subscribed to \`${setting?.subject ?? ""}\` again.`
          : `The link of ${link}: ${error.message}`,
      component: this.#link.peer,
      link: this.#link.name,
    });
  }
}

function isLike(
  one: SubscriptionSetting,
): (other: SubscriptionSetting) => boolean {
  return ({ subject, queue }) => subject === one.subject && queue === one.queue;
}

async function confirm(
  connection: LiveConnection,
  entries: readonly Entry[],
): Promise<void> {
  if (entries.length === 0) return;
  await confirmSubscriptions(
    connection,
    entries.map(({ subscription }) => subscription),
  );
}

/** Where two servers are involved, the other ones have to learn of the new subscription, too. */
async function untilKnown(
  before: LiveConnection,
  connection: LiveConnection,
): Promise<void> {
  if (before.info?.server_id === connection.info?.server_id) return;
  await new Promise((resolve) => setTimeout(resolve, clusterMs));
}

/** Ends subscriptions; what the server has sent before is still delivered, if it can be reached. */
async function end(entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  const drained = Promise.allSettled(
    entries.map(async ({ subscription }) => subscription.drain()),
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs);
  });
  await Promise.race([drained, late]);
  clearTimeout(timer);
  for (const { subscription } of entries)
    if (!subscription.isClosed()) subscription.unsubscribe();
}
