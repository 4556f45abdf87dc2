// Runs cases against one provider, some at a time, and compares what it did with what is expected.
import { Site } from "./site.mjs";

const caseMs = 60_000;

/**
 * @typedef {object} Case
 * @property {string} id row of the review of the Rust provider: `A.…` is behaviour to keep, `B…` a defect
 * @property {string} says what is asked, in a sentence
 * @property {string} [both] finding that is expected of both
 * @property {string} [ours] finding that is expected of ours
 * @property {string} [rust] finding that is expected of the Rust provider
 * @property {string} [see] page or key that tells more
 * @property {(site: Site) => Promise<string>} act gives the finding
 */

/**
 * @param {Case[]} cases
 * @param {import("./providers.mjs").Provider} provider
 * @param {{ atATime?: number, tell?: (result: Result) => void }} [options]
 * @returns {Promise<Result[]>} in the order of the cases
 *
 * @typedef {{ id: string, expected: string, finding: string, pass: boolean, ms: number, error?: string }} Result
 */
export async function runCases(cases, provider, options = {}) {
  const { atATime = 3, tell } = options;
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < cases.length) {
      const at = next++;
      results[at] = await runCase(cases[at], provider);
      tell?.(results[at]);
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return results;
}

export const expectedOf = (one, as) => one[as] ?? one.both;

async function runCase(one, provider) {
  const site = new Site(provider.command);
  const started = performance.now();
  let finding;
  let error;
  let timer;
  try {
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`not within ${caseMs} ms`)),
        caseMs,
      );
    });
    finding = await Promise.race([one.act(site), late]);
  } catch (thrown) {
    error = thrown.stack;
    finding = `case failed: ${String(thrown.message).split("\n", 1)[0]}`;
  } finally {
    clearTimeout(timer);
    await site.close();
  }
  const expected = expectedOf(one, provider.as);
  return {
    id: one.id,
    expected,
    finding,
    pass: finding === expected,
    ms: Math.round(performance.now() - started),
    ...(error !== undefined && { error }),
  };
}
