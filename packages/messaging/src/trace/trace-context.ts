import type { MsgHdrs } from "@nats-io/nats-core";

import { isValidHeader } from "@keyturn/wrpc";

/** The trace that a message or a call belongs to (W3C Trace Context). */
export interface TraceContext extends Readonly<Record<string, string>> {
  readonly traceparent: string;
}

/** Version 00, two ids that are not all zeros, flags. */
const traceparentForm =
  /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;
const longestTracestate = 512;

/** The trace context in a header block, if it is a valid one. Other headers are none of our business. */
export function traceOf(
  headers: MsgHdrs | undefined,
): TraceContext | undefined {
  if (headers === undefined) return undefined;
  const traceparent = valueOf(headers, "traceparent");
  if (!traceparentForm.test(traceparent)) return undefined;
  const tracestate = valueOf(headers, "tracestate");
  return tracestate === "" ||
    tracestate.length > longestTracestate ||
    !isValidHeader("tracestate", tracestate)
    ? { traceparent }
    : { traceparent, tracestate };
}

/** A header in lower case, or as Go's HTTP library writes names, which many Go programs use here. */
function valueOf(headers: MsgHdrs, name: string): string {
  const value = headers.get(name);
  return value === ""
    ? headers.get(`${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`)
    : value;
}
