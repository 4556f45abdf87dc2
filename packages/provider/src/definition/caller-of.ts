import type { Call } from "@keyturn/wrpc";

/** Who called, and over which of its links. */
export interface Caller {
  /** Id of the component; "" if the call did not say. */
  readonly component: string;
  /** Link name, `default` unless the component chose another. */
  readonly link: string;
}

/**
 * The caller of an exported function, from the headers `source-id` and `link-name` of wasmCloud
 * 1.x. The host sets them; who else may publish on the lattice could set them as well.
 */
export function callerOf(call: Pick<Call, "headers">): Caller {
  return {
    component: call.headers?.get("source-id") ?? "",
    link: call.headers?.get("link-name") || "default",
  };
}
