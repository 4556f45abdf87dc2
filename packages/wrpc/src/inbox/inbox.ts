import {
  createInbox,
  PermissionViolationError,
  type Msg,
  type NatsConnection,
} from "@nats-io/nats-core";

import { fail, type WrpcErrorCode } from "../errors/wrpc-errors.js";
import type { WrpcError } from "../errors/wrpc-error.js";
import { publishError } from "../events/wrpc-events.js";
import { maxSlots, slotAt, tokenFor } from "./token.js";

/** What a message in an inbox is for. */
export type Part = "handshake" | "results" | "params";

/** Something that awaits messages: a call of ours, or the parameters of a call to us. */
export interface InboxEntry {
  /** Set by the inbox: the subject that is given to the peer. */
  inbox: string;
  /** Set by the inbox. */
  slot: number;
  /** When `onDeadline` is due, as `performance.now()`. */
  deadline: number;
  /** False if it has no use for such a part. */
  onMessage(part: Part, message: Msg): boolean;
  /** Closes the entry or sets a later deadline. */
  onDeadline(): void;
  /** Nothing will come any more; the entry has been closed. */
  onLost(error: WrpcError<WrpcErrorCode>): void;
  /** Subject of the invocation while it is not answered, for refusals by the NATS server. */
  readonly awaits: string | undefined;
}

/** How often deadlines are looked at: they pass up to this much late. */
export const deadlineStepMs: number = 50;

const inboxes = new WeakMap<NatsConnection, Inbox>();

/**
 * The one inbox of a connection, made at first use: one wildcard subscription, one timer while
 * something is awaited, and no more of both however many calls there are. It lives as long as
 * the connection.
 */
export function inboxOf(connection: NatsConnection): Inbox {
  let inbox = inboxes.get(connection);
  if (inbox === undefined) {
    inbox = new Inbox(connection);
    inboxes.set(connection, inbox);
  }
  return inbox;
}

/** What has come to the inbox of a connection without being part of a call. */
export interface InboxStats {
  /** Calls and parameters that are awaited now. */
  readonly open: number;
  /** Messages of calls that were over already; nearly every call has one, its last. */
  readonly late: number;
  /** Messages that no peer has reason to send. */
  readonly garbage: number;
}

/** Counters of all clients and servers of a connection together. */
export function inboxStats(connection: NatsConnection): InboxStats {
  const { open, late, garbage } = inboxOf(connection);
  return { open, late, garbage };
}

/** See {@link inboxOf}. */
export class Inbox {
  readonly #connection: NatsConnection;
  readonly #base: string;
  /** Bytes of every inbox subject. */
  readonly subjectBytes: number;
  // Slot 0 is never taken: it stands for "nothing is awaited".
  readonly #entries: (InboxEntry | undefined)[] = [undefined];
  readonly #free: number[] = [];
  #nowhere: string | undefined;
  #listening = false;
  #timer: NodeJS.Timeout | undefined;
  #connected = true;
  /** See {@link InboxStats}. */
  open = 0;
  late = 0;
  garbage = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#base = createInbox(inboxPrefix(connection));
    this.subjectBytes = Buffer.byteLength(this.nowhere);
    void this.#watch();
    void connection.closed().then(() => {
      this.#lose(closedError());
    });
  }

  /**
   * Why nothing can be sent now, if so.
   *
   * Sending while disconnected would only fill a buffer that nats.js throws away.
   */
  get problem(): WrpcError<WrpcErrorCode> | undefined {
    if (this.#connection.isClosed() || this.#connection.isDraining())
      return closedError();
    if (!this.#connected || this.#connection.info === undefined)
      return fail(
        "WRPC_NOT_CONNECTED",
        "The NATS connection is not connected at the moment.",
      );
    return undefined;
  }

  /** Gives an entry a fresh inbox. */
  add(entry: InboxEntry): void {
    this.listen();
    const slot = this.#free.pop() ?? this.#entries.length;
    if (slot >= maxSlots) throw fail("WRPC_OVERLOADED", "No inbox is free.");
    this.#entries[slot] = entry;
    this.open++;
    entry.slot = slot;
    entry.inbox = this.#addressOf(slot);
    this.#timer ??= setInterval(() => {
      this.#expire();
    }, deadlineStepMs).unref();
  }

  /** Ends an entry; what comes for it later is dropped. */
  remove(entry: InboxEntry): void {
    const { slot } = entry;
    if (slot === 0 || this.#entries[slot] !== entry) return;
    this.#entries[slot] = undefined;
    this.#free.push(slot);
    this.open--;
    entry.slot = 0;
  }

  /** Where nothing is awaited. */
  get nowhere(): string {
    return (this.#nowhere ??= this.#addressOf(0));
  }

  /** A fresh inbox. */
  #addressOf(slot: number): string {
    return `${this.#base}.${tokenFor(slot)}`;
  }

  /** Subscribes if that has not been done, or if the server has refused it before. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#connection.subscribe(`${this.#base}.>`, {
      callback: (error, message) => {
        if (error === null) this.#dispatch(message);
        else this.#refused(error);
      },
    });
  }

  #dispatch(message: Msg): void {
    const { subject } = message;
    const slot = slotAt(subject, this.#base.length + 1);
    if (slot < 0) {
      this.garbage++;
      return;
    }
    const entry = this.#entries[slot];
    if (entry === undefined || !subject.startsWith(entry.inbox)) {
      this.late++;
      return;
    }
    const part = partOf(subject, entry.inbox.length);
    if (part === undefined || !entry.onMessage(part, message)) this.garbage++;
  }

  #expire(): void {
    if (this.open === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const entry of this.#entries)
      if (entry !== undefined && entry.deadline <= now) entry.onDeadline();
  }

  #lose(error: WrpcError<WrpcErrorCode>, subject?: string): void {
    for (const entry of this.#entries) {
      if (entry === undefined) continue;
      if (subject !== undefined && entry.awaits !== subject) continue;
      this.remove(entry);
      entry.onLost(error);
    }
  }

  #refused(cause: Error): void {
    this.#listening = false;
    const error = fail(
      "WRPC_NOT_PERMITTED",
      `The NATS server refused to subscribe to the inbox \`${this.#base}.>\`.`,
      { cause },
    );
    publishError("inbox-lost", "error", error);
    this.#lose(error);
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") this.#connected = false;
      else if (status.type === "reconnect") this.#connected = true;
      else if (
        status.type === "error" &&
        status.error instanceof PermissionViolationError &&
        status.error.operation === "publish"
      )
        // Without this the caller would wait for a handshake that cannot come.
        this.#lose(
          fail(
            "WRPC_NOT_PERMITTED",
            `The NATS server refused to publish to \`${status.error.subject}\`.`,
            { cause: status.error },
          ),
          status.error.subject,
        );
    }
  }
}

function partOf(subject: string, inboxLength: number): Part | undefined {
  switch (subject.length - inboxLength) {
    case 0:
      return "handshake";
    case 7:
      return subject.endsWith(".params") ? "params" : undefined;
    case 8:
      return subject.endsWith(".results") ? "results" : undefined;
    default:
      return undefined;
  }
}

function closedError(): WrpcError<WrpcErrorCode> {
  return fail(
    "WRPC_CONNECTION_CLOSED",
    "The NATS connection is closed or draining.",
  );
}

// Not in the interface of a connection, but its user may be allowed this prefix only.
function inboxPrefix(connection: NatsConnection): string | undefined {
  const { options } = connection as NatsConnection & {
    readonly options?: { readonly inboxPrefix?: unknown };
  };
  return typeof options?.inboxPrefix === "string"
    ? options.inboxPrefix
    : undefined;
}
