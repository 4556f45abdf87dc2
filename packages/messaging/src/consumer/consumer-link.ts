import {
  headers,
  NoRespondersError,
  RequestError,
  TimeoutError,
  type Msg,
  type MsgHdrs,
  type PublishOptions,
} from "@nats-io/nats-core";

import { errorChain, type KeyturnError } from "@keyturn/nats";
import type { LinkIdentity } from "@keyturn/provider";

import type { LinkSettings } from "../config/settings.js";
import { quoted, subjectFault, subjectMatches } from "../config/subjects.js";
import type { Lease } from "../connections/connection-pool.js";
import { fail } from "../errors/messaging-errors.js";
import { tellMessage } from "../events/messaging-events.js";
import type { BrokerMessage } from "../interface/messaging.js";
import type { TraceContext } from "../trace/trace-context.js";
import { requestsOf } from "./requests.js";

/** How long a publish waits for a connection that is down, in milliseconds. */
const publishWaitMs = 5_000;
/** Longest time that a timer takes; a request's `timeout-ms` may be longer. */
const longestTimeoutMs = 2_147_483_647;
/** What one more header line costs beside its name and value: colon, blank, line end. */
const headerExtra = 4;

/** As the stock provider answers, byte for byte: components may look for them. */
const timedOut = "nats request timed out: deadline has elapsed";
const noResponders = "nats send error: no responders: no responders";

/** A result as components get it. */
export type Outcome<T> =
  | { readonly tag: "ok"; readonly val: T }
  | { readonly tag: "err"; readonly val: string };

const published: Outcome<undefined> = { tag: "ok", val: undefined };

/** A link by which a component publishes and requests. */
export class ConsumerLink {
  readonly link: LinkIdentity;
  #settings: LinkSettings;
  #lease: Lease;
  readonly #totals = { published: 0, requests: 0, refused: 0 };

  constructor(link: LinkIdentity, settings: LinkSettings, lease: Lease) {
    this.link = link;
    this.#settings = settings;
    this.#lease = lease;
  }

  get lease(): Lease {
    return this.#lease;
  }

  /** What it has counted since it was made: what was sent, and what was answered with an error. */
  get totals(): Readonly<Record<"published" | "requests" | "refused", number>> {
    return this.#totals;
  }

  /** Why nothing can be sent; undefined while all is well. */
  get fault(): Error | undefined {
    return this.#lease.shared.fault;
  }

  change(settings: LinkSettings, lease: Lease): void {
    this.#settings = settings;
    this.#lease = lease;
  }

  /** `publish` of the interface: ok means that the message was handed to the connection. */
  publish(
    message: BrokerMessage,
    trace: TraceContext | undefined,
  ): Outcome<undefined> | Promise<Outcome<undefined>> {
    const { subject, body } = message;
    // `some("")` means no reply subject to the server, too.
    const reply = message.replyTo === "" ? undefined : message.replyTo;
    const allowed = this.#settings.publishAllow;
    const problem =
      subjectProblem("subject", subject) ??
      (reply === undefined ? undefined : subjectProblem("reply-to", reply)) ??
      notAllowed("publish_allow", allowed, subject) ??
      this.#tooLarge(subject, body, trace);
    if (problem !== undefined) return this.#refuse(shown(problem));
    // No promise while it is up: its answer then goes out with the same write as other answers.
    return this.fault === undefined
      ? this.#send(message, reply, trace)
      : this.#sendLater(message, reply, trace);
  }

