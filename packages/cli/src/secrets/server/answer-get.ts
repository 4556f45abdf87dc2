import { CurveKey, isKeyturnError, NkeyFault } from "@keyturn/nats";
import { JsonError } from "@keyturn/nats/json";
import {
  ClaimsFault,
  readRequest,
  writeAnswer,
  writeFault,
  type SecretRequest,
} from "@keyturn/nats/wasmcloud-secrets";

import type { AuditEntry } from "../audit/audit-log.js";
import type { Claims } from "../claims/claims.js";
import type { TokenChecker } from "../claims/token-checker.js";
import { isKeyName } from "../policy/key-pattern.js";
import type { Decision, Policy } from "../policy/policy.js";
import type { Mappings } from "../store/mappings.js";
import type { SecretStore } from "../store/secret-store.js";
import { Refusal } from "./refusal.js";

/** What answering takes. */
export interface Vault {
  /** The backend's key on the way, `server_xkey`. */
  readonly transit: CurveKey;
  readonly store: Pick<SecretStore, "find" | "open" | "put">;
  readonly mappings: Pick<Mappings, "has" | "add" | "remove">;
  /** The policy in force. */
  readonly policy: () => Policy;
  readonly tokens: TokenChecker;
}

/** An answer, and what the audit log is to say of it. */
export interface Answer {
  readonly data: Uint8Array | string;
  /** Public key with which `data` is sealed; undefined if it is in clear. */
  readonly sealedBy?: string;
  readonly audit: AuditEntry;
}

type Known = Partial<
  Pick<
    AuditEntry,
    "entity" | "issuer" | "host" | "application" | "key" | "version"
  >
>;

/**
 * Answers a `get` in the order of the stock backend: form, tokens, access, version. What is wrong is a
 * refusal in clear; nobody learns whether a secret exists who may not read it.
 */
export async function answerGet(
  vault: Vault,
  requestKey: string | undefined,
  body: Uint8Array,
): Promise<Answer> {
  let known: Known = {};
  let decision: Decision | undefined;
  const learn = (more: Known): void => {
    known = { ...known, ...more };
  };
  try {
    const request = openRequest(vault.transit, requestKey, body);
    const { key, application } = request;
    const named = application?.name;
    learn({ key, ...(named !== undefined && { application: named }) });
    const { entity, host } = claimsOf(vault.tokens, request, learn);
    decision = await vault.policy().decide(
      {
        entity: entity.subject,
        issuer: entity.issuer,
        host: host.subject,
        key,
      },
      () => vault.mappings.has(entity.subject, key),
    );
    if (!decision.allowed) throw Refusal.plain("Unauthorized", decision.reason);
    const { plain, version } = await readSecret(vault.store, request);
    learn({ version });
    // A key of its own for each answer: who takes the backend's key later cannot open what went before.
    const responseKey = CurveKey.generate();
    const data = responseKey.seal(plain, requestKey ?? "");
    plain.fill(0);
    return {
      data,
      sealedBy: responseKey.publicKey,
      audit: { operation: "get", ...decision, answer: "ok", ...known },
    };
  } catch (error) {
    const refusal = asRefusal(error);
    return {
      data: writeFault(refusal.fault),
      audit: {
        operation: "get",
        ...(decision ?? { allowed: false, reason: refusal.message }),
        ...known,
        answer: refusal.fault.name,
      },
    };
  }
}

/** @throws Refusal */
export function opened(
  transit: CurveKey,
  requestKey: string | undefined,
  body: Uint8Array,
): Uint8Array {
  if (requestKey === undefined)
    throw Refusal.plain("InvalidXKey", "no header with a public key");
  try {
    const plain = transit.open(body, requestKey);
    if (plain !== undefined) return plain;
  } catch (error) {
    if (!(error instanceof NkeyFault)) throw error;
    throw Refusal.plain("InvalidXKey", `the header holds no public curve key`);
  }
  throw Refusal.plain("DecryptionError", "it does not open with this key");
}

function openRequest(
  transit: CurveKey,
  requestKey: string | undefined,
  body: Uint8Array,
): SecretRequest {
  try {
    return readRequest(opened(transit, requestKey, body));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw Refusal.plain("InvalidRequest", error.message);
  }
}

function claimsOf(
  tokens: TokenChecker,
  request: SecretRequest,
  learn: (more: Known) => void,
): { readonly entity: Claims; readonly host: Claims } {
  const now = Date.now();
  const entity = checked("InvalidEntityJWT", () =>
    tokens.entity(request.entityJwt, now),
  );
  learn({ entity: entity.subject, issuer: entity.issuer });
  const host = checked("InvalidHostJWT", () =>
    tokens.host(request.hostJwt, now),
  );
  learn({ host: host.subject });
  return { entity, host };
}

function checked(
  kind: "InvalidEntityJWT" | "InvalidHostJWT",
  check: () => Claims,
): Claims {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ClaimsFault)) throw error;
    throw Refusal.told(kind, error.message);
  }
}

async function readSecret(
  store: Vault["store"],
  { key, version }: SecretRequest,
): Promise<{ readonly plain: Uint8Array; readonly version: string }> {
  if (version !== undefined && !/^\d{1,15}$/.test(version))
    throw Refusal.plain("InvalidRequest", "the version is no whole number");
  const stored = isKeyName(key) ? await store.find(key, version) : undefined;
  if (stored === undefined)
    throw Refusal.plain("SecretNotFound", "there is no such secret or version");
  const { kind, value } = store.open(key, stored);
  const { version: of } = stored;
  const plain = writeAnswer({ value, version: of, binary: kind === "binary" });
  value.wipe();
  return { plain, version: of };
}

/** Whatever went wrong, as the protocol has it. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isKeyturnError(error) && error.code === "SECRETS_VALUE_UNREADABLE")
    return Refusal.plain("DecryptionError", error.message);
  return Refusal.told(
    "UpstreamError",
    error instanceof Error ? error.message : "unknown",
  );
}
