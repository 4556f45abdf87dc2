import { readFile } from "node:fs/promises";

import { publicKeyBytes } from "../../credentials/nkey.js";
import { fail } from "../../errors/nats-errors.js";
import type { LiveConnection } from "../../handover/live-connection.js";
import type { Secret } from "../../secret/secret.js";
import type { Source } from "../../sources/credential-source.js";
import { Held } from "../held.js";
import { fieldsToMaterial, type Maker, type Material } from "../material.js";
import { connectionParameters, connector } from "../nats/store-connection.js";
import { badReference, secondsOf } from "../bad-reference.js";
import type { Reference } from "../reference.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { valueToMaterial } from "../value.js";
import { poll } from "../watching.js";
import { selfSignedHostToken } from "./claims.js";
import { fetchSecret, type BackendAddress } from "./fetch-secret.js";
import type { SecretAnswer } from "./protocol.js";

const defaultTopic = "wasmcloud.secrets";
/** The protocol has no news of changes. */
const defaultPollMs = 30_000;

/**
 * A secret from a wasmCloud secrets backend, for programs outside a host: `wasmcloud://backend/key`, or
 * `wasmcloud://backend?jwt=key&seed=key` where the two halves are secrets of their own.
 */
export const wasmcloudStore: StoreDefinition = openStore({
  forms: [
    "wasmcloud://nats-kv/nats/orders?entity-file=/etc/orders/entity.jwt",
    "wasmcloud://nats-kv?jwt=nats/orders/jwt&seed=nats/orders/seed&entity-file=/etc/orders/entity.jwt",
  ],
  parameters: [
    ...connectionParameters,
    "entity-file",
    "host-file",
    "topic",
    "field",
    "version",
    "backend-key",
    "jwt",
    "seed",
    "poll",
  ],
  openAs: (reference, make) => new WasmcloudSource(reference, make),
});

class WasmcloudSource<T> implements Source<T> {
  readonly #place: string;
  readonly #held: Held<LiveConnection>;
  readonly #address: BackendAddress;
  readonly #keys: readonly string[];
  readonly #parameters: ReadonlyMap<string, string>;
  readonly #entityFile: string;
  readonly #pollMs: number;
  readonly #make: Maker<T>;

  constructor(reference: Reference, make: Maker<T>) {
    this.#make = make;
    const { parameters } = reference;
    this.#place = reference.text;
    this.#parameters = parameters;
    this.#address = addressOf(reference);
    this.#keys = keysOf(reference);
    const entity = parameters.get("entity-file");
    if (entity === undefined)
      throw badReference(
        reference.scheme,
        "it does not say as whom the backend is asked",
        "Give the file of a claims token: `entity-file=/etc/orders/entity.jwt`.",
      );
    this.#entityFile = entity;
    this.#pollMs =
      secondsOf(reference.scheme, "poll", parameters.get("poll")) ??
      defaultPollMs;
    this.#held = new Held(connector(reference));
  }

  async read(signal: AbortSignal): Promise<T> {
    const tokens = await this.#tokens();
    const answers = await this.#held.use(signal, (connection) =>
      allOrNone(
        this.#keys.map(async (key) =>
          fetchSecret(connection, this.#address, {
            key,
            field: this.#parameters.get("field"),
            version: this.#parameters.get("version"),
            ...tokens,
          }),
        ),
      ),
    );
    return this.#make(this.#material(answers), {
      source: this.#place,
      plaintext: false,
      version: answers.map(({ version }) => version).join("/"),
    });
  }

  watch(changed: () => void): () => void {
    const endHold = this.#held.hold();
    const endPoll = poll(this.#pollMs, changed);
    return () => {
      endPoll();
      endHold();
    };
  }

  #material(answers: readonly SecretAnswer[]): Material {
    const [first, second] = answers.map(({ value }) => value);
    if (second === undefined)
      return valueToMaterial(first as Secret, this.#place);
    const fields = new Map([
      ["jwt", first as Secret],
      ["seed", second],
    ]);
    return fieldsToMaterial(fields, this.#place);
  }

  /** The tokens are read each time: whoever issues them may renew them. */
  async #tokens(): Promise<{ entityJwt: string; hostJwt: string }> {
    const host = this.#parameters.get("host-file");
    return {
      entityJwt: await this.#token("entity-file", this.#entityFile),
      hostJwt:
        host === undefined
          ? selfSignedHostToken("keyturn")
          : await this.#token("host-file", host),
    };
  }

  async #token(name: string, file: string): Promise<string> {
    let text: string;
    try {
      text = (await readFile(file, "utf8")).trim();
    } catch (cause) {
      throw fail(
        "STORE_UNREADABLE",
        `The file \`${name}\` of ${this.#place} cannot be read.`,
        { cause, next: "Put a claims token there." },
      );
    }
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text))
      throw fail(
        "STORE_UNREADABLE",
        `The file \`${name}\` of ${this.#place} has no claims token in it.`,
        { next: "Put the token there, alone: three parts joined by dots." },
      );
    return text;
  }
}

function addressOf(reference: Reference): BackendAddress {
  const { authority: backend, parameters, scheme, text } = reference;
  const topic = parameters.get("topic") ?? defaultTopic;
  const publicKey = parameters.get("backend-key");
  if (!/^[\w-]+$/.test(backend))
    throw badReference(
      scheme,
      "it names no backend (letters, digits, `_`, `-`)",
      "Write it as `wasmcloud://backend/key`.",
    );
  if (!/^[\w-]+(\.[\w-]+)*$/.test(topic))
    throw badReference(
      scheme,
      "its `topic` is no subject",
      `Write it as the hosts have it: \`${defaultTopic}\`.`,
    );
  try {
    if (publicKey !== undefined) publicKeyBytes(publicKey, "curve");
  } catch {
    throw badReference(
      scheme,
      "its `backend-key` is no public curve key",
      "Write what the backend answers at `server_xkey`: `X` and 55 more characters.",
    );
  }
  return { topic, backend, publicKey, place: text };
}

function keysOf({ path, parameters, scheme }: Reference): readonly string[] {
  const key = path.slice(1);
  const [jwt, seed] = [parameters.get("jwt"), parameters.get("seed")];
  const hasPair = jwt !== undefined && seed !== undefined;
  if (key !== "" && jwt === undefined && seed === undefined) return [key];
  if (key === "" && hasPair) return [jwt, seed];
  throw badReference(
    scheme,
    "it has neither one key nor `jwt` and `seed`",
    "Write it as `wasmcloud://backend/key`, or as `wasmcloud://backend?jwt=key&seed=key`.",
  );
}

/** What all of the answers are, or the first failure; what came beside a failure is wiped. */
async function allOrNone(
  asked: readonly Promise<SecretAnswer>[],
): Promise<readonly SecretAnswer[]> {
  try {
    return await Promise.all(asked);
  } catch (error) {
    for (const settled of await Promise.allSettled(asked))
      if (settled.status === "fulfilled") settled.value.value.wipe();
    throw error;
  }
}
