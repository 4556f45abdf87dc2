import { fail } from "../errors/nats-errors.js";
import { isBlank, trimmed } from "./text.js";

/** The two texts of a `.creds` file, as views of the bytes given. */
export interface CredsBlocks {
  readonly jwt: Uint8Array;
  /** Absent for a bearer JWT. */
  readonly seed: Uint8Array | undefined;
}

interface Block {
  readonly label: string;
  readonly body: Uint8Array;
}

const jwtLabel = "NATS USER JWT";
const seedLabel = "USER NKEY SEED";

/**
 * Reads the form of `nsc` credential files: two blocks between lines of dashes, `BEGIN` and `END`.
 *
 * CRLF, a byte order mark, blanks around lines, empty lines, text between the blocks, swapped blocks and
 * a missing final line end are fine. Two blocks of one kind, a block without an end, or none are not.
 *
 * @throws KeyturnError `CREDENTIAL_CREDS_INVALID`, `CREDENTIAL_HALF_PAIR`
 */
export function readCredsBlocks(bytes: Uint8Array, where: string): CredsBlocks {
  const blocks = readBlocks(bytes, where);
  const one = (label: string): Block | undefined => {
    const found = blocks.filter((block) => block.label === label);
    if (found.length > 1)
      throw invalid(where, `it has ${found.length} blocks \`${label}\``);
    return found[0];
  };
  const jwt = one(jwtLabel);
  const seed = one(seedLabel);
  if (jwt === undefined && seed === undefined) {
    throw invalid(
      where,
      `it has neither a block \`${jwtLabel}\` nor \`${seedLabel}\``,
    );
  }
  if (jwt === undefined) {
    throw fail(
      "CREDENTIAL_HALF_PAIR",
      `The credentials text from ${where} has a seed, but no block \`${jwtLabel}\`.`,
    );
  }
  if (trimmed(jwt.body).length === 0)
    throw invalid(where, `its block \`${jwtLabel}\` is empty`);
  if (seed !== undefined && trimmed(seed.body).length === 0) {
    throw invalid(where, `its block \`${seedLabel}\` is empty`);
  }
  return {
    jwt: trimmed(jwt.body),
    seed: seed === undefined ? undefined : trimmed(seed.body),
  };
}

function invalid(where: string, why: string): Error {
  return fail(
    "CREDENTIAL_CREDS_INVALID",
    `The credentials text from ${where} cannot be read: ${why}.`,
  );
}

function readBlocks(bytes: Uint8Array, where: string): Block[] {
  const blocks: Block[] = [];
  let open: { label: string; start: number } | undefined;
  for (const [start, end] of lines(bytes)) {
    const mark = readMark(bytes.subarray(start, end));
    if (mark === undefined) continue;
    if (mark.begin) {
      if (open !== undefined)
        throw invalid(where, `its block \`${open.label}\` has no end`);
      open = { label: mark.label, start: end };
    } else {
      if (open === undefined || open.label !== mark.label) {
        throw invalid(
          where,
          `the end of a block \`${mark.label}\` has no beginning`,
        );
      }
      blocks.push({
        label: open.label,
        body: bytes.subarray(open.start, start),
      });
      open = undefined;
    }
  }
  if (open !== undefined)
    throw invalid(where, `its block \`${open.label}\` has no end`);
  return blocks;
}

function* lines(bytes: Uint8Array): Iterable<readonly [number, number]> {
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== 0x0a && bytes[i] !== 0x0d) continue;
    if (i > start) yield [start, i];
    start = i + 1;
  }
}

/** Reads `-----BEGIN X-----`; the number of dashes is free, three at least. */
function readMark(
  line: Uint8Array,
): { begin: boolean; label: string } | undefined {
  const text = trimmed(line);
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === 0x2d) start++;
  while (end > start && text[end - 1] === 0x2d) end--;
  if (start < 3 || text.length - end < 3) return undefined;
  const label = Buffer.from(text.subarray(start, end)).toString("latin1");
  // Only marks become strings here; a seed or JWT never stands between dashes.
  if (label.startsWith("BEGIN ")) return known(true, label.slice(6));
  if (label.startsWith("END ")) return known(false, label.slice(4));
  return undefined;
}

function known(
  begin: boolean,
  label: string,
): { begin: boolean; label: string } | undefined {
  const name = label.trim();
  return name === jwtLabel || name === seedLabel
    ? { begin, label: name }
    : undefined;
}

/** A JWT may be wrapped over several lines; a view if it is not. */
export function withoutBlanks(bytes: Uint8Array): Uint8Array {
  return bytes.some(isBlank) ? bytes.filter((code) => !isBlank(code)) : bytes;
}
