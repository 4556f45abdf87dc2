import type { Credential } from "../credentials/credential.js";
import { Choice } from "../keeper/choice.js";
import type { Keeper } from "../keeper/keeper.js";
import type { Authenticator } from "./nats-core.js";

/** A credential with the signature that it takes long to get. */
interface Signed {
  readonly credential: Credential;
  readonly nonce: string | undefined;
  readonly authenticator: Authenticator;
}

/** Presents credentials to the servers that a connection dials. */
export class Presenter {
  readonly #keeper: Keeper;
  readonly #choice: Choice;
  #presented: Credential | undefined;
  /** What was signed elsewhere and waits to be presented. */
  #signed: Signed | undefined;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
    this.#choice = new Choice(keeper);
  }

  /** What the server knows us by, or is asked to. */
  get presented(): Credential | undefined {
    return this.#presented;
  }

  /** Why nothing may be presented now; undefined if something may. */
  fault(): Error | undefined {
    return this.#choice.fault();
  }

  /** The server took what was presented, or what a hand-over has presented in its place. */
  taken(credential = this.#presented): void {
    this.#presented = credential;
    this.#choice.taken(credential);
  }

  /** A server refused what was presented, or what a hand-over has presented to it. */
  refused(credential = this.#presented): void {
    this.#choice.refused(credential);
  }

  /** The fields of CONNECT for a nonce, or for one that has been signed by {@link sign}. */
  present(nonce: string | undefined): ReturnType<Authenticator> {
    const signed = this.#signed;
    this.#signed = undefined;
    const credential = signed?.credential ?? this.#choice.next();
    this.#presented = credential;
    return (signed?.authenticator ?? credential?.authenticator())?.(nonce);
  }

  /**
   * Has the nonce of a server's INFO signed, if that takes time. Undefined: it can be presented now; so
   * it is at the second call for one nonce.
   */
  sign(info: Uint8Array): Promise<void> | undefined {
    const signed = this.#signed;
    this.#signed = undefined;
    const credential = this.#choice.next();
    const takesTime = credential?.signsElsewhere === true;
    if (!takesTime && signed === undefined) return undefined;
    const text = Buffer.from(info).toString("utf8");
    const { nonce } = JSON.parse(text) as { nonce?: string };
    if (
      signed?.nonce === nonce &&
      signed !== undefined &&
      this.#keeper.fault(signed.credential) === undefined
    ) {
      // A newer one may have come meanwhile; the connection moves to that when it stands.
      this.#signed = signed;
      return undefined;
    }
    if (!takesTime) return undefined;
    this.#presented = credential;
    return credential.prepare(nonce).then((authenticator) => {
      this.#signed = { credential, nonce, authenticator };
    });
  }
}
