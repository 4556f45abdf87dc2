import type { Input, OptionSpec } from "../../command/command.js";
import type { Terminal } from "../../command/terminal.js";
import { fail } from "../../errors/cli-errors.js";
import type { Signing } from "../provider-claims.js";
import { readWhole } from "../read-archive.js";
import { readIssuer, readSubject } from "../signing-keys.js";

/** Options of the commands that write an archive. */
export const signingOptions = {
  out: {
    type: "text",
    value: "FILE",
    required: true,
    summary: "the archive to write; compressed if its name ends with .gz",
  },
  issuer: {
    type: "text",
    value: "FILE",
    required: true,
    summary: "the file of the key that signs (SA…)",
  },
  "issued-at": {
    type: "count",
    env: "SOURCE_DATE_EPOCH",
    default: 0,
    summary: "when it was issued, in seconds since 1970",
  },
  name: { type: "text", summary: "the provider's name, as tools show it" },
  vendor: { type: "text", summary: "who made it" },
  revision: { type: "count", max: 2 ** 31 - 1, summary: "a number that grows" },
  version: { type: "text", summary: "its version" },
  schema: {
    type: "text",
    value: "FILE",
    summary: "the JSON schema of the config of its links",
  },
} as const satisfies Record<string, OptionSpec>;

/** @throws KeyturnError if a key cannot be read */
export function signingOf(
  options: Pick<
    Input<typeof signingOptions>["options"],
    "issuer" | "issued-at"
  >,
  subject: string,
  terminal: Terminal,
): Signing {
  const warn = (text: string): void => terminal.warn(text);
  return {
    issuer: readIssuer(options.issuer, warn),
    subject: readSubject(subject, warn),
    issuedAt: options["issued-at"],
  };
}

/** @throws KeyturnError `CLI_FILE_UNREADABLE`, `PAR_INPUT_INVALID` */
export function readSchema(path: string): unknown {
  const text = readWhole(path, "The schema").toString("utf8");
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // What stands there is not repeated, as the reason would: it may be a key.
    throw fail("PAR_INPUT_INVALID", `The schema in ${path} is no JSON.`);
  }
}
