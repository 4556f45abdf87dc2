import {
  connect,
  isKeyturnError,
  PlaintextGuard,
  type LiveConnection,
  type NatsEvent,
} from "@keyturn/nats";

import { withContext } from "../errors/in-context.js";
import { fail } from "../errors/messaging-errors.js";
import { Ballot } from "./ballot.js";
import {
  ReferredCredential,
  type LinkCredential,
} from "../credentials/referred-credential.js";
import { LinkSource } from "./link-source.js";
import type { ConnectionSpec } from "./connection-spec.js";

/** As the stock provider names its connections, for who looks at the server's list of them. */
const connectionName = "NATS Messaging Provider";

/** How long a connection that is down may take to come back with another credential, in milliseconds. */
const moveMs = 5_000;

/** One connection to NATS and the links that use it. */
export class SharedConnection {
  readonly settingsKey: string;
  readonly ballot = new Ballot();
  /** How many links use it. */
  users = 0;
  readonly opened: Promise<LiveConnection>;
  readonly #source: LinkSource;
  #connection: LiveConnection | undefined;
  /** Why it is down; undefined while it is well. */
  #down: string | undefined;
  /** Why it has not come back, as far as is known. */
  #stillDown: string | undefined;
  /** The last error that the server sent since it was last well. */
  #serverSaid: string | undefined;
  /** Those who wait until it is back. */
  readonly #waiting = new Set<() => void>();
  #changing: Promise<void> = Promise.resolve();

  constructor(spec: ConnectionSpec) {
    this.settingsKey = spec.key;
    this.#source = new LinkSource(spec.credential);
    this.opened = this.#open(spec);
    // Each link that waits for it sees the failure; this is for when none does any more.
    this.opened.catch(() => undefined);
  }

  get credential(): LinkCredential {
    return this.#source.asked;
  }

  /** Why it is down, for people; undefined while it is well. */
  get fault(): Error | undefined {
    if (this.#down === undefined) return undefined;
    return fail(
      "MESSAGING_DISCONNECTED",
      `Not connected to NATS: ${this.#down} ${sentence(this.#stillDown)}`.trimEnd(),
    );
  }

  /** Resolves with true as soon as it is up, with false after `ms` milliseconds. */
  async whenUp(ms: number): Promise<boolean> {
    if (this.#down === undefined) return true;
    return new Promise((resolve) => {
      const done = (isUp: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(isUp);
      };
      const timer = setTimeout(() => done(false), ms);
      const wake = (): void => done(this.#down === undefined);
      this.#waiting.add(wake);
    });
  }

  /**
   * Moves to another credential under traffic. Rolled back if that is refused.
   *
   * @returns false if that belongs to another account, where this connection cannot go
   * @throws KeyturnError `HANDOVER_…`, `CREDENTIAL_…`
   */
  async moveTo(next: LinkCredential): Promise<boolean> {
    const turn = this.#changing.then(() => this.#moveTo(next));
    this.#changing = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async #moveTo(next: LinkCredential): Promise<boolean> {
    const previous = this.#source.asked;
    if (next.fingerprint === previous.fingerprint) {
      if (next !== previous) next.wipe();
      return true;
    }
    const connection = await this.opened;
    this.#source.ask(next);
    try {
      await connection.refreshCredentials();
      await this.#untilPresented(connection);
    } catch (error) {
      this.#source.ask(previous);
      // So that a later reconnect does not present what was refused.
      await connection.refreshCredentials().catch(() => undefined);
      if (isKeyturnError(error) && error.code === "CREDENTIAL_OTHER_ACCOUNT")
        return false;
      next.wipe();
      throw error;
    }
    previous.wipe();
    return true;
  }

  /**
   * While it is down, a credential is taken without a server's word for it, which may be no.
   *
   * @throws KeyturnError `MESSAGING_DISCONNECTED`
   */
  async #untilPresented(connection: LiveConnection): Promise<void> {
    const latest = performance.now() + moveMs;
    const isIn = (): boolean =>
      this.#down === undefined &&
      connection.posture().publicKey === this.#source.given?.publicKey;
    while (!isIn()) {
      if (performance.now() > latest)
        throw (
          this.fault ??
          fail(
            "MESSAGING_DISCONNECTED",
            "The connection to NATS did not come back with the new credential.",
          )
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends it; one that is still being opened as soon as it is open. */
  async close(): Promise<void> {
    this.#down ??= "The connection is no longer needed.";
    for (const wake of this.#waiting) wake();
    const connection = await this.opened.catch(() => undefined);
    await connection?.close();
    this.#source.asked.wipe();
  }

  async #open(spec: ConnectionSpec): Promise<LiveConnection> {
    const { credential } = spec;
    const servers = spec.servers.join(",");
    const as =
      credential instanceof ReferredCredential
        ? ` by ${credential.origin.source}`
        : credential.publicKey === undefined
          ? ""
          : ` as ${credential.publicKey}`;
    try {
      this.#connection = await connect({
        servers: spec.servers,
        name: connectionName,
        connectionLabel: `${servers}${as}`,
        // Asked at each refresh and each refusal: what is in force then counts.
        credentials: this.#source,
        // The links have told it already, each by its own name and with its own remedy.
        credentialsPolicy: new PlaintextGuard({ onWarning: () => undefined }),
        ...(spec.tls !== undefined && { tls: spec.tls }),
        inboxPrefix: spec.inboxPrefix,
        pingInterval: spec.pingIntervalMs,
        // On the wire a plain subscription stays one, also for JetStream consumers that push to it; and
        // its messages keep their order when the credential changes.
        keepOrder: () => true,
        // A component learns at once that nothing is sent, rather than later that it was dropped.
        outbox: { maxBytes: 0 },
        onEvent: (event) => this.#onEvent(event),
      });
      return this.#connection;
    } catch (error) {
      throw withContext("failed to connect to NATS", error);
    }
  }

  #onEvent(event: NatsEvent): void {
    switch (event.type) {
      case "disconnected":
      case "closed":
        // What the server said before it closed the connection says more.
        this.#down ??= this.#serverSaid ?? event.message;
        return;
      case "reconnected":
        this.#down = undefined;
        this.#stillDown = undefined;
        this.#serverSaid = undefined;
        for (const wake of this.#waiting) wake();
        return;
      case "serverError":
        this.#serverSaid = event.message;
        return;
      case "credential":
        if (event.error !== undefined) this.#stillDown = event.message;
        return;
      default:
        return;
    }
  }
}

function sentence(text: string | undefined): string {
  if (text === undefined || text.endsWith(".")) return text ?? "";
  return `${text}.`;
}
