// What bench/beside needs built: its driver, and whom Keyturn stands beside.
import { rustProvider } from "./cargo.mjs";
import { goBuild } from "./go.mjs";

/**
 * @param {string[]} options those of the bench
 * @returns {Promise<string[]>} Further options: where the built programs are.
 */
export async function besideTools(options) {
  const driver = await goBuild("bench/driver", "driver");
  return ["--driver", driver, "--rust", await rustProvider()];
}
