import {
  JetStreamApiError,
  jetstream,
  type JetStreamClient,
} from "@nats-io/jetstream";
import { Kvm, type KV, type KvEntry } from "@nats-io/kv";
import { headers, type NatsConnection } from "@nats-io/nats-core";

import { fail } from "../../errors/cli-errors.js";
import type { SecretKind, SecretValue } from "./secret-value.js";
import { sealOf, versionInside, type ValueSealer } from "./value-sealer.js";

/** Where a bucket keeps the values of keys. */
export const defaultBucket = "WASMCLOUD_SECRETS";
/** Versions of a secret that are kept, as the stock backend keeps them: the most that there can be. */
const keptVersions = 64;

/** A stored value. */
export interface StoredSecret {
  readonly version: string;
  readonly created: Date;
  /** Its value still sealed: see {@link SecretStore.open}. */
  readonly sealed: Uint8Array;
}

/** One version of a secret, without its value. */
export interface SecretVersion {
  readonly version: string;
  readonly created: Date;
  /** Id of the key that it is sealed with, or `stock`. */
  readonly seal: string | undefined;
  /** Size of the sealed value in bytes. */
  readonly bytes: number;
}

/** What {@link SecretStore.reseal} did. */
export type Resealed = "resealed" | "current" | "gone";

/** Secrets in a JetStream bucket, laid out as the stock backend lays them out; values sealed our way. */
export class SecretStore {
  readonly #kv: KV;
  readonly #js: JetStreamClient;
  readonly #bucket: string;
  readonly #sealer: ValueSealer | undefined;

  private constructor(
    kv: KV,
    js: JetStreamClient,
    bucket: string,
    sealer: ValueSealer | undefined,
  ) {
    this.#kv = kv;
    this.#js = js;
    this.#bucket = bucket;
    this.#sealer = sealer;
  }

  /**
   * Opens a bucket.
   *
   * @param sealer undefined for what needs no values: then it makes no bucket, either
   */
  static async open(
    connection: NatsConnection,
    bucket: string,
    sealer: ValueSealer | undefined,
  ): Promise<SecretStore> {
    const js = jetstream(connection);
    const buckets = new Kvm(js);
    // What is sealed does not compress.
    const kv = await (sealer === undefined
      ? buckets.open(bucket)
      : buckets.create(bucket, { history: keptVersions }));
    return new SecretStore(kv, js, bucket, sealer);
  }

  /** Puts a value; gives its version. */
  async put(key: string, kind: SecretKind, value: Uint8Array): Promise<string> {
    const sealed = this.#seals().seal(key, kind, value);
    return String(await this.#kv.put(key, sealed));
  }

  /** The newest version, or a given one; undefined if there is none. */
  async find(key: string, version?: string): Promise<StoredSecret | undefined> {
    if (version === undefined) {
      const entry = await this.#kv.get(key);
      return entry?.operation === "PUT" ? this.#stored(entry) : undefined;
    }
    const revision = Number(version);
    const entry = await this.#kv.get(key, { revision });
    if (entry?.operation === "PUT") {
      const stored = this.#stored(entry);
      if (stored.version === version) return stored;
    }
    // It may have been sealed again since, under another revision.
    const newest = await this.find(key);
    return newest?.version === version ? newest : undefined;
  }

  /** @throws KeyturnError `SECRETS_VALUE_UNREADABLE` */
  open(key: string, stored: StoredSecret): SecretValue {
    return this.#seals().open(key, stored.sealed);
  }

  /** The keys of all secrets, sorted. */
  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of await this.#kv.keys()) keys.push(key);
    return keys.toSorted();
  }

  /** The versions of a secret that are kept, the newest last; none if it is not there. */
  async history(key: string): Promise<SecretVersion[]> {
    const versions: SecretVersion[] = [];
    for await (const entry of await this.#kv.history({ key })) {
      if (entry.operation !== "PUT") {
        versions.length = 0;
        continue;
      }
      const { version, created, sealed } = this.#stored(entry);
      versions.push({
        version,
        created,
        seal: sealOf(sealed),
        bytes: sealed.length,
      });
    }
    return versions;
  }

  /** Removes a secret with all its versions. @returns whether it was there */
  async remove(key: string): Promise<boolean> {
    const entry = await this.#kv.get(key);
    if (entry?.operation !== "PUT") return false;
    await this.#kv.purge(key);
    return true;
  }

  /**
   * Seals the newest version with the newest key, and removes older ones: they stay readable to whoever
   * has the old key. It keeps its version. A change by somebody else meanwhile is not lost.
   *
   * @throws KeyturnError `SECRETS_VALUE_UNREADABLE`
   */
  async reseal(key: string): Promise<Resealed> {
    for (;;) {
      const entry = await this.#kv.get(key);
      if (entry?.operation !== "PUT") return "gone";
      const { current } = this.#seals();
      const versions = await this.history(key);
      if (versions.every(({ seal }) => seal === current)) return "current";
      const stored = this.#stored(entry);
      const { kind, value } = this.open(key, stored);
      const version = BigInt(stored.version);
      const sealed = value.use((bytes) =>
        this.#seals().seal(key, kind, bytes, version),
      );
      value.wipe();
      const head = headers();
      head.set("Nats-Rollup", "sub");
      head.set("Nats-Expected-Last-Subject-Sequence", String(entry.revision));
      try {
        await this.#js.publish(`$KV.${this.#bucket}.${key}`, sealed, {
          headers: head,
        });
        return "resealed";
      } catch (error) {
        if (!isOutrun(error)) throw error;
      }
    }
  }

  #stored(entry: KvEntry): StoredSecret {
    return {
      version: String(versionInside(entry.value) ?? entry.revision),
      created: entry.created,
      sealed: entry.value,
    };
  }

  #seals(): ValueSealer {
    if (this.#sealer === undefined)
      throw fail("SECRETS_VALUE_UNREADABLE", "There is no seal key at hand.", {
        next: "Give it: `--seal-key FILE`.",
      });
    return this.#sealer;
  }
}

/** Whether somebody else has changed the key in between. */
export function isOutrun(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === 10071;
}
