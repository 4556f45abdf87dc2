import { dialError } from "../connection/dial-error.js";
import { errorChain } from "../errors/error-chain.js";
import { isKeyturnError, KeyturnError } from "../errors/keyturn-error.js";
import { fail } from "../errors/nats-errors.js";
import {
  Condition,
  whyWaiting,
  type ConnectionState,
} from "../connection/condition.js";
import type { Credential } from "../credentials/credential.js";
import { Keeper } from "../keeper/keeper.js";
import type { RefreshOptions } from "../keeper/refresh-plan.js";
import { Outbox, type OutboxOptions } from "../outbox/outbox.js";
import type { Credentials } from "../sources/credential-source.js";
import type { PlaintextGuard } from "../sources/plaintext-guard.js";
import { assertConnectFits, defaultMaxControlLine } from "./connect-line.js";
import { handOver } from "./handover.js";
import {
  defaultHandoverDeadlines,
  type HandoverDeadlines,
  type HandoverReport,
} from "./report.js";
import {
  OpenNatsConnection,
  createInbox,
  prepareHostResolution,
  type Authenticator,
  type ConnectionOptions,
} from "./nats-core.js";
import { Presenter } from "./presenter.js";
import { LiveProtocol } from "./protocol.js";
import { otherAccount } from "./prove.js";
import type { WireStreams } from "./transport.js";
import { WireQueues } from "./wire-queues.js";
import type { ConnectionFault, CredentialChange, Posture } from "./posture.js";

/** How a live connection keeps its credential; see `ConnectOptions` for the options of nats.js. */
export interface LiveOptions {
  readonly refresh?: RefreshOptions;
  /** Judges credentials that lay in plain text. */
  readonly guard?: PlaintextGuard;
  readonly outbox?: OutboxOptions;
  readonly handover?: Partial<HandoverDeadlines>;
  /** Plain subscriptions that keep the order of messages across a hand-over. Default: none. */
  readonly keepOrder?: (subject: string) => boolean;
  /** Longest CONNECT line that the servers take, in bytes. Default {@link defaultMaxControlLine}. */
  readonly maxControlLine?: number;
  /** Told each refresh, hand-over, refusal and fallback. */
  readonly onChange?: (change: CredentialChange) => void;
  /** Told what goes wrong otherwise. */
  readonly onFault?: (fault: ConnectionFault) => void;
  /** What to run on in place of TCP. */
  readonly streams?: WireStreams;
}

/** The longest pause between tries of a hand-over, in milliseconds. */
const longestRetryMs = 4000;

/** nats.js' connection, which outlives its credential. */
export class LiveConnection extends OpenNatsConnection {
  readonly #keeper: Keeper;
  readonly #deadlines: HandoverDeadlines;
  readonly #onChange: (change: CredentialChange) => void;
  readonly #live: LiveProtocol;
  #handingOver: Promise<void> | undefined;
  readonly #presenter: Presenter;
  readonly #condition: Condition;
  #leaving = false;
  #handoverFailures = 0;
  #retry: NodeJS.Timeout | undefined;
  #handovers = 0;
  #lastReport: HandoverReport | undefined;
  #lastRefusal: Error | undefined;

