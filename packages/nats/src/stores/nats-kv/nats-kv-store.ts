import type { Msg } from "@nats-io/nats-core";

import { fail } from "../../errors/nats-errors.js";
import type { LiveConnection } from "../../handover/live-connection.js";
import { Secret } from "../../secret/secret.js";
import type { Source } from "../../sources/credential-source.js";
import { Held } from "../held.js";
import type { Maker } from "../material.js";
import {
  ask,
  connectionParameters,
  connector,
} from "../nats/store-connection.js";
import { badReference, secondsOf } from "../bad-reference.js";
import type { Reference } from "../reference.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { valueToMaterial } from "../value.js";
import { keepGoing, poll } from "../watching.js";

/** What the watch may miss (a key that expires, a bucket that is mirrored) is found by looking. */
const defaultPollMs = 60_000;
/** Pauses after the news of a change until it can be read: news and store are not one. */
const settleMs = [20, 50, 100, 200, 400] as const;

/**
 * The value of a key in a JetStream key-value bucket: `nats-kv://bucket/key`. Changes are seen at once.
 *
 * Read with the direct API and watched by a plain subscription, so that nothing is left in the server
 * and its user needs two permissions only (NATS ADR-8 and ADR-31).
 */
export const natsKvStore: StoreDefinition = openStore({
  forms: [
    "nats-kv://bucket/nats/orders",
    "nats-kv://bucket/nats/orders?servers=tls://nats.example:4222&credentials=file:///run/secrets/store.creds",
  ],
  parameters: [...connectionParameters, "domain", "poll"],
  openAs: (reference, make) => new NatsKvSource(reference, make),
});

class NatsKvSource<T> implements Source<T> {
  readonly #place: string;
  readonly #held: Held<LiveConnection>;
  /** Where the value is stored, and where its changes are told. */
  readonly #subject: string;
  readonly #ask: string;
  readonly #bucket: string;
  readonly #pollMs: number;
  readonly #make: Maker<T>;
  #revision: string | undefined;
  #hasNews = false;

  constructor(reference: Reference, make: Maker<T>) {
    this.#make = make;
    const { authority: bucket, path, parameters, scheme } = reference;
    const key = path.slice(1);
    if (!/^[\w-]+$/.test(bucket))
      throw badReference(
        scheme,
        "it names no bucket (letters, digits, `_`, `-`)",
        "Write it as `nats-kv://bucket/key`.",
      );
    if (!/^[-/_=.\w]+$/.test(key) || /^\.|\.$|\.\./.test(key))
      throw badReference(
        scheme,
        "it names no key (letters, digits, `-`, `/`, `_`, `=`, `.`)",
        "Write it as `nats-kv://bucket/key`.",
      );
    const domain = parameters.get("domain");
    if (domain !== undefined && !/^[\w-]+$/.test(domain))
      throw badReference(
        scheme,
        "its `domain` is no name of a JetStream domain",
        "Write it as in the server's `jetstream { domain: … }`.",
      );
    this.#bucket = bucket;
    this.#place = reference.text;
    this.#held = new Held(connector(reference));
    this.#subject = `$KV.${bucket}.${key}`;
    const api = domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
    this.#ask = `${api}.DIRECT.GET.KV_${bucket}.${this.#subject}`;
    this.#pollMs =
      secondsOf(reference.scheme, "poll", parameters.get("poll")) ??
      defaultPollMs;
  }

  async read(signal: AbortSignal): Promise<T> {
    const hasNews = this.#hasNews;
    this.#hasNews = false;
    const reply = await this.#held.use(signal, async (connection) => {
      let latest = await this.#get(connection);
      for (const ms of hasNews ? settleMs : []) {
        if (revisionOf(latest) !== this.#revision || signal.aborted) break;
        await new Promise((resolve) => setTimeout(resolve, ms));
        latest = await this.#get(connection);
      }
      return latest;
    });
    this.#revision = revisionOf(reply);
    const version = this.#revision;
    const value = Secret.fromBytes(Uint8Array.from(reply.data));
    reply.data.fill(0);
    return this.#make(valueToMaterial(value, this.#place), {
      source: this.#place,
      plaintext: false,
      ...(version === undefined ? {} : { version }),
    });
  }

  watch(changed: () => void): () => void {
    const news = (): void => {
      this.#hasNews = true;
      changed();
    };
    const endPoll = poll(this.#pollMs, changed);
    const endWatch = keepGoing((signal) =>
      this.#held.use(signal, async (connection) => {
        connection.subscribe(this.#subject, {
          callback: (error) => {
            // What is not permitted is told as an event of the connection; polling goes on.
            if (error === null) news();
          },
        });
        await connection.flush();
        // What changed since the last read, and while there was no connection, was not told.
        changed();
        for await (const status of connection.status())
          if (status.type === "reconnect") changed();
      }),
    );
    return () => {
      endPoll();
      endWatch();
    };
  }

  async #get(connection: LiveConnection): Promise<Msg> {
    const reply = await ask(connection, this.#ask, "", {
      place: this.#place,
      silence: `Check that there is a bucket \`${this.#bucket}\` that answers direct reads: \`nats stream info KV_${this.#bucket}\`, \`nats stream edit KV_${this.#bucket} --allow-direct\`.`,
    });
    const status = reply.headers?.code ?? 0;
    const operation = reply.headers?.get("KV-Operation") ?? "";
    if (
      status === 404 ||
      operation !== "" ||
      reply.headers?.has("Nats-Marker-Reason") === true
    )
      throw fail(
        "STORE_ABSENT",
        operation === ""
          ? `There is no key where ${this.#place} points.`
          : `The key where ${this.#place} points was deleted.`,
        {
          next: `Put the credential there: \`nats kv put ${this.#bucket} KEY\`; it is looked for again.`,
        },
      );
    if (status >= 400)
      throw fail(
        "STORE_UNREADABLE",
        `What ${this.#place} names cannot be read: the server answers ${status} ${reply.headers?.description ?? ""}.`,
      );
    return reply;
  }
}

function revisionOf(reply: Msg): string | undefined {
  return reply.headers?.get("Nats-Sequence");
}
