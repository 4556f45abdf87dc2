// The interfaces of wasmcloud:messaging@0.2.0, as the WIT says. Written down here a second time on
// purpose: what tests a provider must not take its word for what the interface is.
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

const brokerMessage = record({
  subject: string,
  body: list(u8),
  replyTo: option(string),
});

/** A message as components see it. `replyTo` is where an answer goes, if one is wanted. */
export type BrokerMessage = ValueOf<typeof brokerMessage>;

/** What a component answers: done, or an error text. */
export type HandlerResult = ValueOf<typeof handled>;

const handled = result(undefined, string);

/** `wasmcloud:messaging/handler@0.2.0`, exported by components. */
export const messagingHandler = wrpcInterface(
  "wasmcloud:messaging/handler@0.2.0",
  { handleMessage: func([brokerMessage], handled) },
);

/** `wasmcloud:messaging/consumer@0.2.0`, imported by components. */
export const messagingConsumer = wrpcInterface(
  "wasmcloud:messaging/consumer@0.2.0",
  {
    request: func([string, list(u8), u32], result(brokerMessage, string)),
    publish: func([brokerMessage], handled),
  },
);
