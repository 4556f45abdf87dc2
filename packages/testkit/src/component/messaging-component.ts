import type { Client } from "@keyturn/wrpc";

import {
  ComponentDouble,
  type ComponentDoubleOptions,
} from "./component-double.js";
import {
  messagingConsumer,
  messagingHandler,
  type BrokerMessage,
  type HandlerResult,
} from "./messaging-interface.js";

type Consumer = Client<(typeof messagingConsumer)["funcs"]>;

/** A message that a component has been called with. */
export interface ReceivedMessage extends BrokerMessage {
  /** Header `source-id` of the call: the provider. */
  readonly from: string | undefined;
  readonly text: string;
}

/** How a messaging component behaves. */
export interface MessagingComponentOptions extends ComponentDoubleOptions {
  /** Id of the messaging provider that it publishes through. Default `provider`. */
  readonly provider?: string;
  /**
   * What its handler does: nothing returned is success, a text is an error, a throw is a trap.
   * Default: it only books the message.
   */
  readonly handle?: (
    message: ReceivedMessage,
    component: MessagingComponent,
  ) => Promise<string | void> | string | void;
}

const keptMessages = 10_000;

/** A component of `wasmcloud:messaging@0.2.0`: it handles messages, publishes and requests. */
export class MessagingComponent implements AsyncDisposable {
  readonly component: ComponentDouble;
  /** Messages that it was called with, in order of the calls: the last 10,000. */
  readonly received: ReceivedMessage[] = [];
  #calls = 0;
  readonly #options: MessagingComponentOptions;
  readonly #consumers = new Map<string, Consumer>();

  private constructor(
    options: MessagingComponentOptions,
    component: ComponentDouble,
  ) {
    this.#options = options;
    this.component = component;
  }

  /** Starts it: messages can be handled when the promise resolves. */
  static async start(
    options: MessagingComponentOptions,
  ): Promise<MessagingComponent> {
    const component = await ComponentDouble.start(options);
    const made = new MessagingComponent(options, component);
    await component.export(messagingHandler, {
      handleMessage: (message, call) =>
        made.#handle(message, call.headers?.get("source-id")),
    });
    return made;
  }

  /** How often it was called. */
  get calls(): number {
    return this.#calls;
  }

  async #handle(
    message: BrokerMessage,
    from: string | undefined,
  ): Promise<HandlerResult> {
    this.#calls++;
    const text = new TextDecoder().decode(message.body);
    const received = { ...message, from: from || undefined, text };
    this.received.push(received);
    if (this.received.length > keptMessages) this.received.shift();
    const error = await this.#options.handle?.(received, this);
    return typeof error === "string"
      ? { tag: "err", val: error }
      : { tag: "ok", val: undefined };
  }

  /** `consumer` of the provider, by a link. @param link Default `default` */
  consumer(link = "default"): Consumer {
    let consumer = this.#consumers.get(link);
    if (consumer === undefined) {
      const target = this.#options.provider ?? "provider";
      consumer = this.component.import(messagingConsumer, { target, link });
      this.#consumers.set(link, consumer);
    }
    return consumer;
  }

  /**
   * Publishes by a link.
   *
   * @throws Error with the provider's text if it answers with an error value
   */
  async publish(
    subject: string,
    body: string | Uint8Array,
    { link, replyTo }: { link?: string; replyTo?: string } = {},
  ): Promise<void> {
    const answer = await this.consumer(link).publish({
      subject,
      body: bytes(body),
      replyTo,
    });
    if (answer.tag === "err") throw new Error(answer.val);
  }

  /**
   * Requests by a link, and gives the answer.
   *
   * @param timeoutMs as the component gives it to the provider. Default 2000
   * @throws Error with the provider's text if it answers with an error value
   */
  async request(
    subject: string,
    body: string | Uint8Array,
    { link, timeoutMs = 2000 }: { link?: string; timeoutMs?: number } = {},
  ): Promise<BrokerMessage> {
    const answer = await this.consumer(link).request(
      subject,
      bytes(body),
      timeoutMs,
    );
    if (answer.tag === "err") throw new Error(answer.val);
    return answer.val;
  }

  /** Ends calls under way without a result, and its connection. */
  close(): Promise<void> {
    return this.component.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function bytes(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}
