/**
 * Signs for one user, wherever its seed is: in this thread, in a worker, in another process, at a key
 * service. All the rest of a credential is no secret.
 */
export interface Signer {
  /** The user's public key, `U…`. */
  readonly publicKey: string;
  /**
   * The Ed25519 signature, 64 bytes, of the nonce that a server has sent. Servers wait two seconds for it
   * (`authorization.timeout`), so a promise has {@link signDeadlineMs}; then the signal is aborted.
   */
  readonly sign: (
    nonce: Uint8Array,
    signal: AbortSignal,
  ) => Uint8Array | Promise<Uint8Array>;
  /** The credential was wiped: nothing will be signed any more. */
  readonly close?: () => void;
}

/** How long a {@link Signer} may take, in milliseconds. */
export const signDeadlineMs = 1500;
