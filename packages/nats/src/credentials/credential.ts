import { createHmac, randomBytes } from "node:crypto";
import { inspect } from "node:util";

import type { Authenticator } from "@nats-io/nats-core";

import { fail } from "../errors/nats-errors.js";
import { KeySigner } from "../signers/key-signer.js";
import { signElsewhere } from "../signers/sign-elsewhere.js";
import type { Signer } from "../signers/signer.js";
import { Secret } from "../secret/secret.js";
import type { ReplyPermission } from "./replies.js";

/** Where a credential came from, for operators. */
export interface CredentialOrigin {
  /** A name such as ``link secrets `client_jwt`, `client_seed` ``; never a value. */
  readonly source: string;
  /** Whether the secret lay in plain text there. */
  readonly plaintext: boolean;
  /** Which version of the value it was, as its store tells them apart. */
  readonly version?: string;
  /** What to do to get it out of plain text: one sentence, the last of a warning or refusal. */
  readonly hint?: string;
}

/** What a credential authenticates with. */
export type CredentialKind =
  "user-jwt" | "nkey" | "user-password" | "token" | "none";

/** What a maker knows; the secret parts live inside `present` and `wipe` only. */
export interface CredentialParts {
  readonly kind: CredentialKind;
  readonly origin: CredentialOrigin;
  readonly publicKey?: string | undefined;
  readonly account?: string | undefined;
  readonly name?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
  readonly notBefore?: number | undefined;
  readonly issuedAt?: number | undefined;
  /** Tells credentials apart; hashed with a key of this process before anybody sees it. */
  readonly identity: readonly (Secret | string)[];
  readonly replies?: ReplyPermission | undefined;
  /** Signs servers' nonces, if this credential needs that; closed when it is wiped. */
  readonly signer?: Signer | undefined;
  /** The fields of CONNECT, with a signature in base64url if there is a signer. */
  readonly present: (signature: string) => ReturnType<Authenticator>;
  readonly wipe?: () => void;
}

/** What is presented now reaches a server a little later; it is not to be expired there either. */
const expiryMarginMs = 100;

/** How far clocks may differ at `nbf`, in milliseconds. There is no tolerance at `exp`. */
export const notBeforeToleranceMs = 1000;

/** Guesses at a password cannot be checked against a fingerprint without this key. */
const fingerprintKey = randomBytes(32);

/**
 * One immutable thing that authenticates to a NATS server. It was checked when it was made; its secret
 * parts cannot be read back, and printing it in any way shows none of them.
 */
export class Credential {
  readonly kind: CredentialKind;
  readonly origin: CredentialOrigin;
  /** Public key of the subject (`U…`), where there is one. */
  readonly publicKey: string | undefined;
  /** Public key of the account (`A…`), for a user JWT. */
  readonly account: string | undefined;
  /** The name in the user JWT. */
  readonly name: string | undefined;
  readonly expiresAt: Date | undefined;
  readonly notBefore: Date | undefined;
  /** When the user JWT was made, by its issuer's clock. */
  readonly issuedAt: Date | undefined;
  /** Equal exactly if the credentials are; valid inside this process. */
  readonly fingerprint: string;
  /** Set if the user may answer requests on the connection that got them, and perhaps only there. */
  readonly replies: ReplyPermission | undefined;
  readonly #present: CredentialParts["present"];
  readonly #signer: Signer | undefined;
  readonly #wipe: CredentialParts["wipe"];
  #wiped = false;

  constructor(parts: CredentialParts) {
    this.kind = parts.kind;
    this.origin = Object.freeze({ ...parts.origin });
    this.publicKey = parts.publicKey;
    this.account = parts.account;
    this.name = parts.name;
    this.expiresAt =
      parts.expiresAt === undefined ? undefined : new Date(parts.expiresAt);
    this.notBefore =
      parts.notBefore === undefined ? undefined : new Date(parts.notBefore);
    this.issuedAt =
      parts.issuedAt === undefined ? undefined : new Date(parts.issuedAt);
    const hmac = createHmac("sha256", fingerprintKey).update(parts.kind);
    for (const part of parts.identity) {
      // With its length, so that no two lists of parts run together to the same bytes.
      if (part instanceof Secret)
        part.use((bytes) => hmac.update(`/${bytes.length}:`).update(bytes));
      else hmac.update(`/${Buffer.byteLength(part)}:`).update(part);
    }
    this.fingerprint = hmac.digest("hex").slice(0, 24);
    this.replies = parts.replies;
    this.#present = parts.present;
    this.#signer = parts.signer;
    this.#wipe = parts.wipe;
    Object.freeze(this);
  }

