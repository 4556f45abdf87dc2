import { fail } from "../errors/nats-errors.js";
import type { Reference } from "./reference.js";

/**
 * The parameter `poll` of a reference, whole seconds, in milliseconds.
 *
 * @throws KeyturnError `REFERENCE_INVALID`
 */
export function pollOf(
  { scheme, parameters }: Reference,
  absentMs: number,
): number {
  const text = parameters.get("poll");
  if (text === undefined) return absentMs;
  const seconds = Number(text);
  if (!/^[0-9]{1,6}$/.test(text) || seconds < 1)
    throw badReference(
      scheme,
      "`poll` is no number of seconds",
      "Write whole seconds, 1 at least: `?poll=10`.",
    );
  return seconds * 1000;
}

/** What a reference lacks or has wrong, told without its values. */
export function badReference(scheme: string, why: string, next: string): Error {
  return fail(
    "REFERENCE_INVALID",
    `The credential reference \`${scheme}:\` cannot be used: ${why}.`,
    { next },
  );
}
