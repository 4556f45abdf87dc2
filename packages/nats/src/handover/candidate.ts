import type { Credential } from "../credentials/credential.js";
import { fail } from "../errors/nats-errors.js";
import type { ClientTls } from "../tls/client-tls.js";
import { FrameSplitter, type Frame } from "./frames.js";
import {
  Connect,
  deferred,
  type ConnectionOptions,
  type Deferred,
  type ServerEntry,
  type ServerInfo,
} from "./nats-core.js";
import { HandoverTransport, type WireStreams } from "./transport.js";

const utf8 = new TextEncoder();
const ping = utf8.encode("PING\r\n");
const pong = utf8.encode("PONG\r\n");

/** Where to dial: the address of a server and the name its certificate must have. */
export interface DialTarget {
  readonly hostname: string;
  readonly port: number;
  readonly tlsName: string;
  /** nats.js' entry for it; absent for the server in use. */
  readonly server?: ServerEntry;
}

/** A server's refusal while a candidate is being proved; `message` is the server's own text. */
export class ServerRefusal extends Error {
  override readonly name = "ServerRefusal";
}

/** A permission violation for one subscription, as the server names it. */
export interface RefusedSubscription {
  readonly subject: string;
  readonly queue: string | undefined;
}

/**
 * A second socket to a NATS server on its way to take over: dialled, authenticated and subscribed
 * beside the one in use. Messages that arrive on it are kept, whole and in order.
 */
export class Candidate {
  readonly transport: HandoverTransport;
  readonly target: DialTarget;
  /** INFO of the server at the other end; there once {@link dial} has resolved. */
  info!: ServerInfo;
  /** Frames for nats.js: messages, and what else the server said unasked. */
  readonly kept: Uint8Array[] = [];
  keptBytes = 0;
  /** Subscriptions that the server refused since the last {@link roundTrip}. */
  refused: RefusedSubscription[] = [];
  /** Called with each message and its subscription's id; if it returns true, the message is not kept. */
  onMessage: ((sid: number, bytes: Uint8Array) => boolean) | undefined;
  /** Called for a message to `probeSid`; such messages are not kept. */
  onProbe: (() => void) | undefined;

  readonly #splitter = new FrameSplitter((frame) => this.#onFrame(frame));
  readonly #pongs: Deferred<void>[] = [];
  readonly #failed = deferred<never>();
  /** Resolves when it is broken, or given up because the connection is closed. */
  readonly ended: Promise<void> = this.#failed.catch(() => undefined);
  #info: ServerInfo | undefined;
  #isBroken = false;

  static readonly probeSid = "kt-probe";

  constructor(
    target: DialTarget,
    streams: WireStreams | undefined,
    clientTls: ClientTls | undefined,
  ) {
    this.target = target;
    this.transport = new HandoverTransport(streams, clientTls);
  }

  /** Whether the server refused, or the socket closed. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Dials and reads INFO; upgrades to TLS as nats.js would. */
  async dial(options: ConnectionOptions): Promise<void> {
    this.transport.sink = (chunk) => this.#feed(chunk);
    await Promise.race([
      this.transport.connect(this.target, options),
      this.#failed,
    ]);
    void this.transport.closed().then((error) => {
      this.#fail(this.transport.brokenBy(error ?? undefined));
    });
    const first = this.transport.yields.splice(0);
    for (const chunk of first) this.#feed(chunk);
    if (this.#info === undefined)
      throw new Error("the server did not send INFO");
    this.info = this.#info;
  }

  /** Signs in. @throws ServerRefusal with the server's text */
  async authenticate(
    credential: Credential,
    options: ConnectionOptions,
  ): Promise<void> {
    const { nonce } = this.info as { nonce?: string };
    const authenticator = await credential.prepare(nonce);
    // Asked at the last moment: an expired credential never leaves the process.
    credential.assertUsable();
    const { version, lang } = this.transport;
    const connect = new Connect(
      { version, lang },
      { ...options, authenticator },
      nonce,
    );
    if (this.info.headers) {
      connect.headers = true;
      connect.no_responders = true;
    }
    this.transport.sendNow(
      utf8.encode(`CONNECT ${JSON.stringify(connect)}\r\n`),
    );
    await this.roundTrip();
  }

  send(commands: string): void {
    this.transport.sendNow(utf8.encode(commands));
  }

  /** Resolves when the server has taken everything sent so far. */
  async roundTrip(): Promise<void> {
    const answer = deferred<void>();
    this.#pongs.push(answer);
    this.transport.sendNow(ping);
    await Promise.race([answer, this.#failed]);
  }

  /** What arrived after the last whole frame; it belongs before the next byte of the socket. */
  get rest(): Uint8Array {
    return this.#splitter.rest;
  }

  /** Ends it; frames already kept stay readable. */
  close(): void {
    this.#fail(new Error("the candidate was given up"));
    this.transport.discard();
  }

  #fail(error: Error): void {
    this.#isBroken = true;
    this.#failed.reject(error);
  }

  #feed(chunk: Uint8Array): void {
    try {
      this.#splitter.feed(chunk);
    } catch (cause) {
      this.#fail(new Error("the peer does not speak NATS", { cause }));
      this.transport.discard();
    }
  }

  #onFrame(frame: Frame): void {
    switch (frame.kind) {
      case "message":
        this.#onMessage(frame);
        return;
      case "pong":
        this.#pongs.shift()?.resolve();
        return;
      case "ping":
        this.transport.sendNow(pong);
        return;
      case "info":
        this.#onInfo(frame);
        return;
      case "error":
        this.#onError(
          Buffer.from(frame.line.subarray(5))
            .toString("utf8")
            .trim()
            .replace(/^'|'$/g, ""),
        );
        return;
      case "ok":
        return;
    }
  }

  #onMessage({ line, bytes }: Frame): void {
    // `MSG` and `HMSG` have the same beginning: subject, then id.
    const sid = Buffer.from(line).toString("latin1").split(" ")[2];
    if (sid === Candidate.probeSid) this.onProbe?.();
    else if (this.onMessage?.(Number(sid), bytes) !== true) this.#keep(bytes);
  }

  /** Servers send INFO once more after CONNECT; nats.js needs to see it only if it says something new. */
  #onInfo(frame: Frame): void {
    const info = JSON.parse(
      Buffer.from(frame.line.subarray(5)).toString("utf8"),
    ) as ServerInfo;
    if (this.#info === undefined) this.#info = info;
    else this.info = { ...this.#info, ...info };
    if (info.ldm === true) this.#keep(frame.bytes);
  }

  #keep(bytes: Uint8Array): void {
    this.kept.push(bytes);
    this.keptBytes += bytes.byteLength;
  }

  #onError(text: string): void {
    const violation =
      /^permissions violation for subscription to "([^"]*)"(?: using queue "([^"]*)")?/i.exec(
        text,
      );
    if (violation !== null) {
      this.refused.push({
        subject: violation[1] as string,
        queue: violation[2],
      });
      return;
    }
    // Ownership of other non-fatal texts lies with the connection in use.
    if (/^permissions violation/i.test(text)) return;
    this.#fail(new ServerRefusal(text));
  }
}

/** A deadline on a step of the hand-over, so that a stalled peer cannot hold it for ever. */
export async function within<T>(
  ms: number,
  step: string,
  work: Promise<T>,
): Promise<T> {
  const late = deferred<never>();
  const timer = setTimeout(
    () =>
      late.reject(
        fail("HANDOVER_TIMEOUT", `${step} took longer than ${ms} ms.`),
      ),
    ms,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    late.catch(() => undefined);
  }
}
