import type {
  Credential,
  CredentialOrigin,
} from "../credentials/credential.js";
import { reasonsOf, withStop } from "../errors/error-chain.js";
import { KeyturnError } from "../errors/keyturn-error.js";
import { natsErrors } from "../errors/nats-errors.js";
import type { CredentialSource } from "./credential-source.js";

/** One place where a credential may be. */
export interface CredentialPlace {
  /** What operators are told of it, and whether a secret lies in plain text there. */
  readonly origin: CredentialOrigin;
  /**
   * The whole credential, made with `origin`; undefined if this place has nothing of one. Half of one is
   * no absence: it throws.
   */
  readonly read: (
    origin: CredentialOrigin,
    signal: AbortSignal,
  ) => Promise<Credential | undefined> | Credential | undefined;
  /** As {@link CredentialSource.watch}. */
  readonly watch?: (changed: () => void) => () => void;
}

/** What one place of a chain had to say. */
export interface PlaceReason {
  /** `origin.source` of the place. */
  readonly source: string;
  /** `absent`: nothing is there. `broken`: `error` says why. `notAsked`: a place before it was broken. */
  readonly state: "absent" | "broken" | "notAsked";
  readonly error?: unknown;
}

/** Why a {@link chain} gave no credential, place by place. */
export class ChainError extends KeyturnError<
  "CREDENTIAL_ABSENT" | "CREDENTIAL_SOURCE_BROKEN"
> {
  /** One entry for each place, in order. */
  readonly reasons: readonly PlaceReason[];

  constructor(reasons: readonly PlaceReason[]) {
    const broken = reasons.find(({ state }) => state === "broken");
    const code =
      broken === undefined ? "CREDENTIAL_ABSENT" : "CREDENTIAL_SOURCE_BROKEN";
    const { text, next } = reasonsOf(broken?.error);
    super(
      code,
      describe(reasons, broken, text),
      next === "" ? natsErrors[code].next : next,
      broken?.error,
    );
    this.reasons = reasons;
  }
}

/**
 * Places in order, safest first. The first that has a credential gives it, whole; one that has nothing
 * is passed over; one that is broken ends the search, so that a store that is down never makes a weaker
 * place win unnoticed.
 *
 * Each read begins at the first place: a credential that appears in a better place is taken over at the
 * next refresh, or at once if that place watches.
 *
 * @example
 * connect({ credentials: chain([
 *   { origin: { source: "the secret store", plaintext: false }, read: fromStore },
 *   { origin: { source: "NATS_CREDS", plaintext: true }, read: (origin) =>
 *       process.env.NATS_CREDS === undefined ? undefined : credsCredential(process.env.NATS_CREDS, origin) },
 * ]) })
 *
 * @throws ChainError (when read) `CREDENTIAL_ABSENT`, `CREDENTIAL_SOURCE_BROKEN` with the broken place's
 *   error as `cause`
 */
export function chain(places: readonly CredentialPlace[]): CredentialSource {
  return {
    read: (signal) => readFirst(places, signal),
    watch: (changed) => {
      const ends = places.map((place) => place.watch?.(changed));
      return () => {
        for (const end of ends) end?.();
      };
    },
  };
}

async function readFirst(
  places: readonly CredentialPlace[],
  signal: AbortSignal,
): Promise<Credential> {
  const reasons: PlaceReason[] = [];
  for (const { origin, read } of places) {
    const { source } = origin;
    try {
      const credential = await read(origin, signal);
      if (credential !== undefined) return credential;
      reasons.push({ source, state: "absent" });
    } catch (error) {
      signal.throwIfAborted();
      reasons.push({ source, state: "broken", error });
      break;
    }
  }
  for (const { origin } of places.slice(reasons.length))
    reasons.push({ source: origin.source, state: "notAsked" });
  throw new ChainError(reasons);
}

function describe(
  reasons: readonly PlaceReason[],
  broken: PlaceReason | undefined,
  why: string,
): string {
  const named = (state: PlaceReason["state"]): string =>
    reasons
      .filter((reason) => reason.state === state)
      .map(({ source }) => source)
      .join(", ");
  const absent = named("absent");
  if (broken === undefined)
    return absent === ""
      ? "There is no place to take a credential from."
      : `There is no credential in any of: ${absent}.`;
  const { source } = broken;
  const notAsked = named("notAsked");
  return [
    why.includes(source)
      ? withStop(why)
      : `The credential from ${source} cannot be had: ${withStop(why)}`,
    absent === "" ? "" : ` Before it there is none in: ${absent}.`,
    notAsked === "" ? "" : ` After it, not asked: ${notAsked}.`,
  ].join("");
}
