// What bench/beside needs built: its driver, and whom Keyturn stands beside.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { rustProvider } from "./cargo.mjs";
import { goBuild } from "./go.mjs";
import { step, StepFailed } from "./step.mjs";
import { root } from "./workspace.mjs";

const say = (line) => console.error(line);

/**
 * @param {string[]} options those of the bench; `--against REF` names another checkout
 * @returns {Promise<string[]>} Further options: where the built programs are.
 */
export async function besideTools(options) {
  const driver = ["--driver", await goBuild("bench/driver", "driver")];
  const at = options.indexOf("--against");
  if (at === -1) return [...driver, "--rust", await rustProvider()];
  const ref = options[at + 1];
  if (ref === undefined)
    throw new StepFailed("--against needs a commit, a branch or a tag.");
  return [...driver, "--against-script", await scriptOf(ref)];
}

/** Checks another commit out into a folder of its own, and builds the provider's script there. */
async function scriptOf(ref) {
  const folder = join(root, ".cache/against");
  const commit = await step(`Looking for ${ref}`, "git", [
    "rev-parse",
    "--verify",
    `${ref}^{commit}`,
  ]);
  await step("Forgetting checkouts that are gone", "git", [
    "worktree",
    "prune",
  ]);
  const [cwd, checkout] = existsSync(folder)
    ? [folder, ["checkout", "--force", "--detach"]]
    : [root, ["worktree", "add", "--detach", folder]];
  await step(`Checking out ${ref}`, "git", [...checkout, commit.trim()], {
    cwd,
    say,
  });
  const setup = join(folder, "scripts/setup.mjs");
  await step(`Building ${ref}`, process.execPath, [setup], {
    cwd: folder,
    say,
  });
  return join(folder, "packages/messaging/dist/bundle/keyturn-messaging.cjs");
}
