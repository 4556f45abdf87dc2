import { fail } from "../../errors/nats-errors.js";
import type { Source } from "../../sources/credential-source.js";
import { Held } from "../held.js";
import { fieldsToMaterial, type Maker, type Material } from "../material.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { valueToMaterial } from "../value.js";
import { poll } from "../watching.js";
import { readSecret, type VaultSecret } from "./vault-reply.js";
import { VaultSession } from "./vault-session.js";
import {
  vaultParameters,
  vaultSettings,
  type VaultSettings,
} from "./vault-settings.js";

/** Share of a lease after which another credential is had; the rest is for the hand-over. */
const leaseShare = 2 / 3;

/**
 * A secret of Vault or OpenBao: `vault://mount/path`, in version 2 of the KV engine, or of an engine
 * that issues a credential at each read.
 */
export const vaultStore: StoreDefinition = openStore({
  forms: [
    "vault://kv/nats/orders",
    "vault://kv/nats/orders?login=kubernetes&role=orders",
    "vault://nats/creds/orders?engine=dynamic&login=approle&role-id=orders&secret-id-file=/run/secrets/secret-id",
  ],
  parameters: vaultParameters,
  openAs: (reference, make) => new VaultSource(vaultSettings(reference), make),
});

/** What was made of a credential that was issued, and may be given again for a while. */
interface Issued<T> {
  readonly made: T;
  readonly until: number;
  /** The session, and the number of the token, that it was issued to; it may end with that. */
  readonly session: VaultSession;
  readonly token: number;
}

class VaultSource<T> implements Source<T> {
  readonly #settings: VaultSettings;
  readonly #held: Held<VaultSession>;
  readonly #make: Maker<T>;
  #issued: Issued<T> | undefined;

  constructor(settings: VaultSettings, make: Maker<T>) {
    this.#make = make;
    this.#settings = settings;
    this.#held = new Held(() => Promise.resolve(new VaultSession(settings)));
  }

  read(signal: AbortSignal): Promise<T> {
    return this.#held.use(signal, async (session) => {
      const issued = this.#issued;
      if (
        issued !== undefined &&
        issued.session === session &&
        Date.now() < issued.until
      ) {
        await session.keepUp(signal);
        if (session.tokens === issued.token) return issued.made;
      }
      return this.#readNow(session, signal);
    });
  }

  watch(changed: () => void): () => void {
    const endHold = this.#held.hold();
    const endPoll = poll(this.#settings.pollMs, changed);
    return () => {
      endPoll();
      endHold();
    };
  }

  async #readNow(session: VaultSession, signal: AbortSignal): Promise<T> {
    const { place, isDynamic } = this.#settings;
    const reply = await session.read(signal);
    const secret = readSecret(reply, place, isDynamic);
    const { leaseMs, version } = secret;
    const now = Date.now();
    const made = this.#make(
      this.#material(secret),
      {
        source: place,
        plaintext: false,
        ...(version === undefined ? {} : { version }),
      },
      leaseMs === undefined ? undefined : new Date(now + leaseMs),
    );
    this.#issued =
      leaseMs === undefined
        ? undefined
        : {
            made,
            until: now + leaseMs * leaseShare,
            session,
            token: session.tokens,
          };
    return made;
  }

  #material({ fields }: VaultSecret): Material {
    const { field, place } = this.#settings;
    if (field === undefined) return fieldsToMaterial(fields, place);
    for (const [name, secret] of fields) if (name !== field) secret.wipe();
    const value = fields.get(field);
    if (value !== undefined) return valueToMaterial(value, place);
    throw fail(
      "STORE_ABSENT",
      `There is no field \`${field}\` where ${place} points.`,
      { next: "Put it there, or correct `field`; it is looked for again." },
    );
  }
}
