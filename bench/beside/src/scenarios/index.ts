import { burst } from "./burst.js";
import { floors } from "./floor.js";
import { latencies } from "./latency.js";
import { links } from "./links.js";
import { memory } from "./memory.js";
import type { Scenario } from "./scenario.js";
import { soak } from "./soak.js";
import { start } from "./start.js";
import { throughput } from "./throughput.js";

/** All, in the order in which they are run and shown. */
export const scenarios: readonly Scenario[] = [
  ...throughput,
  ...latencies,
  links,
  start,
  burst,
  ...memory,
  soak,
  ...floors,
];

/**
 * Those that are named: `delivery` are all of that group, `delivery 64B` is one.
 *
 * @param words none is all of them, or all that have quick runs
 * @throws Error that lists what there is
 */
export function select(
  words: readonly string[],
  isQuick: boolean,
): readonly Scenario[] {
  if (words.length === 0)
    return scenarios.filter(({ rounds }) => !isQuick || rounds.quick > 0);
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
