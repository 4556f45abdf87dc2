import { userJwtCredential, type Credential } from "@keyturn/nats";
import type { TestAccount } from "@keyturn/testkit";

/** Of all credentials here. */
export const origin = { source: "the store", plaintext: false };

/**
 * A store that hands the same user JWT to all who ask, and makes another when that is older than half its
 * life: as a secret that is rotated by a job.
 */
export class Store {
  readonly #account: TestAccount;
  readonly #lifeSeconds: number;
  /** When it was read, by `performance.now()`. */
  readonly reads: number[] = [];
  isDown = false;
  /** When what it has was made, by `performance.now()`. */
  made = -Infinity;
  #user: Promise<{ readonly jwt: string; readonly seed: string }> | undefined;

  constructor(account: TestAccount, lifeSeconds: number) {
    this.#account = account;
    this.#lifeSeconds = lifeSeconds;
  }

  /** Whatever it has got is old from now on. */
  renew(): void {
    this.#user = undefined;
  }

  readonly read = async (): Promise<Credential> => {
    const now = performance.now();
    this.reads.push(now);
    if (this.isDown) throw new Error("the store is down");
    if (now - this.made > this.#lifeSeconds * 500) this.renew();
    if (this.#user === undefined) {
      this.made = now;
      this.#user = this.#account.user("client", {
        expiresInSeconds: this.#lifeSeconds,
      });
    }
    return userJwtCredential({ ...(await this.#user), origin });
  };
}
