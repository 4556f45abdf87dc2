import assert from "node:assert/strict";
import { test } from "node:test";

import { Secret } from "@keyturn/nats";
import {
  onlyFields,
  parseJson,
  type JsonObject,
  type JsonValue,
} from "@keyturn/nats/json";

import { configMap, secretMap } from "./handling.js";

function property(value: JsonValue, key: string): JsonValue | undefined {
  return (value as JsonObject)[key];
}

test("secrets are found by place: sensitive keys in any case, secret maps, known fields", () => {
  const handling = onlyFields({
    config: configMap(["client_seed"]),
    secrets: secretMap,
  });
  const value = parseJson(
    new TextEncoder().encode(
      `{"config":{"CLIENT_seed":"A","url":"B"},
      "secrets":{"s":{"kind":"String","value":"C"},"odd":"D"},
      "else":{"deep":["E"]}}`,
    ),
    handling,
  );
  assert.equal(property(value, "else"), undefined);
  const config = property(value, "config") ?? null;
  assert.ok(property(config, "CLIENT_seed") instanceof Secret);
  assert.equal(property(config, "url"), "B");
  const secrets = property(value, "secrets") ?? null;
  assert.ok(property(secrets, "odd") instanceof Secret);
  const entry = property(secrets, "s") ?? null;
  assert.equal(property(entry, "kind"), "String");
  assert.ok(property(entry, "value") instanceof Secret);
});
