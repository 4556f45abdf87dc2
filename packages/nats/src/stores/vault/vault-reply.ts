import { fail } from "../../errors/nats-errors.js";
import {
  asSecret,
  asValue,
  Fields,
  JsonError,
  listOf,
  onlyFields,
  parseJson,
  type Handling,
} from "../../json/index.js";
import type { Secret } from "../../secret/secret.js";
import { secretFields, secretsIn } from "../value.js";
import type { VaultReply } from "./vault-client.js";

/** A token, and how long it lives. */
export interface VaultToken {
  readonly token: Secret;
  /** Milliseconds; Infinity if it never ends, or nobody knows. */
  readonly lifeMs: number;
  readonly isRenewable: boolean;
}

/** What lies at a path. */
export interface VaultSecret {
  readonly fields: ReadonlyMap<string, Secret>;
  /** Of a KV engine. */
  readonly version: string | undefined;
  /** How long it is good, in milliseconds; undefined: it has no lease. */
  readonly leaseMs: number | undefined;
}

/** What a login, or the renewal of a token, gave. @throws KeyturnError `STORE_UNREADABLE` */
export function readAuth(reply: VaultReply, place: string): VaultToken {
  return read(reply, place, authHandling, (whole) => {
    const auth = whole.object("auth");
    const token = auth.secret("client_token");
    if (token === undefined) throw notVault(place, "it has no token");
    return {
      token,
      lifeMs: lifeOf(auth, "lease_duration"),
      isRenewable: auth.boolean("renewable", false),
    };
  });
}

/** In milliseconds; the servers say 0 for what never ends. */
function lifeOf(fields: Fields, name: string): number {
  return fields.count(name, 0) * 1000 || Infinity;
}

const authHandling = onlyFields({
  auth: onlyFields({
    client_token: asSecret,
    lease_duration: asValue,
    renewable: asValue,
  }),
});

/** How long a given token lives. @throws KeyturnError `STORE_UNREADABLE` */
export function readLookup(
  reply: VaultReply,
  place: string,
): Omit<VaultToken, "token"> {
  return read(reply, place, lookupHandling, (whole) => {
    const data = whole.object("data");
    return {
      lifeMs: lifeOf(data, "ttl"),
      isRenewable: data.boolean("renewable", false),
    };
  });
}

const lookupHandling = onlyFields({
  data: onlyFields({ ttl: asValue, renewable: asValue }),
});

/**
 * What a secrets engine gave.
 *
 * @throws KeyturnError `STORE_UNREADABLE`, `STORE_VALUE_INVALID`
 */
export function readSecret(
  reply: VaultReply,
  place: string,
  isDynamic: boolean,
): VaultSecret {
  return isDynamic
    ? read(reply, place, dynamicHandling, (whole) => {
        const leaseMs = whole.count("lease_duration", 0) * 1000;
        const hasLease = whole.text("lease_id", "") !== "" && leaseMs > 0;
        return {
          fields: secretsIn(whole.object("data").raw),
          version: undefined,
          leaseMs: hasLease ? leaseMs : undefined,
        };
      })
    : read(reply, place, kvHandling, (whole) => {
        const data = whole.object("data");
        const version = data.object("metadata").count("version", 0);
        if (version === 0) throw notKv(place);
        return {
          fields: secretsIn(data.object("data").raw),
          version: String(version),
          leaseMs: undefined,
        };
      });
}

const kvHandling = onlyFields({
  data: onlyFields({
    data: secretFields,
    metadata: onlyFields({ version: asValue }),
  }),
});
const dynamicHandling = onlyFields({
  lease_id: asValue,
  lease_duration: asValue,
  data: secretFields,
});

/** What a server gives as the reason of a refusal: short, on one line; empty if nothing. Wipes the body. */
export function reasonOf({ body }: VaultReply): string {
  try {
    const handling = onlyFields({ errors: listOf(asValue) });
    return new Fields(parseJson(body, handling))
      .texts("errors")
      .join("; ")
      .slice(0, 200)
      .replace(/[^ -~]+/g, " ")
      .trim();
  } catch {
    return "";
  } finally {
    body.fill(0);
  }
}

/** Reads a body with `take`, and wipes it. */
function read<T>(
  reply: VaultReply,
  place: string,
  handling: Handling,
  take: (whole: Fields) => T,
): T {
  try {
    return take(new Fields(parseJson(reply.body, handling)));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw notVault(place, error.message);
  } finally {
    reply.body.fill(0);
  }
}

function notKv(place: string): Error {
  return fail(
    "STORE_VALUE_INVALID",
    `What ${place} names is not in version 2 of the KV engine.`,
    { next: "Move it to such an engine: `bao secrets enable -version=2 kv`." },
  );
}

function notVault(place: string, why: string): Error {
  return fail(
    "STORE_UNREADABLE",
    `What answers for ${place} does not speak as Vault and OpenBao do: ${why}.`,
    {
      next: "Check the address, and that no proxy answers in the server's place.",
    },
  );
}
