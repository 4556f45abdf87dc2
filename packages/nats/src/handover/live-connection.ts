import { dialError, isTlsFailure } from "../connection/dial-error.js";
import { errorChain } from "../errors/error-chain.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { fail } from "../errors/nats-errors.js";
import {
  Condition,
  whyWaiting,
  type ConnectionState,
} from "../connection/condition.js";
import type { Credential } from "../credentials/credential.js";
import { Keeper, type KeptSource } from "../keeper/keeper.js";
import type { RefreshOptions } from "../keeper/refresh-plan.js";
import { asSource } from "../sources/as-source.js";
import { Outbox, type OutboxOptions } from "../outbox/outbox.js";
import type { Credentials } from "../sources/credential-source.js";
import type { PlaintextGuard } from "../sources/plaintext-guard.js";
import { assertConnectFits, defaultMaxControlLine } from "./connect-line.js";
import type { ClientTls } from "../tls/client-tls.js";
import { TlsKeeper } from "../tls/tls-keeper.js";
import { asError } from "./as-error.js";
import { Mover } from "./mover.js";
import { defaultHandoverDeadlines, type HandoverDeadlines } from "./report.js";
import {
  OpenNatsConnection,
  createInbox,
  prepareHostResolution,
  type Authenticator,
  type ConnectionOptions,
} from "./nats-core.js";
import { Presenter } from "./presenter.js";
import { LiveProtocol } from "./protocol.js";
import type { WireStreams } from "./transport.js";
import { WireQueues } from "./wire-queues.js";
import type {
  CertificatePosture,
  ConnectionFault,
  CredentialChange,
  Posture,
} from "./posture.js";

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
  /** Client certificate, key and authorities to trust. */
  readonly tls?: KeptSource<ClientTls>;
}

