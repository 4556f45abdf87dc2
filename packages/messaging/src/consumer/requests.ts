import {
  createInbox,
  NoRespondersError,
  nuid,
  PermissionViolationError,
  RequestError,
  TimeoutError,
  type Msg,
  type MsgHdrs,
} from "@nats-io/nats-core";

import type { LiveConnection } from "@keyturn/nats";

/** Called once: with what went wrong, or with the answer. */
type Settle = (error: Error | undefined, answer?: Msg) => void;

interface Pending {
  readonly subject: string;
  readonly timer: NodeJS.Timeout;
  readonly settle: Settle;
}

const open = new WeakMap<LiveConnection, Requests>();

/** The requests of a connection: one subscription for the answers of all, made at the first. */
export function requestsOf(connection: LiveConnection): Requests {
  let requests = open.get(connection);
  if (requests === undefined) {
    requests = new Requests(connection);
    open.set(connection, requests);
  }
  return requests;
}

/**
 * Requests as `request()` of nats.js sends them. That one makes two errors a request before
 * anything has failed, the second one even when it has been answered, and their stack traces took
 * a third of the time that a request of a component costs (`npm run bench -- beside "request 64"`).
 */
export class Requests {
  readonly #connection: LiveConnection;
  /** Where answers come, but for the token. */
  readonly #inbox: string;
  readonly #pending = new Map<string, Pending>();
  #isListening = false;

  /** @param connection it answers with an error when this one has been closed */
  constructor(connection: LiveConnection) {
    this.#connection = connection;
    this.#inbox = `${createInbox(connection.options.inboxPrefix)}.`;
    void this.#watch();
    void connection.closed().then(() => {
      this.#fail(new RequestError("connection closed"));
    });
  }

  /**
   * Sends one. `settle` gets its answer, or a TimeoutError, NoRespondersError, PermissionViolationError or
   * RequestError.
   *
   * @param timeoutMs more than 0; fractions count as the millisecond that they belong to
   * @throws what publishing throws; `settle` is not called then
   */
  ask(
    subject: string,
    body: Uint8Array,
    timeoutMs: number,
    headers: MsgHdrs | undefined,
    settle: Settle,
  ): void {
    this.#listen();
    const token = nuid.next();
    const reply = this.#inbox + token;
    this.#connection.publish(
      subject,
      body,
      headers === undefined ? { reply } : { reply, headers },
    );
    const timer = setTimeout(() => {
      this.#pending.delete(token);
      settle(new TimeoutError());
    }, timeoutMs);
    this.#pending.set(token, { subject, timer, settle });
  }

  /** Again if the server has refused it: the next credential may be permitted. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) return this.#answer(message);
        this.#isListening = false;
        this.#fail(error);
      },
    });
  }

  #answer(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length);
    const pending = this.#pending.get(token);
    if (pending === undefined) return;
    this.#pending.delete(token);
    clearTimeout(pending.timer);
    if (message.data.length === 0 && message.headers?.code === 503)
      pending.settle(new NoRespondersError(pending.subject));
    else pending.settle(undefined, message);
  }

  /** @param subject of those that have failed; all of them without it */
  #fail(error: Error, subject?: string): void {
    for (const [token, pending] of this.#pending) {
      if (subject !== undefined && pending.subject !== subject) continue;
      this.#pending.delete(token);
      clearTimeout(pending.timer);
      pending.settle(error);
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status())
      if (
        status.type === "error" &&
        status.error instanceof PermissionViolationError &&
        status.error.operation === "publish"
      )
        // Without this the component would wait for an answer that cannot come.
        this.#fail(status.error, status.error.subject);
  }
}
