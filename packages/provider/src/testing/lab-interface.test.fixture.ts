import { func, wrpcInterface } from "@keyturn/wrpc";
import { result, string } from "@keyturn/wrpc/values";

/** What the providers of the tests export. */
export const lab = wrpcInterface("keyturn:lab/lab@0.1.0", {
  ask: func([string], result(string, string)),
});
