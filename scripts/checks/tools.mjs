// The checks that a tool makes: format and lint. Rules are in .prettierrc.json and .oxlintrc.json.
import { join } from "node:path";
import { step } from "../lib/step.mjs";

const bin = (base, name) => join(base, "node_modules/.bin", name);

export const format = {
  what: "files are formatted",
  async check(base) {
    const args = ["--check", "--log-level=warn", "."];
    return complaints(() =>
      step("prettier", bin(base, "prettier"), args, { cwd: base }),
    );
  },
};

export const lint = {
  what: "lint",
  async check(base) {
    const args = ["--type-aware", "--deny-warnings", "--format=unix"];
    return complaints(() =>
      step("oxlint", bin(base, "oxlint"), args, { cwd: base }),
    );
  },
};

/** What a tool printed, if it failed. */
export async function complaints(run) {
  try {
    await run();
    return [];
  } catch (error) {
    return error.message.split("\n");
  }
}
