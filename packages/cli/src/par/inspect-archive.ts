import { readPublicKey } from "@keyturn/nats";
import {
  ClaimsFault,
  readClaims,
  type ReadClaims,
} from "@keyturn/nats/wasmcloud-secrets";

import { hashOf, worldName } from "./provider-claims.js";
import type { ReadArchive } from "./read-archive.js";
import { executableForm, knownTargets } from "./targets.js";

/** Something wrong with an archive. */
export interface Finding {
  /** `error`: hosts refuse it, or tools that check it do. `warning`: it may not be what was meant. */
  readonly level: "error" | "warning";
  /** Whole sentences. */
  readonly message: string;
}

/** One executable of an archive. */
export interface TargetReport {
  readonly target: string;
  readonly bytes: number;
  readonly sha256: string;
  /** For a reader, for example `ELF of x86_64-linux`. */
  readonly form: string;
}

/** What an archive is, and what is wrong with it. */
export interface ArchiveReport {
  readonly name: string | undefined;
  readonly vendor: string | undefined;
  readonly revision: number | undefined;
  readonly version: string | undefined;
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly configSchema: unknown;
  readonly isCompressed: boolean;
  readonly bytes: number;
  readonly hasWorld: boolean;
  readonly targets: readonly TargetReport[];
  readonly findings: readonly Finding[];
}

type Json = Readonly<Record<string, unknown>>;
type Tell = (level: Finding["level"], message: string) => void;

/** Looks at an archive as a host, a secrets backend and `wash` will. @param now in seconds */
export function inspectArchive(
  archive: ReadArchive,
  now: number = Date.now() / 1000,
): ArchiveReport {
  const findings: Finding[] = [];
  const tell: Tell = (level, message) => findings.push({ level, message });
  for (const name of archive.strange)
    tell(
      "error",
      `The entry \`${name}\` is no plain file with a name; hosts crash on such. Archive plain files only, without folders.`,
    );
  for (const stem of archive.doubled)
    tell(
      "error",
      `Several entries are called \`${stem}\`; hosts take the last.`,
    );
  const read = tokenOf(archive, tell);
  if (read !== undefined) inspectToken(read, now, tell);
  const metadata = read?.claims.wascap ?? {};
  const hashes = isObject(metadata["target_hashes"])
    ? metadata["target_hashes"]
    : {};
  const targets = [...archive.targets].map(([target, bytes]) =>
    inspectTarget(target, bytes, hashes, read !== undefined, tell),
  );
  if (targets.length === 0)
    tell(
      "error",
      "There is no executable in it. Add one for the host's target, for example `x86_64-linux.bin`.",
    );
  inspectWorld(archive, hashes, read !== undefined, tell);
  for (const name of Object.keys(hashes)) {
    if (name !== worldName && !archive.targets.has(name))
      tell(
        "warning",
        `The token has a hash for \`${name}\`, which is not in the archive.`,
      );
  }
  const text = (name: string): string | undefined =>
    typeof metadata[name] === "string" ? metadata[name] : undefined;
  return {
    name: text("name"),
    vendor: text("vendor"),
    revision: Number.isInteger(metadata["rev"])
      ? (metadata["rev"] as number)
      : undefined,
    version: text("ver"),
    issuer: read?.issuer,
    subject: read?.claims.sub,
    issuedAt: read?.claims.iat,
    expiresAt: read?.claims.exp,
    configSchema: metadata["config_schema"] ?? undefined,
    isCompressed: archive.isCompressed,
    bytes: archive.size,
    hasWorld: archive.world !== undefined,
    targets,
    findings,
  };
}

function tokenOf({ token }: ReadArchive, tell: Tell): ReadClaims | undefined {
  if (token === undefined) {
    tell("error", "There is no token in it (`claims.jwt`). Sign it.");
    return undefined;
  }
  try {
    const read = readClaims(token);
    if (!read.isSigned)
      tell(
        "error",
        "The signature of the token is not its issuer's: it was changed after it was signed. Hosts start the provider all the same; no secrets backend gives it anything.",
      );
    return read;
  } catch (fault) {
    if (!(fault instanceof ClaimsFault)) throw fault;
    tell("error", `The token cannot be read: ${fault.message}.`);
    return undefined;
  }
}

function inspectToken(read: ReadClaims, now: number, tell: Tell): void {
  const { claims, issuerKind } = read;
  const { exp, nbf, sub, wascap } = claims;
  if (issuerKind !== "account")
    tell(
      "warning",
      `The issuer's key is of kind ${issuerKind}; accounts (\`A…\`) issue providers.`,
    );
  const subject = kindOf(sub);
  if (subject !== "service")
    tell(
      "warning",
      `The provider's own key is of kind ${subject ?? "none at all"}; a provider's is \`V…\`.`,
    );
  const time = (seconds: number): string =>
    seconds < 8.64e12 ? new Date(seconds * 1000).toISOString() : "for ever";
  if (exp !== undefined && exp < now)
    tell(
      "error",
      `The token has expired (${time(exp)}): no secrets backend gives it anything.`,
    );
  if (nbf !== undefined && nbf > now)
    tell("error", `The token is not valid yet (before ${time(nbf)}).`);
  if (wascap === undefined) {
    tell("error", "The token says nothing of a provider; hosts crash on it.");
    return;
  }
  if (typeof wascap["vendor"] !== "string")
    tell("error", "The token names no vendor, without which hosts refuse it.");
  if (!isObject(wascap["target_hashes"]))
    tell("error", "The token has no hashes, without which hosts refuse it.");
  if (typeof wascap["name"] !== "string")
    tell("warning", "The token names no provider; hosts show it as unnamed.");
  const { rev = null } = wascap;
  if (rev !== null && !(Number.isInteger(rev) && Number(rev) < 2 ** 31))
    tell("error", "The revision in the token is no whole number.");
}

function inspectTarget(
  target: string,
  bytes: Buffer,
  hashes: Json,
  isTokenRead: boolean,
  tell: Tell,
): TargetReport {
  const sha256 = hashOf(bytes);
  const form = executableForm(bytes);
  if (!knownTargets.includes(target))
    tell(
      "warning",
      `No host has the target \`${target}\`. There are: ${knownTargets.join(", ")}.`,
    );
  if (form.fault !== undefined)
    tell("error", `No host can start \`${target}\`. ${form.fault}`);
  if (form.target !== undefined && form.target !== target)
    tell("error", `\`${target}\` holds an ${form.what}.`);
  if (isTokenRead) inspectHash(target, hashes[target], sha256, tell);
  return { target, bytes: bytes.length, sha256, form: form.what };
}

function inspectWorld(
  { world }: ReadArchive,
  hashes: Json,
  isTokenRead: boolean,
  tell: Tell,
): void {
  if (world !== undefined && isTokenRead)
    inspectHash(worldName, hashes[worldName], hashOf(world), tell);
}

function inspectHash(
  name: string,
  said: unknown,
  found: string,
  tell: Tell,
): void {
  if (said === found) return;
  tell(
    "error",
    typeof said === "string"
      ? `The bytes of \`${name}\` are not those that were signed: hosts refuse it.`
      : `The token has no hash for \`${name}\`: hosts crash on it.`,
  );
}

function kindOf(key: string): string | undefined {
  try {
    return readPublicKey(key).kind;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