/** nats.js' connection, which outlives its credential. */
export class LiveConnection extends OpenNatsConnection {
  readonly #keeper: Keeper;
  readonly #onChange: (change: CredentialChange) => void;
  readonly #live: LiveProtocol;
  readonly #presenter: Presenter;
  readonly #tls: TlsKeeper | undefined;
  readonly #mover: Mover;
  readonly #condition: Condition;

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
    this.#onChange = (change) => {
      live.onChange?.(change);
      // Of connections nats.js tells by itself.
      if (change.type !== "connected") this.#live.tell(change);
    };
    const maxControlLine = live.maxControlLine ?? defaultMaxControlLine;
    this.#keeper = new Keeper(asSource(source), live.refresh ?? {}, {
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
        this.#mover.moveOnTo("credential");
      },
      onFailure: (error, retryInMs, isRepeat) =>
        this.#onChange({ type: "refreshFailed", error, retryInMs, isRepeat }),
    });
    this.#tls = this.#keepTls(live);
    this.#presenter = new Presenter(this.#keeper);
    this.#condition = new Condition(
      () => this.getServer(),
      () => this.#presenter.presented,
    );
    const queues = new WireQueues(
      createInbox("kt").slice("kt.".length),
      options.inboxPrefix ?? "_INBOX",
      live.keepOrder ?? (() => false),
      (subject) => this.#live.deliveries.has(subject),
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
        clientTls: () => this.#tls?.next(),
        connected: () => {
          this.#condition.connected();
          this.#presenter.taken();
          this.#tls?.taken(this.#live.live.clientTls);
          this.#onChange({ type: "connected" });
          this.#mover.reconnected();
        },
        credentialFault: () => this.#presenter.fault(),
        sign: (info) => this.#presenter.sign(info),
        serverError: (error) => this.#onServerError(error),
        dialFailed: (error) => this.#onDialFailed(error),
        lameDuck: () => this.#mover.leave(),
        callbackFailed: (subject, error) =>
          live.onFault?.({ type: "callbackFailed", subject, error }),
        streamFault: (error) => live.onFault?.({ type: "streamFault", error }),
        queueRefused: (subject) =>
          this.#onChange({ type: "queueRefused", subject }),
      },
      live.streams,
    );
    this.protocol = this.#live;
    this.#mover = new Mover({
      connection: this,
      live: this.#live,
      keeper: this.#keeper,
      presenter: this.#presenter,
      tls: this.#tls,
      deadlines: { ...defaultHandoverDeadlines, ...live.handover },
      onChange: this.#onChange,
    });
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
    let credential: Credential | undefined;
    try {
      await connection.#tls?.start();
      credential = await connection.#keeper.start();
      await connection.#live.dialLoop();
    } catch (error) {
      connection.#keeper.close();
      connection.#tls?.close();
      if (credential === undefined) throw error;
      const servers = [options.servers ?? []].flat();
      throw dialError(error, servers, credential);
    }
    void connection.closed().then(() => {
      connection.#keeper.close();
      connection.#tls?.close();
      connection.#mover.close();
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
      certificate: certificatePosture(this.#live.live.clientTls),
      lastRefresh: this.#keeper.lastRefresh,
      nextRefresh: this.#keeper.nextRefresh,
      clockAheadMs: this.#keeper.clockAheadMs,
      handovers: this.#mover.handovers,
      lastHandover: this.#mover.lastReport,
      outbox: {
        messages: this.#live.outbox.size,
        bytes: this.#live.outbox.bytes,
        dropped: this.#live.outbox.dropped,
      },
    };
  }

  /**
   * Asks the source again now, that of certificates too, and moves to the new ones if there are. Resolves
   * when the connection runs on them.
   *
   * @throws what the source throws, and KeyturnError `HANDOVER_…`; the connection goes on as it was
   */
  async refreshCredentials(): Promise<void> {
    await this.#tls?.refresh();
    await this.#keeper.refresh();
    this.#mover.moveOn();
    await this.#mover.settled();
    const { refusal } = this.#mover;
    if (refusal !== undefined) throw refusal;
  }

  #present(nonce: string | undefined): ReturnType<Authenticator> {
    const fields = this.#presenter.present(nonce);
    this.#live.trackReplies(this.#presenter.presented?.replies);
    return fields;
  }

  #keepTls(live: LiveOptions): TlsKeeper | undefined {
    if (live.tls === undefined) return undefined;
    return new TlsKeeper(live.tls, live.refresh ?? {}, {
      guard: live.guard,
      onChange: ({ name }) => {
        this.#onChange({ type: "certificateCame", name });
        this.#mover.moveOnTo("certificate");
      },
      onFailure: (error, isRepeat) =>
        this.#onChange({ type: "certificateFailed", error, isRepeat }),
      onExpiry: (error) => this.#onChange({ type: "certificateExpiry", error }),
    });
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
        return (
          this.#mover.refusal ??
          asError(sourceFailure) ??
          asError(this.#tls?.lastError) ??
          this.#tls?.fault()
        );
      case "reconnecting":
        return this.#whyDown();
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

  /** Servers do not say what is wrong with a client certificate; its expiry we see ourselves. */
  #whyDown(): Error {
    const why = this.#condition.whyDown;
    const isTls = isKeyturnError(why) && why.code === "CONNECT_TLS_FAILED";
    return (isTls ? this.#tls?.fault() : undefined) ?? why;
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

  #onDialFailed(error: unknown): void {
    const refused = isRefusal(error);
    this.#condition.worse(error);
    if (refused) this.#presenter.refused();
    // Servers may know a user by the client certificate.
    if (refused || isTlsFailure(error)) {
      this.#tls?.refused(this.#live.live.clientTls);
      this.#tls?.refreshSoon();
    }
    this.#onChange({ type: "dialFailed", error, isRefusal: refused });
    // It may be the credential: the source may have a better one. One refresh at a time, not for
    // each dial of a server that is down.
    if (refused) this.#keeper.refreshSoon();
  }
}

function certificatePosture(
  tls: ClientTls | undefined,
): CertificatePosture | undefined {
  if (tls?.subject === undefined) return undefined;
  const { subject, serialNumber, origin, expiresAt } = tls;
  return { subject, serialNumber, source: origin.source, expiresAt };
}

function isRefusal(error: unknown): boolean {
  if (isKeyturnError(error)) return error.code === "CREDENTIAL_SIGNER_FAILED";
  return (
    error instanceof Error &&
    (error.name === "AuthorizationError" ||
      error.name === "UserAuthenticationExpiredError")
  );
}
