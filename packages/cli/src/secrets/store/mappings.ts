import { jetstream } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/nats-core";

import { fail } from "../../errors/cli-errors.js";
import { isOutrun } from "./secret-store.js";

/** The mapping of an entity as it stands. */
interface Entry {
  readonly keys: readonly string[];
  /** 0 if there is none, and was none. */
  readonly revision: number;
}

/**
 * Which entity may read which keys, in the bucket of the stock backend: an entry per public key
 * (`M…`, `V…`), a JSON array of keys. Two that change one at the same time both have their way.
 */
export class Mappings {
  readonly #kv: KV;

  private constructor(kv: KV) {
    this.#kv = kv;
  }

  /** @param backend name of the backend; makes the bucket if there is none */
  static async open(
    connection: NatsConnection,
    backend: string,
  ): Promise<Mappings> {
    const bucket = `SECRETS_${backend}_state`;
    const buckets = new Kvm(jetstream(connection));
    await buckets.create(bucket);
    // Opened like this, it reads from the leader: what was taken away is gone for all at once.
    return new Mappings(await buckets.open(bucket));
  }

  /** The keys of an entity. @throws KeyturnError `SECRETS_MAPPING_INVALID` */
  async keysOf(entity: string): Promise<readonly string[]> {
    return (await this.#read(entity)).keys;
  }

  async has(entity: string, key: string): Promise<boolean> {
    return (await this.keysOf(entity)).includes(key);
  }

  /** All mappings, by entity. */
  async all(): Promise<ReadonlyMap<string, readonly string[]>> {
    const all = new Map<string, readonly string[]>();
    const entities: string[] = [];
    for await (const entity of await this.#kv.keys()) entities.push(entity);
    for (const entity of entities.toSorted())
      all.set(entity, await this.keysOf(entity));
    return all;
  }

  /** Adds keys; gives the keys after that. */
  add(entity: string, keys: readonly string[]): Promise<readonly string[]> {
    return this.#change(entity, (before) => [...new Set([...before, ...keys])]);
  }

  /** Takes keys away; gives the keys after that. */
  remove(entity: string, keys: readonly string[]): Promise<readonly string[]> {
    return this.#change(entity, (before) =>
      before.filter((key) => !keys.includes(key)),
    );
  }

  /** Takes all keys away, whatever the entry holds. */
  async clear(entity: string): Promise<void> {
    await this.#kv.purge(entity);
  }

  async #change(
    entity: string,
    changed: (before: readonly string[]) => readonly string[],
  ): Promise<readonly string[]> {
    for (;;) {
      const { keys, revision } = await this.#read(entity);
      const after = changed(keys);
      if (after.length === keys.length) return keys;
      try {
        if (after.length > 0)
          await this.#kv.put(entity, JSON.stringify(after), {
            previousSeq: revision,
          });
        else await this.#kv.purge(entity, { previousSeq: revision });
        return after;
      } catch (error) {
        if (!isOutrun(error)) throw error;
      }
    }
  }

  async #read(entity: string): Promise<Entry> {
    const entry = await this.#kv.get(entity);
    if (entry === null) return { keys: [], revision: 0 };
    const { revision, operation } = entry;
    if (operation !== "PUT") return { keys: [], revision };
    const keys = parsed(entry.string());
    if (keys !== undefined) return { keys, revision };
    throw fail(
      "SECRETS_MAPPING_INVALID",
      `The mapping of ${entity} is no JSON array of keys.`,
    );
  }
}

function parsed(json: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) && value.every((one) => typeof one === "string")
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}
