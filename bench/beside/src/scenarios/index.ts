import type { Scenario } from "./scenario.js";
import { throughput } from "./throughput.js";

/** All, in the order in which they are run and shown. */
export const scenarios: readonly Scenario[] = [...throughput];

/**
 * Those that are named: `delivery` are all of that group, `delivery 64B` is one.
 *
 * @param words none is all of them
 * @throws Error that lists what there is
 */
export function select(words: readonly string[]): readonly Scenario[] {
  if (words.length === 0) return scenarios;
  const matches = (word: string): readonly Scenario[] =>
    scenarios.filter(
      ({ name }) => name === word || name.split(" ")[0] === word,
    );
  const unknown = words.filter((word) => matches(word).length === 0);
  if (unknown.length > 0)
    throw new Error(
      `There is no scenario ${unknown.map((word) => `"${word}"`).join(", ")}. There are: ${scenarios.map(({ name }) => `"${name}"`).join(", ")}, and the first word of each for a group.`,
    );
  const wanted = new Set(words.flatMap(matches));
  return scenarios.filter((scenario) => wanted.has(scenario));
}
