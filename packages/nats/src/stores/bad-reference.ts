import { fail } from "../errors/nats-errors.js";

/** What a store finds wrong with a reference to it. */
export function badReference(scheme: string, why: string, next: string): Error {
  return fail(
    "REFERENCE_INVALID",
    `The credential reference \`${scheme}:\` cannot be used: ${why}.`,
    { next },
  );
}

/** The parameter `name` as whole seconds, in milliseconds. @throws KeyturnError `REFERENCE_INVALID` */
export function secondsOf(
  scheme: string,
  name: string,
  text: string | undefined,
): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9][0-9]{0,5}$/.test(text)) return Number(text) * 1000;
  throw badReference(
    scheme,
    `\`${name}\` is no number of seconds`,
    `Write whole seconds, 1 at least: \`?${name}=10\`.`,
  );
}

/** The parameter `name` as yes or no. Default: no. @throws KeyturnError `REFERENCE_INVALID` */
export function flagOf(
  scheme: string,
  name: string,
  text: string | undefined,
): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw badReference(
    scheme,
    `\`${name}\` is neither \`true\` nor \`false\``,
    `Write \`?${name}=true\`, or leave it out.`,
  );
}
