import type { Credential } from "../credentials/credential.js";
import { KeyturnError } from "../errors/keyturn-error.js";
import type { Keeper } from "../keeper/keeper.js";
import type { TlsKeeper } from "../tls/tls-keeper.js";
import { asError } from "./as-error.js";
import { handOver } from "./handover.js";
import type { Identity } from "./identity.js";
import type { OpenNatsConnection } from "./nats-core.js";
import type { CredentialChange, HandoverReason } from "./posture.js";
import type { Presenter } from "./presenter.js";
import type { LiveProtocol } from "./protocol.js";
import { otherAccount } from "./prove.js";
import { reconnectInstead } from "./reconnect-instead.js";
import type { HandoverDeadlines, HandoverReport } from "./report.js";

/** The longest pause between tries of a hand-over, in milliseconds. */
const longestRetryMs = 4000;

/** A hand-over to be made. */
interface Step extends Identity {
  readonly of: HandoverReason;
}

/** What a mover works on. */
export interface MoverParts {
  readonly connection: Pick<OpenNatsConnection, "isClosed" | "isDraining">;
  readonly live: LiveProtocol;
  readonly keeper: Keeper;
  readonly presenter: Presenter;
  readonly tls: TlsKeeper | undefined;
  readonly deadlines: HandoverDeadlines;
  readonly onChange: (change: CredentialChange) => void;
}

/** Moves a connection to the newest credential and certificates, one hand-over at a time. */
export class Mover {
  readonly #connection: MoverParts["connection"];
  readonly #live: LiveProtocol;
  readonly #keeper: Keeper;
  readonly #presenter: Presenter;
  readonly #tls: TlsKeeper | undefined;
  readonly #deadlines: HandoverDeadlines;
  readonly #onChange: (change: CredentialChange) => void;
  #handingOver: Promise<void> | undefined;
  #leaving = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #handovers = 0;
  #lastReport: HandoverReport | undefined;
  /** Why the newest of them is not in use. */
  readonly #refusals = new Map<HandoverReason, Error>();

  constructor(parts: MoverParts) {
    this.#connection = parts.connection;
    this.#live = parts.live;
    this.#keeper = parts.keeper;
    this.#presenter = parts.presenter;
    this.#tls = parts.tls;
    this.#deadlines = parts.deadlines;
    this.#onChange = parts.onChange;
  }

  /** Hand-overs so far. */
  get handovers(): number {
    return this.#handovers;
  }

  get lastReport(): HandoverReport | undefined {
    return this.#lastReport;
  }

  /** Why the connection is not on the newest of all; undefined if it is. */
  get refusal(): Error | undefined {
    const [first] = this.#refusals.values();
    return first;
  }

  /** Resolves when no hand-over is under way. */
  async settled(): Promise<void> {
    await this.#handingOver;
  }

  /** Another one has come: what was said of the one before does not matter any more. */
  moveOnTo(newest: "credential" | "certificate"): void {
    this.#refusals.delete(newest);
    this.#live.dialNow();
    this.moveOn();
  }

  /** nats.js has connected again, with what was the newest then: something newer may have come meanwhile. */
  reconnected(): void {
    this.#leaving = false;
    this.moveOn();
  }

  close(): void {
    clearTimeout(this.#retry);
  }

  /** Starts a hand-over to the newest credential; while one runs, it is looked at again at its end. */
  moveOn(): void {
    clearTimeout(this.#retry);
    this.#handingOver ??= this.#handOverUntilCurrent().finally(() => {
      this.#handingOver = undefined;
    });
  }

  /** The server is about to stop: another one is better. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.moveOn();
  }

  async #handOverUntilCurrent(): Promise<void> {
    const refused = new Set<HandoverReason>();
    for (;;) {
      if (this.#connection.isClosed() || this.#connection.isDraining()) return;
      const step = this.#nextStep(refused);
      if (step === undefined) {
        if (refused.size > 0) return this.#tryAgainLater();
        this.#refusals.clear();
        this.#failures = 0;
        return;
      }
      // While nats.js reconnects, it presents the newest by itself.
      if (!this.#live.connected) return;
      try {
        await this.#take(step);
      } catch (error) {
        // Who leaves a server has room there, as long as that goes on.
        if (step.of !== "server" && isConnectionLimit(error)) {
          await this.#reconnectInstead(error);
          continue;
        }
        // Something newer may have come meanwhile, of which nothing was refused yet.
        if (this.#onRefused(step, error)) refused.add(step.of);
      }
    }
  }

  /** What is not in use yet. One thing at a time, so that a refusal is known to be of that. */
  #nextStep(refused: ReadonlySet<HandoverReason>): Step | undefined {
    const newest = this.#keeper.current;
    if (newest === undefined) return undefined;
    const { presented } = this.#presenter;
    const { clientTls } = this.#live.live;
    if (this.#leaving && !refused.has("server"))
      return { of: "server", credential: newest, tls: this.#tls?.next() };
    const tls = this.#tls?.current;
    if (
      tls?.fingerprint !== clientTls?.fingerprint &&
      !refused.has("certificate")
    ) {
      const isUsable =
        presented !== undefined && this.#keeper.fault(presented) === undefined;
      const credential = isUsable ? presented : newest;
      return { of: "certificate", credential, tls };
    }
    return newest.fingerprint === presented?.fingerprint ||
      refused.has("credential")
      ? undefined
      : { of: "credential", credential: newest, tls: clientTls };
  }

  async #take(step: Step): Promise<void> {
    const { of, credential, tls } = step;
    const elsewhere = of === "server";
    assertSameAccount(this.#presenter.presented, credential);
    const report = await handOver(this.#live, step, this.#deadlines, elsewhere);
    this.#presenter.taken(credential);
    this.#tls?.taken(tls);
    this.#leaving = false;
    this.#handovers++;
    this.#failures = 0;
    this.#lastReport = report;
    this.#refusals.delete(of);
    this.#onChange({
      type: "handedOver",
      of,
      report,
      publicKey: credential.publicKey,
      certificate: tls?.name,
    });
  }

  /** @returns whether what was refused is still the newest */
  #onRefused({ of, credential, tls }: Step, cause: unknown): boolean {
    const isCertificate = of === "certificate";
    if (isCertificate) this.#tls?.refused(tls);
    else this.#presenter.refused(credential);
    const error = asError(cause) as Error;
    const isRepeat = this.#refusals.get(of)?.message === error.message;
    this.#refusals.set(of, error);
    this.#onChange({ type: "handoverFailed", error, isRepeat });
    return isCertificate
      ? this.#tls?.current?.fingerprint === tls?.fingerprint
      : this.#keeper.current?.fingerprint === credential.fingerprint;
  }

  /** What was refused now may be taken later: the server comes to know the account, or gets room. */
  #tryAgainLater(): void {
    const pause = Math.min(longestRetryMs, 500 * 2 ** this.#failures++);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(
      () => {
        // The source may have something better meanwhile.
        this.#keeper.refreshSoon();
        this.#tls?.refreshSoon();
        this.moveOn();
      },
      pause * (0.5 + Math.random() / 2),
    );
    this.#retry.unref();
  }

  /** No second connection is allowed: the old one is left first, and what that cost is told. */
  async #reconnectInstead(cause: unknown): Promise<void> {
    // nats.js dials at once a server that it has never dialled.
    this.#live.servers.getCurrentServer().lastConnect = 0;
    const { drainMs } = this.#deadlines;
    const gapMs = await reconnectInstead(this.#live, drainMs);
    this.#refusals.clear();
    if (gapMs !== undefined)
      this.#onChange({ type: "reconnectedInstead", gapMs, cause });
  }
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
