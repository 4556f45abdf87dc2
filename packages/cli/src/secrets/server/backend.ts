import {
  headers,
  type Msg,
  type NatsConnection,
  type Subscription,
} from "@nats-io/nats-core";

import {
  backendSubject,
  requestKeyHeader,
  responseKeyHeader,
  writeFault,
} from "@keyturn/nats/wasmcloud-secrets";

import type { AuditLog } from "../audit/audit-log.js";
import { answerMapping, answerPut } from "./answer-change.js";
import { answerGet, asRefusal, type Answer, type Vault } from "./answer-get.js";
import { BoundedWork } from "./bounded-work.js";
import { Refusal } from "./refusal.js";

/** What the stock backend calls itself, and hosts look for. */
export const defaultName = "nats-kv";
/** What hosts are commonly started with: `--secrets-topic`. */
export const defaultTopic = "wasmcloud.secrets";
/** Requests answered side by side. */
export const defaultConcurrency = 64;
/** Requests that may wait for that, for each that is answered. */
const waitingPerRunning = 16;
/** A request is two tokens and little more. */
const largestRequest = 512 * 1024;

/** What a backend is made of. */
export interface BackendOptions {
  readonly connection: NatsConnection;
  readonly vault: Vault;
  readonly audit: AuditLog;
  /** Default {@link defaultTopic}. */
  readonly topic?: string;
  /** Default {@link defaultName}. */
  readonly name?: string;
  /** Default {@link defaultConcurrency}. */
  readonly concurrency?: number;
}

/**
 * A wasmCloud secrets backend at work (protocol `v1alpha1`). Several of one name share the requests.
 */
export class Backend implements AsyncDisposable {
  readonly #vault: Vault;
  readonly #audit: AuditLog;
  readonly #base: string;
  readonly #work: BoundedWork;
  readonly #subscription: Subscription;

  private constructor({
    connection,
    vault,
    audit,
    topic = defaultTopic,
    name = defaultName,
    concurrency = defaultConcurrency,
  }: BackendOptions) {
    this.#vault = vault;
    this.#audit = audit;
    this.#base = backendSubject(topic, name, "");
    this.#work = new BoundedWork(concurrency, concurrency * waitingPerRunning);
    this.#subscription = connection.subscribe(`${this.#base}>`, {
      queue: `wasmcloud_secrets.${name}`,
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
  }

  /** Serves as soon as the server knows of it. */
  static async start(options: BackendOptions): Promise<Backend> {
    const backend = new Backend(options);
    await options.connection.flush();
    return backend;
  }

  /** Takes no more requests, and answers those that it has. The connection is left to its owner. */
  async close(): Promise<void> {
    await this.#subscription.drain();
    await this.#work.idle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(message: Msg): void {
    if (message.reply === undefined || message.reply === "") return;
    const [operation = "", ...rest] = message.subject
      .slice(this.#base.length)
      .split(".");
    if (operation === "server_xkey") {
      tryToRespond(message, { data: this.#vault.transit.publicKey });
      return;
    }
    const isTaken = this.#work.take(() =>
      this.#answer(message, operation, rest.join(".")),
    );
    if (!isTaken)
      tryToRespond(message, {
        data: writeFault({
          name: "UpstreamError",
          text: "too many requests; try again",
        }),
      });
  }

  /** Never rejects: what goes wrong is an answer, too. */
  async #answer(message: Msg, operation: string, rest: string): Promise<void> {
    try {
      const answer = await this.#answerTo(message, operation, rest);
      // Nothing is given out that is not written down.
      await this.#audit.write(answer.audit);
      respond(message, answer);
    } catch (error) {
      tryToRespond(message, { data: writeFault(asRefusal(error).fault) });
    }
  }

  #answerTo(message: Msg, operation: string, rest: string): Promise<Answer> {
    const { data } = message;
    if (data.length > largestRequest)
      return refused(operation, Refusal.plain("InvalidPayload", "too large"));
    switch (operation) {
      case "get":
      case "put_secret": {
        const key = requestKey(message);
        if (key instanceof Refusal) return refused(operation, key);
        return operation === "get"
          ? answerGet(this.#vault, key, data)
          : answerPut(this.#vault, key, data);
      }
      case "add_mapping":
      case "remove_mapping":
        return answerMapping(this.#vault, operation, rest, data);
      default:
        return Promise.resolve({
          data: `unknown operation ${operation}`,
          audit: {
            operation,
            allowed: false,
            reason: "unknown operation",
            answer: "refused",
          },
        });
    }
  }
}

function respond(
  message: Msg,
  { data, sealedBy }: Pick<Answer, "data" | "sealedBy">,
): void {
  if (sealedBy === undefined) {
    message.respond(data);
    return;
  }
  const head = headers();
  head.set(responseKeyHeader, sealedBy);
  message.respond(data, { headers: head });
}

function tryToRespond(message: Msg, answer: Pick<Answer, "data">): void {
  try {
    respond(message, answer);
  } catch {
    // The connection is closed: nobody waits for the answer any more.
  }
}

/** The public key to answer to; undefined if there is none. A refusal if there is no body, or no header at all. */
function requestKey(message: Msg): string | undefined | Refusal {
  if (message.data.length === 0)
    return Refusal.plain("InvalidPayload", "empty body");
  try {
    if (message.headers === undefined)
      return Refusal.plain("InvalidHeaders", "no headers");
    const key = message.headers.get(requestKeyHeader);
    return key === "" ? undefined : key;
  } catch {
    return Refusal.plain("InvalidHeaders", "malformed headers");
  }
}

function refused(operation: string, refusal: Refusal): Promise<Answer> {
  return Promise.resolve({
    data:
      operation === "put_secret"
        ? JSON.stringify({ revision: 0, error: refusal.fault.name })
        : writeFault(refusal.fault),
    audit: {
      operation,
      allowed: false,
      reason: refusal.message,
      answer: refusal.fault.name,
    },
  });
}
