import { func, wrpcInterface } from "@keyturn/wrpc";
import { result, string, u64 } from "@keyturn/wrpc/values";

/** `counter` of the WIT package `keyturn:example`, as `wit/counter.wit` has it. */
export const counter = wrpcInterface("keyturn:example/counter@0.1.0", {
  increment: func([string], result(u64, string)),
});
