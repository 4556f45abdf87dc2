import type { CredentialOrigin } from "../credentials/credential.js";
import { fail, natsErrors } from "../errors/nats-errors.js";

/** Whether secrets that lie in plain text are used, with a warning, or refused. */
export type CredentialsPolicy = "prefer-secrets" | "require-secrets";

/** A secret in plain text is used. */
export interface PlaintextWarning {
  readonly code: "CREDENTIAL_PLAINTEXT";
  /** Where it lies. */
  readonly source: string;
  /** For people; ends with what to do about it. */
  readonly message: string;
}

export interface PlaintextGuardOptions {
  /** Default `prefer-secrets`. */
  readonly policy?: CredentialsPolicy;
  /** Who uses it, as the warning begins. Default `This process`. */
  readonly who?: string;
  readonly onWarning: (warning: PlaintextWarning) => void;
}

/** More than any program has; a source whose name changes all the time must not fill the memory. */
const mostTold = 1000;

/**
 * Holds a {@link CredentialsPolicy}: refuses secrets in plain text, or warns of them, once for each
 * source and only if they are really used.
 */
export class PlaintextGuard {
  readonly #policy: CredentialsPolicy;
  readonly #who: string;
  readonly #onWarning: (warning: PlaintextWarning) => void;
  readonly #told = new Set<string>();
  #count = 0;

  constructor(options: PlaintextGuardOptions) {
    this.#policy = options.policy ?? "prefer-secrets";
    this.#who = options.who ?? "This process";
    this.#onWarning = options.onWarning;
  }

  /** Warnings given so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * To be asked before a secret is used.
   *
   * @param what for people, if it is no credential: `a TLS key`
   * @throws KeyturnError `CREDENTIAL_PLAINTEXT_REFUSED`
   */
  check(origin: CredentialOrigin, what = "a credential"): void {
    if (!origin.plaintext || this.#policy !== "require-secrets") return;
    throw fail(
      "CREDENTIAL_PLAINTEXT_REFUSED",
      `${this.#who} may not use ${what} from ${origin.source}: it lies there in plain text, and the policy is \`require-secrets\`.`,
      origin.hint === undefined ? undefined : { next: origin.hint },
    );
  }

  /** To be told when a secret is used: warns if it lies in plain text, the first time. */
  used(origin: CredentialOrigin, what = "a credential"): void {
    if (!origin.plaintext) return;
    const { source } = origin;
    const which = `${what} from ${source}`;
    if (this.#told.has(which)) return;
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.add(which);
    this.#count++;
    this.#onWarning({
      code: "CREDENTIAL_PLAINTEXT",
      source,
      message: `${this.#who} uses ${which}, where it lies in plain text: whoever may read that has it. ${origin.hint ?? natsErrors.CREDENTIAL_PLAINTEXT.next}`,
    });
  }
}