  async #sendLater(
    message: BrokerMessage,
    reply: string | undefined,
    trace: TraceContext | undefined,
  ): Promise<Outcome<undefined>> {
    return (await this.#lease.shared.whenUp(publishWaitMs))
      ? this.#send(message, reply, trace)
      : this.#refuse(this.#disconnected());
  }

  #send(
    { subject, body }: BrokerMessage,
    reply: string | undefined,
    trace: TraceContext | undefined,
  ): Outcome<undefined> {
    try {
      this.#lease.connection.publish(
        subject,
        body,
        publishOptions(subject, reply, trace),
      );
    } catch (error) {
      return this.#refuse(`failed to send message: ${errorChain(error)}`);
    }
    this.#totals.published++;
    this.#tell("A component published.", subject, body);
    return published;
  }

  /** `request` of the interface. */
  request(
    subject: string,
    body: Uint8Array,
    timeoutMs: number,
    trace: TraceContext | undefined,
  ): Outcome<BrokerMessage> | Promise<Outcome<BrokerMessage>> {
    const problem =
      subjectProblem("subject", subject) ??
      notAllowed("request_allow", this.#settings.requestAllow, subject) ??
      this.#tooLarge(subject, body, trace);
    if (problem !== undefined) return this.#refuse(shown(problem));
    const limit = Math.min(timeoutMs, longestTimeoutMs);
    if (limit === 0) return this.#refuse(timedOut);
    return this.fault === undefined
      ? this.#ask(subject, body, limit, trace)
      : this.#askLater(subject, body, limit, trace);
  }

  async #askLater(
    subject: string,
    body: Uint8Array,
    limit: number,
    trace: TraceContext | undefined,
  ): Promise<Outcome<BrokerMessage>> {
    const began = performance.now();
    if (!(await this.#lease.shared.whenUp(limit)))
      return this.#refuse(timedOut);
    const left = limit - (performance.now() - began);
    return left <= 0
      ? this.#refuse(timedOut)
      : this.#ask(subject, body, left, trace);
  }

  #ask(
    subject: string,
    body: Uint8Array,
    timeoutMs: number,
    trace: TraceContext | undefined,
  ): Promise<Outcome<BrokerMessage>> {
    this.#totals.requests++;
    this.#tell("A component sent a request.", subject, body);
    // One promise a request: each more costs as much as reading its answer.
    return new Promise((resolve) => {
      try {
        requestsOf(this.#lease.connection).ask(
          subject,
          body,
          timeoutMs,
          headersFor(subject, trace),
          (error, answer) =>
            resolve(
              answer === undefined
                ? this.#refuse(requestText(error))
                : this.#answered(answer),
            ),
        );
      } catch (error) {
        resolve(this.#refuse(requestText(error)));
      }
    });
  }

  #answered(answer: Msg): Outcome<BrokerMessage> {
    const status = statusOf(answer);
    if (status !== undefined) return this.#refuse(`nats send error: ${status}`);
    const { subject, data, reply } = answer;
    return {
      tag: "ok",
      val: { subject, body: data, replyTo: reply === "" ? undefined : reply },
    };
  }

  #refuse<T>(text: string): Outcome<T> {
    this.#totals.refused++;
    return { tag: "err", val: text };
  }

  #disconnected(): string {
    const { fault } = this.#lease.shared;
    return `failed to send message: ${fault?.message ?? "not connected"}`;
  }

  #tooLarge(
    subject: string,
    body: Uint8Array,
    trace: TraceContext | undefined,
  ): KeyturnError | undefined {
    const most = this.#lease.connection.info?.max_payload;
    if (most === undefined) return undefined;
    const size = body.length + headerBytes(subject, trace);
    return size <= most
      ? undefined
      : fail(
          "MESSAGING_BODY_TOO_LARGE",
          `The message has ${size} bytes, and the NATS server takes at most ${most}.`,
        );
  }

  #tell(what: string, subject: string, body: Uint8Array): void {
    tellMessage("message-out", what, this.link, subject, body.length);
  }
}

/** An error value is all that a component sees: it gets the code, too. */
function shown(error: KeyturnError): string {
  return `${error.message} (${error.code})`;
}

function subjectProblem(
  what: string,
  subject: string,
): KeyturnError | undefined {
  const fault = subjectFault(subject, false);
  return fault === undefined
    ? undefined
    : fail(
        "MESSAGING_SUBJECT_INVALID",
        `The ${what} ${quoted(subject)} cannot be used: ${fault}.`,
      );
}

function notAllowed(
  key: "publish_allow" | "request_allow",
  allowed: readonly string[] | undefined,
  subject: string,
): KeyturnError | undefined {
  if (
    allowed === undefined ||
    allowed.some((pattern) => subjectMatches(pattern, subject))
  )
    return undefined;
  return fail(
    "MESSAGING_SUBJECT_NOT_ALLOWED",
    `The subject ${quoted(subject)} is not among \`${key}\` of the link.`,
  );
}

/** Some of the server's own services do not take headers. */
function takesHeaders(subject: string): boolean {
  return !subject.startsWith("$SYS");
}

function headersFor(
  subject: string,
  trace: TraceContext | undefined,
): MsgHdrs | undefined {
  if (trace === undefined || !takesHeaders(subject)) return undefined;
  const block = headers();
  for (const name in trace) block.set(name, trace[name] ?? "");
  return block;
}

function publishOptions(
  subject: string,
  reply: string | undefined,
  trace: TraceContext | undefined,
): PublishOptions | undefined {
  const block = headersFor(subject, trace);
  if (block !== undefined)
    return reply === undefined ? { headers: block } : { reply, headers: block };
  return reply === undefined ? undefined : { reply };
}

function headerBytes(subject: string, trace: TraceContext | undefined): number {
  if (trace === undefined || !takesHeaders(subject)) return 0;
  let bytes = "NATS/1.0\r\n\r\n".length;
  for (const name in trace)
    bytes += name.length + Buffer.byteLength(trace[name] ?? "") + headerExtra;
  return bytes;
}

/** A status of the server in place of an answer; undefined for an answer. */
function statusOf(answer: Msg): string | undefined {
  const block = answer.headers;
  if (block === undefined || block.code < 300) return undefined;
  return `status ${block.code}${block.description === "" ? "" : ` ${block.description}`}`;
}

function requestText(error: unknown): string {
  const cause = error instanceof RequestError ? error.cause : error;
  if (error instanceof TimeoutError || cause instanceof TimeoutError)
    return timedOut;
  if (cause instanceof NoRespondersError) return noResponders;
  return `nats send error: ${errorChain(error)}`;
}
