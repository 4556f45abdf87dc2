import { errorChain } from "@keyturn/nats";
import {
  Fields,
  JsonError,
  parseJson,
  type Handling,
  type JsonValue,
} from "@keyturn/nats/json";

import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";

import { errorCode } from "../errors/error-code.js";
import { fail } from "../errors/provider-errors.js";
import { publish } from "../events/provider-events.js";
import type { Health } from "../health/compose-health.js";
import { linkHandling } from "../links/link-definition.js";
import { configMap } from "../settings/handling.js";
import { readSettings, type Settings } from "../settings/settings.js";
import { RateLimit } from "./rate-limit.js";

/** Where this provider is, as the control subjects name it. */
export interface ControlAddress {
  readonly hostId: string;
  readonly lattice: string;
  readonly providerId: string;
  /** Public curve key; hosts before wasmCloud 1.1 gave none and used the provider id instead. */
  readonly xkey: string | undefined;
}

/**
 * What is done on a control message. Nothing here may wait for links: every method returns at
 * once, and what takes time goes on in the background.
 */
export interface ControlHandler {
  /** @throws KeyturnError if the message is refused */
  putLink(definition: JsonValue): void;
  /** @throws KeyturnError if the message is refused */
  deleteLink(definition: JsonValue): void;
  updateConfig(settings: Settings): void;
  health(): Health;
  /** Ends the provider, and calls `reply` when that is done, before the connection closes. */
  shutdown(reply: () => void): void;
}

/** Messages that came on the control subjects since the start. */
export interface ControlCounters {
  readonly health: number;
  readonly configUpdates: number;
  /** Messages of any subject that were not understood. */
  readonly ignored: number;
}

const utf8 = new TextEncoder();
// A host takes any answer. This is the one of wasmCloud's own providers, for who looks at it.
const shuttingDown = utf8.encode("shutting down");

/**
 * The five subjects on which a wasmCloud 1.x host talks to a provider. None is a queue
 * subscription: every copy of a provider gets each message.
 */
export class ControlPlane {
  readonly #address: ControlAddress;
  readonly #handler: ControlHandler;
  readonly #configHandling: Handling;
  readonly #linkHandling: Handling;
  readonly #limit = new RateLimit();
  readonly #subscriptions: Subscription[] = [];
  #refusal: Error | undefined;
  readonly #counters = { health: 0, configUpdates: 0, ignored: 0 };

  constructor(
    address: ControlAddress,
    sensitiveConfigKeys: readonly string[],
    handler: ControlHandler,
  ) {
    this.#address = address;
    this.#handler = handler;
    this.#configHandling = configMap(sensitiveConfigKeys);
    this.#linkHandling = linkHandling(sensitiveConfigKeys);
  }

  get counters(): ControlCounters {
    return { ...this.#counters };
  }

  /** Subscribes to all five and returns when the server has them. */
  async open(connection: NatsConnection): Promise<void> {
    const { lattice, providerId, xkey } = this.#address;
    const prefix = `wasmbus.rpc.${lattice}`;
    const on = (
      id: string,
      name: string,
      handle: (message: Msg) => void,
    ): void => {
      const subject = `${prefix}.${id}.${name}`;
      const callback = (error: Error | null, message: Msg): void => {
        if (error === null) this.#guard(name, () => handle(message));
        else this.#refused(subject, error);
      };
      this.#subscriptions.push(connection.subscribe(subject, { callback }));
    };
    on(xkey ?? providerId, "linkdefs.put", (message) =>
      this.#handler.putLink(read(message, this.#linkHandling)),
    );
    on(providerId, "linkdefs.del", (message) =>
      this.#handler.deleteLink(read(message, this.#linkHandling)),
    );
    on(providerId, "config.update", (message) => {
      const settings = readSettings(
        new Fields(read(message, this.#configHandling)),
      );
      this.#counters.configUpdates++;
      this.#handler.updateConfig(settings);
    });
    on(providerId, "health", (message) => this.#health(message));
    on(providerId, "default.shutdown", (message) => this.#shutdown(message));
    await connection.flush();
  }

  /** Why control messages do not come in; the provider works on without those of that subject. */
  get problem(): string | undefined {
    return this.#refusal?.message;
  }

  /** Takes no more messages. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #health(message: Msg): void {
    if (message.reply === undefined || message.reply === "")
      throw new JsonError("the request has no reply subject");
    this.#counters.health++;
    const { healthy, message: text } = this.#handler.health();
    const answer =
      text === undefined ? { healthy } : { healthy, message: text };
    message.respond(utf8.encode(JSON.stringify(answer)));
  }

  #shutdown(message: Msg): void {
    const fields = new Fields(read(message, { as: "value" }));
    // A request for a copy of this provider on another host.
    if (fields.text("host_id", "") !== this.#address.hostId) return;
    this.#handler.shutdown(() => message.respond(shuttingDown));
  }

  #refused(subject: string, cause: Error): void {
    const error = fail(
      "PROVIDER_NOT_PERMITTED",
      `The lattice server refused to subscribe to \`${subject}\`.`,
      { cause },
    );
    this.#refusal = error;
    publish({
      type: "control-subscription-refused",
      level: "error",
      message: error.message,
      code: error.code,
      error,
      subject,
    });
  }

  /** Nothing that comes on a subject may get further than this. */
  #guard(subject: string, handle: () => void): void {
    try {
      handle();
    } catch (thrown) {
      this.#counters.ignored++;
      const suppressed = this.#limit.pass(subject);
      if (suppressed === undefined) return;
      const error =
        thrown instanceof JsonError
          ? fail(
              "PROVIDER_MESSAGE_INVALID",
              `A message on \`${subject}\` is malformed: ${thrown.message}.`,
            )
          : thrown;
      publish({
        type: "control-message-ignored",
        level: "warn",
        message: errorChain(error),
        error,
        ...errorCode(error),
        subject,
        suppressed,
      });
    }
  }
}

function read(message: Msg, handling: Handling): JsonValue {
  try {
    return parseJson(message.data, handling);
  } finally {
    // Config may hold secrets; these bytes are this message's alone.
    message.data.fill(0);
  }
}
