import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { HostDouble, natsServer, type NatsServer } from "@keyturn/testkit";

const program = fileURLToPath(new URL("main.js", import.meta.url));
const provider = [process.execPath, program] as const;

let lattice: NatsServer;
before(async () => {
  lattice = await natsServer();
});
after(() => lattice.stop());

describe("HostData that cannot be used ends the program with one line", () => {
  const next =
    "Check that the host is wasmCloud 1.x; if it is, report this with the host's version.";
  const line = (json: string): string =>
    `${Buffer.from(json).toString("base64")}\r\n`;
  const bad: Readonly<Record<string, readonly [string, string, string]>> = {
    empty: [
      "",
      "Standard input held no HostData: it was closed or the first line was empty. Let a wasmCloud host start this program; by hand, write one base64 line of HostData JSON to its standard input.",
      "PROVIDER_HOST_DATA_MISSING",
    ],
    "no base64": [
      "{}\r\n",
      `The HostData line on standard input is not base64. ${next}`,
      "PROVIDER_HOST_DATA_INVALID",
    ],
    "no JSON": [
      line("SUACANARY"),
      `HostData is malformed: a value expected at byte 0. ${next}`,
      "PROVIDER_HOST_DATA_INVALID",
    ],
    "a secret of another type": [
      line(
        '{"lattice_rpc_prefix":"default","provider_key":"m","config":{"client_seed":["SUACANARY"]}}',
      ),
      `HostData is malformed: \`config.client_seed\` must be a string, not an array. ${next}`,
      "PROVIDER_HOST_DATA_INVALID",
    ],
    "without an id": [
      line('{"lattice_rpc_prefix":"default"}'),
      `HostData is malformed: \`provider_key\` is missing or empty. ${next}`,
      "PROVIDER_HOST_DATA_INVALID",
    ],
    "half a lattice credential": [
      line(
        '{"lattice_rpc_prefix":"default","provider_key":"m","lattice_rpc_user_seed":"SUACANARY"}',
      ),
      "HostData has `lattice_rpc_user_seed` but no `lattice_rpc_user_jwt`. Start the host with both --rpc-jwt and --rpc-seed, or with neither.",
      "PROVIDER_LATTICE_CREDENTIAL_HALF",
    ],
  };
  for (const [what, [input, message, code]] of Object.entries(bad))
    test(what, async () => {
      await using lone = await HostDouble.start({
        lattice,
        provider,
        input,
      });
      assert.deepEqual(await lone.ended, { code: 1, signal: null });
      assert.equal(
        lone.stderr.text().replace(/^\S+/, "TIME"),
        `TIME ERROR keyturn_provider: ${message} type=provider-failed code=${code}\n`,
      );
      assert.equal(lone.stdout.text(), "");
    });
});
