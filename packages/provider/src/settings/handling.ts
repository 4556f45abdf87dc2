import { asSecret, asValue, type Handling } from "@keyturn/nats/json";

/**
 * A config map in which the values of `sensitiveKeys` are secrets. Letter case is ignored, so that
 * a key in the wrong case, which will be refused later, does not turn its secret into a string.
 */
export function configMap(sensitiveKeys: readonly string[]): Handling {
  const sensitive = new Set(sensitiveKeys.map((key) => key.toLowerCase()));
  return {
    as: "value",
    child: (key) => (sensitive.has(key.toLowerCase()) ? asSecret : asValue),
  };
}

/** A wasmCloud secret map: name → `{"kind":"String"|"Bytes","value":…}`. */
export const secretMap: Handling = {
  as: "secret",
  child: () => secretValue,
};

const secretValue: Handling = {
  as: "secret",
  child: (key) => (key === "kind" ? asValue : asSecret),
};
