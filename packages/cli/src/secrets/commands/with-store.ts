import type { NatsConnection } from "@nats-io/nats-core";
import { isKeyturnError, type CurveKey } from "@keyturn/nats";

import type { OptionSpec } from "../../command/command.js";
import {
  connectionOptions,
  openConnection,
  type ConnectionInput,
} from "../../command/nats-connection.js";
import type { Terminal } from "../../command/terminal.js";
import { fail } from "../../errors/cli-errors.js";
import { readKey } from "../keys/key-file.js";
import { isPublicKey } from "../keys/public-key.js";
import { isKeyName } from "../policy/key-pattern.js";
import { defaultBucket } from "../store/secret-store.js";
import { ValueSealer } from "../store/value-sealer.js";

/** Options of every command about the store. */
export const storeOptions = {
  ...connectionOptions,
  bucket: {
    type: "text",
    value: "NAME",
    summary: "JetStream bucket of the secrets",
    default: defaultBucket,
  },
} as const satisfies Record<string, OptionSpec>;

/** Options of commands that open or seal values. */
export const sealOptions = {
  "seal-key": {
    type: "text",
    value: "PLACE",
    summary: "key that values are sealed with at rest: a file, or a reference",
    env: "KEYTURN_SEAL_KEY_FILE",
    required: true,
  },
  "old-seal-key": {
    type: "text",
    value: "PLACE",
    summary: "an earlier one, to open values with",
    many: true,
  },
} as const satisfies Record<string, OptionSpec>;

/** For commands that read what the stock backend has put. */
export const stockOption = {
  "stock-values": {
    type: "flag",
    summary: "also open values as the stock backend seals them",
  },
} as const satisfies Record<string, OptionSpec>;

/** Options of commands about mappings. */
export const mappingOptions = {
  ...connectionOptions,
  name: {
    type: "text",
    summary: "name of the backend, as references to secrets have it",
    default: "nats-kv",
  },
} as const satisfies Record<string, OptionSpec>;

/** Reads the seal keys that were given. @throws KeyturnError */
export async function sealerOf(
  options: {
    readonly "seal-key": string;
    readonly "old-seal-key": readonly string[];
  },
  takesStock: boolean,
  terminal: Terminal,
): Promise<ValueSealer> {
  const read = (place: string): Promise<CurveKey> =>
    readKey(place, "seal key", (text) => terminal.warn(text));
  const newest = await read(options["seal-key"]);
  const older: CurveKey[] = [];
  for (const place of options["old-seal-key"]) older.push(await read(place));
  return new ValueSealer([newest, ...older], takesStock);
}

/**
 * Lends a connection. What JetStream refuses is an error with a next step.
 *
 * @throws KeyturnError `CONNECT_…`, `SECRETS_STORE_FAILED`, and what `act` throws of its own
 */
export async function withConnection<T>(
  input: ConnectionInput,
  act: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await openConnection(input, "keyturn secrets");
  try {
    return await act(connection);
  } catch (error) {
    throw isKeyturnError(error) ? error : storeFailed(error);
  } finally {
    await connection.close();
  }
}

/** What JetStream refused, with what to do. */
export function storeFailed(cause: unknown): Error {
  const isMissing =
    cause instanceof Error &&
    /jetstream.*not.*enabled|no responders/i.test(cause.message);
  return fail(
    "SECRETS_STORE_FAILED",
    isMissing
      ? "The NATS server or account has no JetStream."
      : "JetStream did not do what it was asked.",
    {
      cause,
      ...(isMissing && {
        next: "Enable it: `nats-server --jetstream`, or in the account.",
      }),
    },
  );
}

/** @throws KeyturnError `SECRETS_KEY_NAME_INVALID` */
export function assertKeyName(key: string): void {
  if (!isKeyName(key))
    throw fail("SECRETS_KEY_NAME_INVALID", "That can be no key of a secret.");
}

/** @throws KeyturnError `SECRETS_ENTITY_INVALID` */
export function assertEntity(entity: string): void {
  if (!isPublicKey(entity, "module", "service"))
    throw fail(
      "SECRETS_ENTITY_INVALID",
      "That is no public key of a component (M…) or provider (V…).",
    );
}
