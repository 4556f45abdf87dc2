import { channel } from "node:diagnostics_channel";

/** What the messaging provider has to say. Never a secret, never a message's body. */
export interface MessagingEvent {
  readonly type:
    | "plaintext-credential"
    | "config-remark"
    | "component-error"
    | "delivery-failed"
    | "dropped"
    | "unsent"
    | "subscription-lost"
    | "subscription-back"
    | "link-totals"
    | "message-in"
    | "message-out";
  readonly level: "error" | "warn" | "info" | "debug" | "trace";
  readonly message: string;
  readonly code?: string;
  readonly component?: string;
  readonly link?: string;
  readonly subject?: string;
  /** Size of a body in bytes. */
  readonly bytes?: number;
  readonly count?: number;
  readonly error?: unknown;
}

/** Name of the `node:diagnostics_channel` of this package. */
export const messagingChannelName = "keyturn:messaging";

/** Name of the channel on which single messages are told (`message-in`, `message-out`). */
export const messagesChannelName = "keyturn:messaging:messages";

const messagingChannel = channel(messagingChannelName);
const messagesChannel = channel(messagesChannelName);

/** Tells an event, if anybody listens. */
export function publishEvent(event: MessagingEvent): void {
  if (messagingChannel.hasSubscribers) messagingChannel.publish(event);
}

/** Tells of a single message; nothing is made of it unless somebody listens. */
export function tellMessage(
  type: "message-in" | "message-out",
  what: string,
  link: { readonly peer: string; readonly name: string },
  subject: string,
  bytes: number,
): void {
  if (!messagesChannel.hasSubscribers) return;
  messagesChannel.publish({
    type,
    level: "debug",
    message: what,
    component: link.peer,
    link: link.name,
    subject,
    bytes,
  } satisfies MessagingEvent);
}
