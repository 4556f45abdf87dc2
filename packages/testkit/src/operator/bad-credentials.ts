import { createAccount } from "@nats-io/nkeys";

import type { TestAccount } from "./account.js";
import type { TestOperator } from "./operator.js";
import { claimsOf, signedJwt } from "./signed-jwt.js";
import { userFrom, type TestUser } from "./user.js";

/** What may be wrong with a user's JWT and seed. */
export type CredentialFault =
  | "expired"
  | "notYetValid"
  | "otherSeed"
  | "accountSeed"
  | "accountJwt"
  | "operatorJwt"
  | "tamperedClaims"
  | "tamperedSignature"
  | "unknownAccount"
  | "longJwt"
  | "garbage";

/**
 * Credentials that no server of this operator accepts, one for each {@link CredentialFault}. All but the
 * fault itself is in order: `otherSeed` is the good seed of another user, `tamperedClaims` raises
 * the user's rights under the old signature, `longJwt` is valid but does not fit into the 4,096
 * bytes that a server takes as one line.
 */
export async function badCredentials(
  operator: TestOperator,
  account: TestAccount,
): Promise<Record<CredentialFault, TestUser>> {
  const good = await account.user("good");
  const other = await account.user("other");
  const [head, , signature] = good.jwt.split(".") as [string, string, string];
  const claims = { ...claimsOf(good.jwt), name: "somebody-else" };
  const raised = Buffer.from(JSON.stringify(claims)).toString("base64url");
  const flipped = Buffer.from(signature, "base64url");
  flipped[0] = (flipped[0] as number) ^ 1;
  const stranger = createAccount();
  const allow = Array.from({ length: 200 }, (_, i) => `orders.region-${i}.>`);
  return {
    expired: await account.user("expired", { expiresInSeconds: -60 }),
    notYetValid: await account.user("early", { notBeforeInSeconds: 3600 }),
    otherSeed: userFrom(good.jwt, other.keys),
    accountSeed: userFrom(good.jwt, account.keys),
    accountJwt: userFrom(await account.jwt(), good.keys),
    operatorJwt: userFrom(operator.jwt, good.keys),
    tamperedClaims: userFrom(`${head}.${raised}.${signature}`, good.keys),
    tamperedSignature: userFrom(
      `${good.jwt.slice(0, -signature.length)}${flipped.toString("base64url")}`,
      good.keys,
    ),
    unknownAccount: userFrom(
      signedJwt(claimsOf(good.jwt), stranger),
      good.keys,
    ),
    longJwt: await account.user("long", { claims: { pub: { allow } } }),
    garbage: userFrom("not.a.jwt", good.keys),
  };
}
