import { func, wrpcInterface } from "@keyturn/wrpc";
import {
  list,
  option,
  record,
  result,
  string,
  u32,
  u8,
  type ValueOf,
} from "@keyturn/wrpc/values";

/** `broker-message` of `wasmcloud:messaging@0.2.0`. */
export const brokerMessage = record({
  subject: string,
  body: list(u8),
  replyTo: option(string),
});

/** A message as components see it. */
export type BrokerMessage = ValueOf<typeof brokerMessage>;

/** What components export: the provider hands them messages. */
export const messagingHandler = wrpcInterface(
  "wasmcloud:messaging/handler@0.2.0",
  { handleMessage: func([brokerMessage], result(undefined, string)) },
);

/** What components import: they publish and request through the provider. */
export const messagingConsumer = wrpcInterface(
  "wasmcloud:messaging/consumer@0.2.0",
  {
    publish: func([brokerMessage], result(undefined, string)),
    request: func([string, list(u8), u32], result(brokerMessage, string)),
  },
);
