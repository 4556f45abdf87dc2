import { verify } from "node:crypto";

import { publicKeyBytes, verifyingKey } from "../credentials/nkey.js";
import { reasonsOf, withStop } from "../errors/error-chain.js";
import { fail } from "../errors/nats-errors.js";
import { signDeadlineMs, type Signer } from "./signer.js";

/**
 * Asks a signer for the signature of a nonce, within its deadline, and makes sure that it is one: a server
 * would only say `Authorization Violation`.
 *
 * @param where names the credential's origin in messages
 * @throws KeyturnError `CREDENTIAL_SIGNER_FAILED`
 */
export async function signElsewhere(
  signer: Signer,
  nonce: Uint8Array,
  where: string,
): Promise<Uint8Array> {
  const failed = (why: string, cause?: unknown): Error =>
    fail(
      "CREDENTIAL_SIGNER_FAILED",
      `The signer of the credential from ${where} (${signer.publicKey}) ${withStop(why)}`,
      { cause },
    );
  const asked = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(failed(`did not answer within ${signDeadlineMs} ms`)),
      signDeadlineMs,
    );
  });
  let signature: Uint8Array;
  try {
    const signing = (async () => signer.sign(nonce, asked.signal))();
    signature = await Promise.race([
      signing.catch((cause: unknown) => {
        throw failed(`failed: ${reasonsOf(cause).text}`, cause);
      }),
      late,
    ]);
  } finally {
    clearTimeout(timer);
    asked.abort();
  }
  if (!isSignature(signature, nonce, signer.publicKey))
    throw failed("gave something that is no signature of its key");
  return signature;
}

function isSignature(
  signature: unknown,
  nonce: Uint8Array,
  publicKey: string,
): boolean {
  if (!(signature instanceof Uint8Array) || signature.byteLength !== 64)
    return false;
  const key = verifyingKey(publicKeyBytes(publicKey, "user"));
  return verify(null, nonce, key, signature);
}
