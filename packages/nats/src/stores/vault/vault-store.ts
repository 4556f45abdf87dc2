import type { Credential } from "../../credentials/credential.js";
import { fail } from "../../errors/nats-errors.js";
import type { CredentialSource } from "../../sources/credential-source.js";
import { Held } from "../held.js";
import {
  credentialFrom,
  fieldsToMaterial,
  type Material,
} from "../material.js";
import type { StoreDefinition } from "../store-definition.js";
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
export const vaultStore: StoreDefinition = {
  forms: [
    "vault://kv/nats/orders",
    "vault://kv/nats/orders?login=kubernetes&role=orders",
    "vault://nats/creds/orders?engine=dynamic&login=approle&role-id=orders&secret-id-file=/run/secrets/secret-id",
  ],
  parameters: vaultParameters,
  open: (reference) => new VaultSource(vaultSettings(reference)),
};

/** A credential that was issued, and may be given again for a while. */
interface Issued {
  readonly credential: Credential;
  readonly until: number;
  /** The session, and the number of the token, that it was issued to; it may end with that. */
  readonly session: VaultSession;
  readonly token: number;
}

class VaultSource implements CredentialSource {
  readonly #settings: VaultSettings;
  readonly #held: Held<VaultSession>;
  #issued: Issued | undefined;

  constructor(settings: VaultSettings) {
    this.#settings = settings;
    this.#held = new Held(() => Promise.resolve(new VaultSession(settings)));
  }

  read(signal: AbortSignal): Promise<Credential> {
    return this.#held.use(signal, async (session) => {
      const issued = this.#issued;
      if (
        issued !== undefined &&
        issued.session === session &&
        Date.now() < issued.until
      ) {
        await session.keepUp(signal);
        if (session.tokens === issued.token) return issued.credential;
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

  async #readNow(
    session: VaultSession,
    signal: AbortSignal,
  ): Promise<Credential> {
    const { place, isDynamic } = this.#settings;
    const reply = await session.read(signal);
    const secret = readSecret(reply, place, isDynamic);
    const { leaseMs, version } = secret;
    const now = Date.now();
    const credential = credentialFrom(
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
            credential,
            until: now + leaseMs * leaseShare,
            session,
            token: session.tokens,
          };
    return credential;
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
