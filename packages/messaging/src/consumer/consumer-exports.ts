import { callerOf, type ProviderExport } from "@keyturn/provider";
import { implement, type Call } from "@keyturn/wrpc";

import { messagingConsumer } from "../interface/messaging.js";
import { traceOf } from "../trace/trace-context.js";
import type { ConsumerLink } from "./consumer-link.js";

/** Finds the link of a caller. */
export interface ConsumerLinks {
  find(component: string, link: string): ConsumerLink | undefined;
  /** Why a link that was put does not work; undefined if there is none. */
  problem(component: string, link: string): string | undefined;
}

/** Calls handled at a time. Requests wait for their answers, so there are many. */
const maxRunning = 16_384;

/** As the stock provider says it; it drops the call though, and the component traps. */
const noCaller = "no component in request";
const unnamed = "<unknown>";

/** `wasmcloud:messaging/consumer`, served for the links of components. */
export function consumerExports(links: ConsumerLinks): ProviderExport {
  const linkOf = (call: Call): ConsumerLink | string => {
    if (call.headers === undefined) return noCaller;
    const { component, link } = callerOf(call);
    const name = component === "" ? unnamed : component;
    const found = links.find(component, link);
    if (found !== undefined) return found;
    const problem = links.problem(component, link);
    return problem === undefined
      ? `component not linked: ${name}`
      : `component not linked: ${name}, as its link ${link} fails: ${problem}`;
  };
  return {
    ...implement(messagingConsumer, {
      publish: (message, call) => {
        const link = linkOf(call);
        return typeof link === "string"
          ? { tag: "err", val: link }
          : link.publish(message, traceOf(call.headers));
      },
      request: (subject, body, timeoutMs, call) => {
        const link = linkOf(call);
        return typeof link === "string"
          ? { tag: "err", val: link }
          : link.request(subject, body, timeoutMs, traceOf(call.headers));
      },
    }),
    limits: { maxRunning },
  };
}
