import { ClaimsFault, readClaims } from "@keyturn/nats/wasmcloud-secrets";

/** What a claims token (wascap) says, once its signature has been checked. */
export interface Claims {
  /** `A…` for components and providers. */
  readonly issuer: string;
  /** `M…` component, `V…` provider, `N…` host. */
  readonly subject: string;
  /** Seconds since 1970. */
  readonly expires: number | undefined;
  readonly notBefore: number | undefined;
}

/**
 * Reads a claims token and checks its form and signature. Its times are the caller's to check, as it may
 * keep what it got: see {@link checkTimes}.
 *
 * @throws ClaimsFault
 */
export function readSignedClaims(token: string): Claims {
  const { claims, issuer, isSigned } = readClaims(token);
  if (!isSigned) throw new ClaimsFault("signature is not valid");
  const { sub: subject, exp: expires, nbf: notBefore } = claims;
  return { issuer, subject, expires, notBefore };
}

/**
 * Checks that a token is in force, without leeway.
 *
 * @param now milliseconds since 1970
 * @throws ClaimsFault
 */
export function checkTimes(claims: Claims, now: number): void {
  const { expires, notBefore } = claims;
  const second = Math.floor(now / 1000);
  if (expires !== undefined && expires < second)
    throw new ClaimsFault(`token expired at \`${shown(expires)}\``);
  if (notBefore !== undefined && second < notBefore)
    throw new ClaimsFault(
      `token cannot be used before \`${shown(notBefore)}\``,
    );
}

function shown(time: number): string {
  const date = new Date(time * 1000);
  return Number.isNaN(date.getTime()) ? `${time}` : date.toISOString();
}