  private constructor(
    options: ConnectionOptions,
    source: Credentials,
    live: LiveOptions,
  ) {
    // nats.js takes the authenticator before there is a `this`.
    const late: { present: Authenticator } = { present: () => undefined };
    super({
      ...options,
      authenticator: (nonce?: string) => late.present(nonce),
    });
    late.present = (nonce) => this.#present(nonce);
    this.#onChange = live.onChange ?? (() => undefined);
    this.#deadlines = { ...defaultHandoverDeadlines, ...live.handover };
    const maxControlLine = live.maxControlLine ?? defaultMaxControlLine;
    this.#keeper = new Keeper(source, live.refresh ?? {}, {
      check: (credential) => {
        live.guard?.check(credential.origin);
        credential.assertUsable();
        assertConnectFits(credential, this.options, maxControlLine);
      },
      used: (credential) => live.guard?.used(credential.origin),
      onCredential: (credential) => {
        this.#onChange({
          type: "refreshed",
          publicKey: credential.publicKey,
          source: credential.origin.source,
        });
        // It was of another one.
        this.#lastRefusal = undefined;
        this.#live.dialNow();
        this.#moveOn();
      },
      onFailure: (error, retryInMs) =>
        this.#onChange({ type: "refreshFailed", error, retryInMs }),
    });
    this.#presenter = new Presenter(this.#keeper);
    this.#condition = new Condition(
      () => this.getServer(),
      () => this.#presenter.presented,
    );
    const queues = new WireQueues(
      createInbox("kt").slice("kt.".length),
      options.inboxPrefix ?? "_INBOX",
      live.keepOrder ?? (() => false),
    );
    const outbox = new Outbox(live.outbox ?? {}, (count, why) => {
      this.#onChange({ type: "outboxDropped", count, why });
    });
    this.#live = new LiveProtocol(
      this.options,
      this,
      queues,
      outbox,
      {
        credentialReady: () => {
          const error = this.#presenter.fault();
          if (error !== undefined) this.#onChange({ type: "waiting", error });
          return this.#keeper.ready();
        },
        connected: () => {
          this.#condition.connected();
          this.#presenter.taken();
          this.#onChange({ type: "connected" });
          // A newer credential may have come while this one was being presented.
          this.#moveOn();
        },
        credentialFault: () => this.#presenter.fault(),
        sign: (info) => this.#presenter.sign(info),
        serverError: (error) => this.#onServerError(error),
        dialFailed: (error) => this.#onDialFailed(error),
        lameDuck: () => this.#leave(),
        callbackFailed: (subject, error) =>
          live.onFault?.({ type: "callbackFailed", subject, error }),
        streamFault: (error) => live.onFault?.({ type: "streamFault", error }),
        queueRefused: (subject) =>
          this.#onChange({ type: "queueRefused", subject }),
      },
      live.streams,
    );
    this.protocol = this.#live;
  }

  /**
   * Dials; fails fast if the first credential or server is bad.
   *
   * @throws what the source throws, and KeyturnError `CREDENTIAL_…`, `CONNECT_…`
   */
  static async open(
    options: ConnectionOptions,
    source: Credentials,
    live: LiveOptions,
  ): Promise<LiveConnection> {
    prepareHostResolution();
    let connection: LiveConnection;
    try {
      connection = new LiveConnection(options, source, live);
    } catch (cause) {
      throw fail(
        "CONNECT_OPTION_INVALID",
        `An option cannot be used: ${errorChain(cause)}.`,
        { cause },
      );
    }
    const credential = await connection.#keeper.start();
    try {
      await connection.#live.dialLoop();
    } catch (error) {
      connection.#keeper.close();
      const servers = [options.servers ?? []].flat();
      throw dialError(error, servers, credential);
    }
    void connection.closed().then(() => {
      connection.#keeper.close();
      clearTimeout(connection.#retry);
      connection.#live.outbox.abandon();
      for (const socket of connection.#live.lingering) socket.close();
    });
    return connection;
  }

  /** What an operator may know of the credential in use; never a secret. */
  posture(): Posture {
    const credential = this.#presenter.presented;
    return {
      state: this.#state(),
      lastError: this.#whatIsWrong(),
      kind: credential?.kind ?? "none",
      source: credential?.origin.source ?? "none",
      version: credential?.origin.version,
      plaintext: credential?.origin.plaintext ?? false,
      publicKey: credential?.publicKey,
      account: credential?.account,
      expiresAt: credential?.expiresAt,
      lastRefresh: this.#keeper.lastRefresh,
      nextRefresh: this.#keeper.nextRefresh,
      clockAheadMs: this.#keeper.clockAheadMs,
      handovers: this.#handovers,
      lastHandover: this.#lastReport,
      outbox: {
        messages: this.#live.outbox.size,
        bytes: this.#live.outbox.bytes,
        dropped: this.#live.outbox.dropped,
      },
    };
  }

  /**
   * Asks the source again now, and moves to the new credential if it gives another one. Resolves when
   * the connection runs on it.
   *
   * @throws what the source throws, and KeyturnError `HANDOVER_…`; the connection goes on as it was
   */
  async refreshCredentials(): Promise<void> {
    await this.#keeper.refresh();
    this.#moveOn();
    await this.#handingOver;
    if (this.#lastRefusal !== undefined) throw this.#lastRefusal;
  }

  #present(nonce: string | undefined): ReturnType<Authenticator> {
    const fields = this.#presenter.present(nonce);
    this.#live.trackReplies(this.#presenter.presented?.replies);
    return fields;
  }

  /** Starts a hand-over to the newest credential; while one runs, it is looked at again at its end. */
  #moveOn(): void {
    clearTimeout(this.#retry);
    this.#handingOver ??= this.#handOverUntilCurrent().finally(() => {
      this.#handingOver = undefined;
    });
  }

  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#moveOn();
  }

  async #handOverUntilCurrent(): Promise<void> {
    for (;;) {
      const next = this.#keeper.current;
      if (next === undefined || this.isClosed() || this.isDraining()) return;
      if (
        !this.#leaving &&
        next.fingerprint === this.#presenter.presented?.fingerprint
      ) {
        this.#lastRefusal = undefined;
        this.#handoverFailures = 0;
        return;
      }
      // While nats.js reconnects, it presents the newest credential by itself.
      if (!this.#live.connected) return;
      const elsewhere = this.#leaving;
      this.#leaving = false;
      try {
        assertSameAccount(this.#presenter.presented, next);
        const report = await handOver(
          this.#live,
          next,
          this.#deadlines,
          elsewhere,
        );
        this.#presenter.taken(next);
        this.#handovers++;
        this.#handoverFailures = 0;
        this.#lastReport = report;
        this.#lastRefusal = undefined;
        this.#onChange({
          type: "handedOver",
          report,
          publicKey: next.publicKey,
        });
      } catch (error) {
        if (isConnectionLimit(error)) {
          await this.#reconnectInstead(error);
          return;
        }
        this.#presenter.refused(next);
        const before = this.#lastRefusal?.message;
        this.#lastRefusal = asError(error);
        this.#onChange({
          type: "handoverFailed",
          error,
          isRepeat: before === this.#lastRefusal?.message,
        });
        if (this.#keeper.current === next) {
          this.#tryAgainLater();
          return;
        }
      }
    }
  }

  /** What was refused now may be taken later: the server comes to know the account, or gets room. */
  #tryAgainLater(): void {
    const pause = Math.min(longestRetryMs, 500 * 2 ** this.#handoverFailures++);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(
      () => {
        // The source may have something better meanwhile.
        this.#keeper.refreshSoon();
        this.#moveOn();
      },
      pause * (0.5 + Math.random() / 2),
    );
    this.#retry.unref();
  }

  #state(): ConnectionState {
    if (this.isClosed()) return "closed";
    if (this.#live.connected) return "connected";
    return this.#live.isWaiting ? "waiting" : "reconnecting";
  }

  #whatIsWrong(): Error | undefined {
    const sourceFailure = this.#keeper.lastError;
    switch (this.#state()) {
      case "connected":
        return this.#lastRefusal ?? asError(sourceFailure);
      case "reconnecting":
        return this.#condition.whyDown;
      case "waiting": {
        const fault = this.#presenter.fault();
        return fault === undefined
          ? undefined
          : whyWaiting(fault, sourceFailure);
      }
      default:
        return undefined;
    }
  }

  #onServerError(error: Error): void {
    this.#condition.worse(error);
    const presented = this.#presenter.presented;
    if (
      presented !== undefined &&
      error.name === "UserAuthenticationExpiredError"
    )
      this.#keeper.foundExpired(presented);
  }

  /** No second connection is allowed: the old one is left first, and what that cost is told. */
  async #reconnectInstead(cause: unknown): Promise<void> {
    const started = performance.now();
    const server = this.#live.servers.getCurrentServer();
    server.lastConnect = 0;
    await this.#live.flush().catch(() => undefined);
    await this.reconnect();
    for (
      let i = 0;
      i < 500 && (!this.#live.connected || performance.now() - started < 1);
      i++
    ) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.#lastRefusal = undefined;
    this.#onChange({
      type: "reconnectedInstead",
      gapMs: performance.now() - started,
      cause,
    });
  }

  #onDialFailed(error: unknown): void {
    const refused = isRefusal(error);
    this.#condition.worse(error);
    if (refused) this.#presenter.refused();
    this.#onChange({ type: "dialFailed", error, isRefusal: refused });
    // It may be the credential: the source may have a better one. One refresh at a time, not for
    // each dial of a server that is down.
    if (refused) this.#keeper.refreshSoon();
  }
}

function isRefusal(error: unknown): boolean {
  if (isKeyturnError(error)) return error.code === "CREDENTIAL_SIGNER_FAILED";
  return (
    error instanceof Error &&
    (error.name === "AuthorizationError" ||
      error.name === "UserAuthenticationExpiredError")
  );
}

/**
 * Where both say it, as user JWTs do, the account is known before any dial. Without a way back, when
 * nothing else may be presented, another account is better than none: a reconnect takes it.
 */
function assertSameAccount(
  present: Credential | undefined,
  next: Credential,
): void {
  if (present?.account === undefined || next.account === undefined) return;
  if (present.account !== next.account)
    throw otherAccount(present.account, next.account);
}

function isConnectionLimit(error: unknown): boolean {
  const cause = error instanceof KeyturnError ? error.cause : undefined;
  return (
    cause instanceof Error &&
    cause.name === "ServerRefusal" &&
    /connections exceeded/i.test(cause.message)
  );
}

function asError(error: unknown): Error | undefined {
  if (error === undefined) return undefined;
  return error instanceof Error
    ? error
    : fail("CREDENTIAL_UNAVAILABLE", "The credential source failed.", {
        cause: error,
      });
}
