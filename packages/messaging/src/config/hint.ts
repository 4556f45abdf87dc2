import { nearest } from "@keyturn/nats";

import { configKeys } from "./keys.js";

/** The key that was probably meant: the same in other letter case, or few edits away. */
export function nearestKey(name: string): string | undefined {
  return nearest(name.replaceAll("-", "_"), Object.keys(configKeys));
}
