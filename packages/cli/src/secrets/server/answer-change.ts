import { isKeyturnError, type CurveKey } from "@keyturn/nats";
import {
  asSecret,
  asValue,
  Fields,
  JsonError,
  onlyFields,
  parseJson,
} from "@keyturn/nats/json";

import type { AuditEntry } from "../audit/audit-log.js";
import { isPublicKey } from "../keys/public-key.js";
import { isKeyName } from "../policy/key-pattern.js";
import { opened, type Answer, type Vault } from "./answer-get.js";
import { Refusal } from "./refusal.js";

const putRequest = onlyFields({
  key: asValue,
  string_secret: asSecret,
  binary_secret: asSecret,
});

/** Answers `put_secret` as the stock backend does; only if the policy permits it. */
export async function answerPut(
  vault: Vault,
  requestKey: string | undefined,
  body: Uint8Array,
): Promise<Answer> {
  let key: string | undefined;
  try {
    if (!vault.policy().permits("put_secret"))
      throw Refusal.plain("Unauthorized", notPermitted);
    const put = readPut(vault.transit, requestKey, body);
    ({ key } = put);
    const { kind, value } = put;
    const version = await value
      .use((bytes) => vault.store.put(put.key, kind, bytes))
      .finally(() => value.wipe());
    return {
      data: `{"revision":${version},"error":null}`,
      audit: entry("put_secret", "ok", { key, version }),
    };
  } catch (error) {
    const refusal = asPutRefusal(error);
    return {
      data: JSON.stringify({ revision: 0, error: refusal.fault.name }),
      audit: {
        ...entry(
          "put_secret",
          refusal.fault.name,
          key === undefined ? {} : { key },
        ),
        allowed: false,
        reason: refusal.message,
      },
    };
  }
}

/** Answers `add_mapping.{entity}` and `remove_mapping.{entity}`; only if the policy permits it. */
export async function answerMapping(
  vault: Vault,
  operation: "add_mapping" | "remove_mapping",
  entity: string,
  body: Uint8Array,
): Promise<Answer> {
  const refused = (answer: string): Answer => ({
    data: answer,
    audit: {
      operation,
      allowed: false,
      reason: answer,
      answer: "refused",
      ...(isPublicKey(entity) && { entity }),
    },
  });
  if (!vault.policy().permits(operation)) return refused(notPermitted);
  if (!isPublicKey(entity, "module", "service"))
    return refused("no provider or component public key provided");
  try {
    const keys = new Fields({ keys: parseJson(body) }).texts("keys");
    if (!keys.every(isKeyName)) return refused("not a list of keys");
    await (operation === "add_mapping"
      ? vault.mappings.add(entity, keys)
      : vault.mappings.remove(entity, keys));
    return {
      data: "ok",
      audit: entry(operation, "ok", { entity, key: keys.join(" ") }),
    };
  } catch (error) {
    if (error instanceof JsonError) return refused("not a list of keys");
    if (isKeyturnError(error)) return refused(error.message);
    return refused(`the store did not take it: ${(error as Error).message}`);
  }
}

const notPermitted = "the policy does not permit changes over NATS";

function entry(
  operation: string,
  answer: string,
  more: Partial<AuditEntry>,
): AuditEntry {
  return { operation, allowed: true, reason: "operations", answer, ...more };
}

function readPut(
  transit: CurveKey,
  requestKey: string | undefined,
  body: Uint8Array,
) {
  const plain = opened(transit, requestKey, body);
  try {
    const fields = new Fields(parseJson(plain, putRequest));
    const key = fields.text("key", "");
    const text = fields.secret("string_secret");
    const binary = fields.secret("binary_secret");
    const value = text ?? binary;
    if (!isKeyName(key) || value === undefined) {
      value?.wipe();
      throw Refusal.plain(
        "InvalidPayload",
        "no key that can be one, or no value",
      );
    }
    if (text !== undefined) binary?.wipe();
    const kind = text === undefined ? "binary" : "text";
    return { key, kind, value } as const;
  } finally {
    plain.fill(0);
  }
}

function asPutRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof JsonError)
    return Refusal.plain("InvalidPayload", error.message);
  return Refusal.told("UpstreamError", (error as Error).message);
}
