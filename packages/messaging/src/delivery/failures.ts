import { headers, type MsgHdrs, type NatsConnection } from "@nats-io/nats-core";

import { errorChain, isKeyturnError } from "@keyturn/nats";
import { showLink, type LinkIdentity } from "@keyturn/provider";

import type { LinkSettings } from "../config/settings.js";
import { messagingErrors } from "../errors/messaging-errors.js";
import {
  publishEvent,
  type MessagingEvent,
} from "../events/messaging-events.js";
import { Throttle } from "../events/throttle.js";
import type { Delivery } from "./admission.js";

/** Why a message did no good. */
export type Failure =
  /** The component answered with an error. */
  | { readonly kind: "component"; readonly text: string }
  /** The component could not be called, or gave no answer. */
  | { readonly kind: "call"; readonly error: unknown }
  /** There was no room for it. */
  | { readonly kind: "dropped" };

interface Failed {
  readonly subject: string;
  readonly failure: Failure;
}

/** A dead letter or an error reply that could not be sent. */
interface Unsent {
  readonly what: string;
  readonly subject: string;
  readonly error: unknown;
}

/** Longest text of a component that is shown, in characters. */
const longestText = 300;
const noBody = new Uint8Array(0);

/** What is done about messages of a link that fail: told, counted, and what its config asks for. */
export class Failures {
  readonly #link: LinkIdentity;
  /** Made when they are needed: most links never fail. */
  readonly #throttles: { [kind in Failure["kind"]]?: Throttle<Failed> } = {};
  #unsent: Throttle<Unsent> | undefined;
  readonly counts = { component: 0, call: 0, dropped: 0, unsent: 0 };

  constructor(link: LinkIdentity) {
    this.#link = link;
  }

  /** Takes note of a failure. Never throws. */
  handle(
    delivery: Delivery,
    failure: Failure,
    settings: LinkSettings,
    connection: NatsConnection,
  ): void {
    const { subject } = delivery;
    this.counts[failure.kind]++;
    this.#throttles[failure.kind] ??= new Throttle((failed, count) => {
      publishEvent(this.#event(failed, count));
    });
    this.#throttles[failure.kind]?.happened({ subject, failure });
    const { deadLetterSubject, errorReplies } = settings;
    const { replyTo } = delivery;
    if (deadLetterSubject !== undefined)
      this.#send("dead letter", subject, () =>
        publishDeadLetter(connection, deadLetterSubject, delivery, failure),
      );
    if (errorReplies && replyTo !== undefined)
      this.#send("error reply", subject, () =>
        connection.publish(replyTo, noBody, { headers: errorHeaders(failure) }),
      );
  }

  /** Tells what is still held back. */
  flush(): void {
    for (const throttle of Object.values(this.#throttles)) throttle.flush();
    this.#unsent?.flush();
  }

  #send(what: string, subject: string, send: () => void): void {
    try {
      send();
    } catch (error) {
      this.counts.unsent++;
      this.#unsent ??= new Throttle((unsent, count) => {
        publishEvent(this.#unsentEvent(unsent, count));
      });
      this.#unsent.happened({ what, subject, error });
    }
  }

  #unsentEvent(
    { what, subject, error }: Unsent,
    count: number,
  ): MessagingEvent {
    const { peer, name } = this.#link;
    const more = count === 1 ? "" : ` This is the last of ${count}.`;
    return {
      type: "unsent",
      level: "error",
      code: "MESSAGING_FAILURE_UNSENT",
      message: `The ${what} for a message of the link of ${showLink(this.#link)} could not be sent: ${errorChain(error)} ${messagingErrors.MESSAGING_FAILURE_UNSENT.next}${more}`,
      component: peer,
      link: name,
      subject,
      count,
      error,
    };
  }

  #event({ subject, failure }: Failed, count: number): MessagingEvent {
    const { peer, name } = this.#link;
    const link = `the link of ${showLink(this.#link)}`;
    const more = count === 1 ? "" : ` This is the last of ${count}.`;
    const shared = { component: peer, link: name, subject, count };
    switch (failure.kind) {
      case "component":
        return {
          ...shared,
          type: "component-error",
          level: "warn",
          code: "MESSAGING_COMPONENT_ERROR",
          message: `The component answered a message of ${link} with an error: ${shown(failure.text)}.${more}`,
        };
      case "call":
        return {
          ...shared,
          type: "delivery-failed",
          level: "error",
          code: isKeyturnError(failure.error)
            ? failure.error.code
            : "MESSAGING_DELIVERY_FAILED",
          message: `Unable to send message of ${link}: ${errorChain(failure.error)} ${messagingErrors.MESSAGING_DELIVERY_FAILED.next}${more}`,
          error: failure.error,
        };
      case "dropped":
        return {
          ...shared,
          type: "dropped",
          level: "error",
          code: "MESSAGING_OVERLOADED",
          message: `There was no room for ${count === 1 ? "a message" : `${count} messages`} of ${link}. ${messagingErrors.MESSAGING_OVERLOADED.next}`,
        };
    }
  }
}

/** The message as it came, with where it came on and why it is here, unless that makes it too large. */
function publishDeadLetter(
  connection: NatsConnection,
  to: string,
  delivery: Delivery,
  failure: Failure,
): void {
  const reasons = errorHeaders(failure);
  reasons.set("Keyturn-Subject", delivery.subject);
  if (delivery.replyTo !== undefined)
    reasons.set("Keyturn-Reply-To", delivery.replyTo);
  const { body } = delivery;
  const most = connection.info?.max_payload ?? Infinity;
  const isLarge = body.length + headerBytes(reasons) > most;
  connection.publish(to, body, isLarge ? {} : { headers: reasons });
}

/** How much a header block adds to a message: names, values, line ends, first and last line. */
function headerBytes(block: MsgHdrs): number {
  let bytes = "NATS/1.0\r\n\r\n".length;
  for (const [name, values] of block)
    for (const value of values)
      bytes += Buffer.byteLength(`${name}: ${value}\r\n`);
  return bytes;
}

/** As NATS services tell errors. */
function errorHeaders(failure: Failure): ReturnType<typeof headers> {
  const text =
    failure.kind === "component"
      ? shown(failure.text)
      : failure.kind === "dropped"
        ? "overloaded"
        : "the component could not be called";
  const block = headers();
  block.set("Nats-Service-Error", text);
  block.set(
    "Nats-Service-Error-Code",
    failure.kind === "dropped" ? "503" : "500",
  );
  return block;
}

function shown(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, " ").trim();
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}
