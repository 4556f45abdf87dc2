import type { LiveConnection } from "@keyturn/nats";

import { sameConnection, type ConnectionSpec } from "./connection-spec.js";
import { SharedConnection } from "./shared-connection.js";

/** A link's share of a connection. */
export interface Lease {
  readonly spec: ConnectionSpec;
  readonly shared: SharedConnection;
  readonly connection: LiveConnection;
}

/** Connections to NATS: links with equal settings and equal credentials share one. */
export class ConnectionPool {
  readonly #connections = new Set<SharedConnection>();
  /** The first share of each, which stands for all like it. */
  readonly #leases = new WeakMap<SharedConnection, Lease>();
  /** Those that nobody uses any more and that are not yet closed. */
  readonly #ending = new Set<Promise<void>>();

  /** How many there are. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * A share of the connection that the spec describes, which is made if there is none.
   *
   * @throws KeyturnError `CONNECT_…`, `CREDENTIAL_…`; the reason of the signal if it is aborted
   */
  async acquire(spec: ConnectionSpec, signal: AbortSignal): Promise<Lease> {
    let shared = [...this.#connections].find((one) => isFor(one, spec));
    if (shared === undefined) {
      shared = new SharedConnection(spec);
      this.#connections.add(shared);
    } else if (shared.credential !== spec.credential) spec.credential.wipe();
    shared.users++;
    try {
      const connection = await unlessAborted(shared.opened, signal);
      const first = this.#leases.get(shared);
      if (first !== undefined && sameConnection(first.spec, spec)) return first;
      const lease = { spec, shared, connection };
      if (first === undefined) this.#leases.set(shared, lease);
      return lease;
    } catch (error) {
      // Not waited for: a dial that hangs must not hold up who gave it up.
      void this.#leave(shared);
      throw error;
    }
  }

  /**
   * Moves a lease's connection to the spec's credential, if that is possible in place and right: no
   * other link uses the connection, or the others are given no more than another proof of who they
   * are already, or they all ask for the same within a moment. Undefined: the spec needs a connection
   * of its own.
   *
   * @throws KeyturnError `HANDOVER_…`, `CREDENTIAL_…`; nothing has changed then
   */
  async move(
    lease: Lease,
    spec: ConnectionSpec,
    signal: AbortSignal,
  ): Promise<Lease | undefined> {
    const { shared, connection } = lease;
    if (shared.settingsKey !== spec.key) return undefined;
    // There is one already, which is to be shared.
    if (
      [...this.#connections].some((one) => one !== shared && isFor(one, spec))
    )
      return undefined;
    const { publicKey } = spec.credential;
    const isSameUser =
      publicKey !== undefined && publicKey === shared.credential.publicKey;
    const { fingerprint } = spec.credential;
    const isWanted =
      isSameUser ||
      shared.credential.fingerprint === fingerprint ||
      (await shared.ballot.ask(fingerprint, () => shared.users, signal));
    if (!isWanted) return undefined;
    const hasMoved = await shared.moveTo(spec.credential);
    return hasMoved ? { spec, shared, connection } : undefined;
  }

  /** Gives a share back; the connection ends with the last one. */
  release(lease: Lease): Promise<void> {
    return this.#leave(lease.shared);
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const all = [...this.#connections];
    this.#connections.clear();
    await Promise.all([
      ...all.map((shared) => shared.close()),
      ...this.#ending,
    ]);
  }

  async #leave(shared: SharedConnection): Promise<void> {
    shared.users--;
    if (shared.users > 0 || !this.#connections.delete(shared)) return;
    const ending = shared.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    await ending;
  }
}

function isFor(shared: SharedConnection, spec: ConnectionSpec): boolean {
  return (
    shared.settingsKey === spec.key &&
    shared.credential.fingerprint === spec.credential.fingerprint
  );
}

async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}