  /**
   * @throws KeyturnError `CREDENTIAL_EXPIRED`, `CREDENTIAL_NOT_YET_VALID`, `SECRET_WIPED`
   */
  assertUsable(now: Date = new Date()): void {
    const { source } = this.origin;
    if (
      this.expiresAt !== undefined &&
      now.getTime() >= this.expiresAt.getTime() - expiryMarginMs
    ) {
      throw fail(
        "CREDENTIAL_EXPIRED",
        `The ${this.kind === "user-jwt" ? "user JWT" : "credential"} from ${source} expired at ${this.expiresAt.toISOString()}.`,
      );
    }
    if (
      this.notBefore !== undefined &&
      now.getTime() + notBeforeToleranceMs < this.notBefore.getTime()
    ) {
      throw fail(
        "CREDENTIAL_NOT_YET_VALID",
        `The user JWT from ${source} is not valid before ${this.notBefore.toISOString()}.`,
      );
    }
    if (this.#wiped)
      throw fail("SECRET_WIPED", `The credential from ${source} was wiped.`);
  }

  /**
   * For nats.js. It never throws, since nats.js would close the connection for good, and presents
   * nothing once the credential may not be used. Nor does it if its {@link Signer} gives promises, which
   * nats.js cannot wait for: {@link prepare} can.
   */
  authenticator(): Authenticator {
    return (nonce?: string) => {
      try {
        this.assertUsable();
        if (this.#signer === undefined) return this.#present("");
        const { signal } = new AbortController();
        const signature = this.#signer.sign(bytesOf(nonce), signal);
        if (signature instanceof Uint8Array)
          return this.#present(base64url(signature));
        signature.catch(() => undefined);
        return undefined;
      } catch {
        return undefined;
      }
    };
  }

  /**
   * The authenticator for one nonce, signed already.
   *
   * @throws KeyturnError `CREDENTIAL_SIGNER_FAILED`, and as {@link assertUsable}
   */
  async prepare(nonce: string | undefined): Promise<Authenticator> {
    this.assertUsable();
    if (!this.signsElsewhere || this.#signer === undefined)
      return this.authenticator();
    const signature = base64url(
      await signElsewhere(this.#signer, bytesOf(nonce), this.origin.source),
    );
    return (asked?: string) => {
      try {
        this.assertUsable();
        return asked === nonce ? this.#present(signature) : undefined;
      } catch {
        return undefined;
      }
    };
  }

  /** Whether signing takes time, in another thread, process or machine: then {@link prepare} is needed. */
  get signsElsewhere(): boolean {
    return this.#signer !== undefined && !(this.#signer instanceof KeySigner);
  }

  /** As {@link authenticator}, with a signature of no worth: for the length of what is presented. */
  sample(): Authenticator {
    return () => this.#present("A".repeat(86));
  }

  /** Gives the secret parts up: from now on nothing is presented. Idempotent. */
  wipe(): void {
    if (this.#wiped) return;
    this.#wiped = true;
    this.#signer?.close?.();
    this.#wipe?.();
  }

  /** What may be shown. */
  toJSON(): Record<string, unknown> {
    return {
      kind: this.kind,
      origin: this.origin,
      publicKey: this.publicKey,
      account: this.account,
      name: this.name,
      expiresAt: this.expiresAt,
      fingerprint: this.fingerprint,
    };
  }

  toString(): string {
    return `[credential ${this.publicKey ?? this.kind}]`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

function bytesOf(nonce: string | undefined): Uint8Array {
  return Buffer.from(nonce ?? "", "utf8");
}

function base64url(signature: Uint8Array): string {
  return Buffer.from(signature).toString("base64url");
}
