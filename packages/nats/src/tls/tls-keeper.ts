import { Choice } from "../keeper/choice.js";
import { Keeper, type KeptSource } from "../keeper/keeper.js";
import type { RefreshOptions } from "../keeper/refresh-plan.js";
import type { PlaintextGuard } from "../sources/plaintext-guard.js";
import type { ClientTls } from "./client-tls.js";
import { ExpiryWatch } from "./expiry-watch.js";

/** What is told of a client certificate. */
export interface TlsHooks {
  readonly guard: PlaintextGuard | undefined;
  /** Other certificates than before are there. */
  readonly onChange: (tls: ClientTls) => void;
  /** They could not be read again; the present ones stay. `isRepeat`: the same was told before. */
  readonly onFailure: (error: unknown, isRepeat: boolean) => void;
  /** The client certificate is about to expire, or has; `error` says which. */
  readonly onExpiry: (error: Error) => void;
}

/** As {@link PlaintextGuard} names it. */
const what = "a TLS key";

/** Keeps client certificate, key and authorities fresh, and knows which of them to dial with. */
export class TlsKeeper {
  readonly #keeper: Keeper<ClientTls>;
  readonly #choice: Choice<ClientTls>;
  readonly #expiry: ExpiryWatch;

  constructor(
    source: KeptSource<ClientTls>,
    refresh: RefreshOptions,
    hooks: TlsHooks,
  ) {
    const { guard, onChange, onFailure, onExpiry } = hooks;
    this.#expiry = new ExpiryWatch(onExpiry);
    this.#keeper = new Keeper(source, refresh, {
      check: ({ origin }) => guard?.check(origin, what),
      used: (tls) => {
        guard?.used(tls.origin, what);
        this.#expiry.follow(tls);
      },
      onCredential: onChange,
      onFailure: (error, _, isRepeat) => onFailure(error, isRepeat),
    });
    this.#choice = new Choice(this.#keeper);
  }

  /** Reads them for the first time. @throws what the source throws; `CERTIFICATE_EXPIRED` */
  async start(): Promise<void> {
    await this.#keeper.start();
  }

  /** The newest. */
  get current(): ClientTls | undefined {
    return this.#keeper.current;
  }

  get lastError(): unknown {
    return this.#keeper.lastError;
  }

  /** What to dial with: the newest, or in turn the last that a server took if that is refused. */
  next(): ClientTls | undefined {
    return this.#choice.next();
  }

  /** Why the newest will be refused; undefined if it should not. */
  fault(): Error | undefined {
    return this.#keeper.fault();
  }

  /** A server took them. */
  taken(tls: ClientTls | undefined): void {
    this.#choice.taken(tls);
  }

  /** TLS with them failed, or a server refused them. */
  refused(tls: ClientTls | undefined): void {
    this.#choice.refused(tls);
  }

  /** Reads them again now. @throws what the source throws; the present ones stay */
  async refresh(): Promise<void> {
    await this.#keeper.refresh();
  }

  /** As {@link refresh}; failures are told. */
  refreshSoon(): void {
    this.#keeper.refreshSoon();
  }

  close(): void {
    this.#keeper.close();
    this.#expiry.close();
  }
}
