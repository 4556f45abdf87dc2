import type { PublishOptions } from "./nats-core.js";

/** Requests to JetStream that say, or are told, where a push consumer delivers; below any API prefix. */
const ofConsumers = /\.CONSUMER\.(?:INFO|LIST|CREATE|DURABLE\.CREATE)\./;
/** Answers to wait for, at most; and for how long, in milliseconds. */
const mostAwaited = 256;
const longestMs = 30_000;
/** Subjects that are remembered; the oldest are forgotten first. */
const mostKnown = 10_000;

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
  );

/**
 * Where JetStream push consumers deliver to, as far as it shows in what a connection asks JetStream: a server
 * delivers only while there is a subscription without queue group, so that ours must have none.
 *
 * Format: JetStream's API, `$JS.API.CONSUMER.*`, field `deliver_subject` of a consumer's configuration
 * (ADR-1 and ADR-42 of nats-architecture-and-design).
 */
export class DeliverySubjects {
  readonly #known = new Set<string>();
  /** Reply subjects of requests under way, and since when. */
  readonly #awaited = new Map<string, number>();
  readonly #onNew: (subject: string) => void;

  /** @param onNew told each subject once */
  constructor(onNew: (subject: string) => void) {
    this.#onNew = onNew;
  }

  has(subject: string): boolean {
    return this.#known.has(subject);
  }

  /** Whether {@link received} has anything to look for. */
  get isWaiting(): boolean {
    return this.#awaited.size > 0;
  }

  /** Something is published; a request if it has a reply subject. */
  published(
    subject: string,
    payload: Uint8Array | string | undefined,
    options: PublishOptions | undefined,
  ): void {
    const reply = options?.reply;
    if (!reply || !subject.includes(".CONSUMER.") || !ofConsumers.test(subject))
      return;
    if (this.#awaited.size < mostAwaited)
      this.#awaited.set(reply, performance.now());
    if (payload !== undefined)
      this.#learn(typeof payload === "string" ? payload : latin1(payload));
  }

  /** A message came, perhaps an answer. */
  received(subject: Uint8Array, data: Uint8Array): void {
    if (this.#awaited.delete(latin1(subject))) this.#learn(latin1(data));
    for (const [reply, since] of this.#awaited) {
      if (performance.now() - since < longestMs) break;
      this.#awaited.delete(reply);
    }
  }

  #learn(json: string): void {
    for (const [, subject] of json.matchAll(
      /"deliver_subject":\s*"([^"]+)"/g,
    )) {
      if (subject === undefined || this.#known.has(subject)) continue;
      this.#known.add(subject);
      const [oldest] = this.#known;
      if (this.#known.size > mostKnown && oldest !== undefined)
        this.#known.delete(oldest);
      this.#onNew(subject);
    }
  }
}
