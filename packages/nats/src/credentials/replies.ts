/** Permission to answer requests, which belongs to the connection that got them. */
export interface ReplyPermission {
  /** Answers allowed for each request; `Infinity` if there is no limit. */
  readonly most: number;
  /** How long a request may be answered, in milliseconds. */
  readonly ms: number;
  /** Whether it is only assumed, as it cannot be seen. */
  readonly isAssumed: boolean;
}

/** A server's own limit, where a JWT names none (nats-server: `DEFAULT_ALLOW_RESPONSE_EXPIRATION`). */
const defaultMs = 120_000;

/**
 * What a user JWT says of answering requests. With a scoped signing key the permission is in the
 * account's JWT, which nobody here knows: then it is taken as if there were one.
 *
 * @param jwt a user JWT that has been checked
 */
export function replyPermission(jwt: string): ReplyPermission | undefined {
  const body = Buffer.from(jwt.split(".")[1] ?? "", "base64url");
  const { nats = {} } = JSON.parse(body.toString("utf8")) as {
    nats?: {
      readonly resp?: { readonly max?: unknown; readonly ttl?: unknown };
      readonly pub?: object;
      readonly issuer_account?: string;
    };
  };
  const { resp } = nats;
  if (resp !== undefined && resp !== null)
    return {
      most: positive(resp.max) ?? (resp.max === -1 ? Infinity : 1),
      ms: (positive(resp.ttl) ?? defaultMs * 1e6) / 1e6,
      isAssumed: false,
    };
  const mayBeScoped =
    nats.issuer_account !== undefined && isEmpty(nats.pub ?? {});
  return mayBeScoped ? { most: 1, ms: defaultMs, isAssumed: true } : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 ? value : undefined;
}

function isEmpty(permissions: object): boolean {
  return Object.values(permissions).every(
    (list) => !Array.isArray(list) || list.length === 0,
  );
}
