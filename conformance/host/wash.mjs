// wasmCloud's own `wash` 0.43, as an operator types it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cargoInstall } from "../../scripts/lib/cargo.mjs";

const run = promisify(execFile);

/** @returns {Promise<string>} Path of `wash`; that of `KEYTURN_WASH` if it is set. */
export const buildWash = async () =>
  process.env.KEYTURN_WASH ?? (await cargoInstall("wash", "0.43.0", "wash"));

/**
 * Types a command.
 *
 * @param {string} wash
 * @param {string} home folder for what it keeps
 * @param {{ server: { port: number } } | undefined} host at which, if it is one for a host
 * @param {...string} args
 * @returns {Promise<Record<string, any>>} What it says.
 * @throws Error with its output if it fails
 */
export async function typeWash(wash, home, host, ...args) {
  const { stdout } = await run(wash, [...args, "--output", "json"], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      // The machine may be busy.
      WASMCLOUD_CTL_TIMEOUT_MS: "20000",
      ...(host && { WASMCLOUD_CTL_PORT: String(host.server.port) }),
    },
  }).catch(({ stdout, stderr }) => {
    throw new Error(`wash ${args.join(" ")}: ${stdout}${stderr}`);
  });
  const answer = JSON.parse(stdout.slice(stdout.indexOf("{")));
  assert.equal(answer.success, true, stdout);
  return answer;
}
