import type { Msg, MsgHdrs } from "@nats-io/nats-core";

import { MsgImpl, type MsgArg, type OpenProtocolHandler } from "./nats-core.js";
import { ReadHeaders } from "./read-headers.js";

/** nats.js takes no larger message either. */
const mostBytes = 64 * 1024 * 1024;

/** What the control line of a message says. nats.js keeps its parts as bytes and decodes them later. */
export class WireMessage implements MsgArg {
  readonly subjectText: string;
  /** "" if it has none. */
  readonly replyText: string;
  readonly sid: number;
  /** Bytes of the header block; -1 without one. */
  readonly hdr: number;
  /** Bytes of header block and body together. */
  readonly size: number;

  constructor(
    subject: string,
    reply: string,
    sid: number,
    hdr: number,
    size: number,
  ) {
    this.subjectText = subject;
    this.replyText = reply;
    this.sid = sid;
    this.hdr = hdr;
    this.size = size;
  }

  get subject(): Uint8Array {
    return Buffer.from(this.subjectText);
  }

  /** Without bytes if it has none. */
  get reply(): Uint8Array {
    return Buffer.from(this.replyText);
  }
}

/**
 * Reads `MSG subject sid [reply] size` or `HMSG subject sid [reply] header-size size` (NATS client
 * protocol), without its line end.
 *
 * @throws Error if it is neither
 */
export function readMessageLine(line: string): WireMessage {
  const message =
    // As servers write it; several blanks or tabs are allowed.
    readParts(line) ?? readParts(line.trim().replace(/[ \t]+/g, " "));
  if (message === undefined) throw new Error("malformed message line");
  return message;
}

function readParts(line: string): WireMessage | undefined {
  const withHeader = (line.charCodeAt(0) & 0xdf) === 0x48;
  const subject = line.indexOf(" ") + 1;
  const sid = line.indexOf(" ", subject) + 1;
  const afterSid = line.indexOf(" ", sid) + 1;
  const size = line.lastIndexOf(" ") + 1;
  if (subject === 0 || sid === 0 || afterSid === 0 || sid - subject < 2)
    return undefined;
  let numbers = size;
  let hdr = -1;
  if (withHeader) {
    numbers = line.lastIndexOf(" ", size - 2) + 1;
    hdr = readNumber(line, numbers, size - 1);
    if (hdr < 0 || numbers < afterSid) return undefined;
  }
  const bytes = readNumber(line, size, line.length);
  const id = readNumber(line, sid, afterSid - 1);
  if (id < 0 || bytes < 0 || bytes > mostBytes || hdr > bytes) return undefined;
  const reply = numbers === afterSid ? "" : line.slice(afterSid, numbers - 1);
  if (reply.includes(" ")) return undefined;
  return new WireMessage(line.slice(subject, sid - 1), reply, id, hdr, bytes);
}

/** -1 for what is no number of at most 15 digits. */
function readNumber(text: string, start: number, end: number): number {
  if (end <= start || end - start > 15) return -1;
  let number = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** A message as nats.js gives it, save that what has been read of it is not read again. */
class ReadMessage extends MsgImpl {
  #data: Uint8Array | undefined;

  constructor(
    message: WireMessage,
    data: Uint8Array,
    protocol: OpenProtocolHandler,
  ) {
    super(message, data, protocol);
    this._subject = message.subjectText;
    this._reply = message.replyText;
  }

  override get subject(): string {
    return this._subject;
  }

  override get reply(): string {
    return this._reply;
  }

  override get headers(): MsgHdrs | undefined {
    const { hdr } = this._msg;
    if (hdr < 0) return undefined;
    const { buffer, byteOffset } = this._rdata;
    return (this._headers ??= new ReadHeaders(
      Buffer.from(buffer, byteOffset, hdr),
    ));
  }

  // nats.js makes a new view each time.
  override get data(): Uint8Array {
    return (this.#data ??= super.data);
  }
}

/** As `processMsg` of nats.js. */
export function dispatch(
  protocol: OpenProtocolHandler,
  message: WireMessage,
  data: Uint8Array,
): void {
  protocol.inMsgs++;
  protocol.inBytes += data.length;
  const subscription = protocol.subscriptions.get(message.sid);
  if (subscription === undefined) return;
  subscription.received++;
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- a drained one has none
  subscription.callback?.(
    null,
    new ReadMessage(message, data, protocol) as Msg,
  );
  if (
    subscription.max !== undefined &&
    subscription.received >= subscription.max
  )
    subscription.unsubscribe();
}
