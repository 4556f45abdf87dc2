// Which trace a message, and what a component publishes or requests, is part of.
import { headers } from "@nats-io/nats-core";
import {
  handleMessageSubject,
  outcome,
  rawPublish,
  rawRequest,
  soon,
  yesNo,
} from "./site.mjs";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;

/** What a `traceparent` says, beside the one above. */
const traceOf = (value) =>
  yesNo(
    value,
    yesNo(value?.includes(trace), "the same trace", "another trace"),
    "no trace",
  );

/** A host with traces switched on; the Rust provider makes none unless it logs at `debug`, too. */
export const traced = {
  logLevel: "debug",
  otel: {
    enable_traces: true,
    trace_level: "debug",
    traces_endpoint: "http://127.0.0.1:1/v1/traces",
  },
};

/** The trace of the call that a message with `traceparent` becomes. */
function traceOfMessage(options) {
  return async (site) => {
    const calls = await site.spy(handleMessageSubject("shop"));
    const { client } = await site.delivering(options);
    const sent = headers();
    sent.set("traceparent", traceparent);
    client.publish("orders.new", "hello", { headers: sent });
    await soon("the call", () => calls.length > 0);
    return traceOf(calls[0].headers.get("traceparent"));
  };
}

/** The trace that leaves with what a component publishes or requests within another one. */
const traceOfCall = (subject, call, options) => async (site) => {
  const nats = await site.nats();
  const { messages } = await site.listen(nats, subject);
  await site.publishing({ nats, ...options });
  const raw = await site.rawConsumer({
    "source-id": "shop",
    "link-name": "default",
    traceparent,
  });
  await outcome(call(raw));
  await soon("the message", () => messages.length > 0);
  return traceOf(messages[0].headers?.get("traceparent"));
};

export const traceCases = [
  {
    id: "A.6 trace",
    says: "a message with `traceparent`: the call to the component has",
    ours: "the same trace",
    rust: "no trace",
    act: traceOfMessage({}),
  },
  {
    id: "A.6 trace, telemetry on",
    says: "the same, traces switched on, log level `debug`",
    both: "the same trace",
    act: traceOfMessage({ host: traced }),
  },
  {
    id: "B43",
    says: "a message with headers, none of them of a trace, traces switched on, log level `debug`: the call has",
    ours: "no trace",
    rust: "another trace",
    act: async (site) => {
      const calls = await site.spy(handleMessageSubject("shop"));
      const { client } = await site.delivering({ host: traced });
      const sent = headers();
      sent.set("colour", "blue");
      client.publish("orders.new", "hello", { headers: sent });
      await soon("the call", () => calls.length > 0);
      return traceOf(calls[0].headers.get("traceparent"));
    },
  },
  {
    id: "A.7 trace",
    says: "a call of `publish` with `traceparent`: the message has",
    ours: "the same trace",
    rust: "no trace",
    act: traceOfCall("a", rawPublish),
  },
  {
    id: "A.7 trace, telemetry on",
    says: "the same, traces switched on, log level `debug`",
    both: "the same trace",
    act: traceOfCall("a", rawPublish, { host: traced }),
  },
  {
    id: "B50",
    says: "a call of `request` with `traceparent`, traces switched on, log level `debug`: the message has",
    ours: "the same trace",
    rust: "another trace",
    act: traceOfCall("a", rawRequest, { host: traced }),
  },
];
