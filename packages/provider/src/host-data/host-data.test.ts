import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { readHostData } from "./host-data.js";

const utf8 = new TextEncoder();
const minimal = { provider_key: "counter", lattice_rpc_prefix: "default" };
const next =
  " Check that the host is wasmCloud 1.x; if it is, report this with the host's version.";

function read(fields: Record<string, unknown>, sensitive: string[] = []) {
  return readHostData(
    utf8.encode(JSON.stringify({ ...minimal, ...fields })),
    sensitive,
  );
}

describe("readHostData", () => {
  test("fills in what an old host leaves out", () => {
    assert.deepEqual(read({}), {
      hostId: "",
      providerId: "counter",
      lattice: "default",
      latticeUrl: "nats://127.0.0.1:4222",
      latticeCredential: undefined,
      settings: { config: Object.create(null) as object, exposed: new Map() },
      secrets: new Map(),
      linkDefinitions: [],
      xkeySeed: undefined,
      hostXkey: "",
      rpcTimeoutMs: 2_000,
      log: { level: "info", structured: false },
    });
  });

  test("reads what a 1.9 host sends", () => {
    const data = read(
      {
        host_id: "NHOST",
        link_name: "default",
        lattice_rpc_user_jwt: "JWT",
        lattice_rpc_user_seed: "SEED",
        lattice_rpc_url: "nats://10.0.0.1:4222",
        env_values: {},
        instance_id: "6f1e1c0e",
        link_definitions: [{ source_id: "counter" }],
        cluster_issuers: [],
        config: { url: "x", Client_Seed: "SUA" },
        secrets: {
          text: { kind: "String", value: "é" },
          bytes: { kind: "Bytes", value: [1, 2, 255] },
        },
        host_xkey_public_key: "XHOST",
        provider_xkey_private_key: "SXKEY",
        default_rpc_timeout_ms: 3_000,
        structured_logging: true,
        log_level: "Critical",
        otel_config: { protocol: "Http" },
      },
      ["client_seed"],
    );
    assert.equal(data.hostId, "NHOST");
    assert.equal(data.latticeCredential?.jwt.revealText(), "JWT");
    assert.equal(data.latticeCredential?.seed.revealText(), "SEED");
    assert.equal(data.latticeUrl, "nats://10.0.0.1:4222");
    assert.deepEqual({ ...data.settings.config }, { url: "x" });
    assert.deepEqual([...data.settings.exposed.keys()], ["Client_Seed"]);
    assert.equal(data.settings.exposed.get("Client_Seed")?.revealText(), "SUA");
    assert.equal(data.secrets.get("text")?.revealText(), "é");
    data.secrets
      .get("bytes")
      ?.use((bytes) => assert.deepEqual([...bytes], [1, 2, 255]));
    assert.equal(data.linkDefinitions.length, 1);
    assert.equal(data.xkeySeed?.revealText(), "SXKEY");
    assert.equal(data.hostXkey, "XHOST");
    assert.equal(data.rpcTimeoutMs, 3_000);
    assert.deepEqual(data.log, { level: "error", structured: true });
  });

  test("takes null as absent and any log level", () => {
    assert.equal(read({ default_rpc_timeout_ms: null }).rpcTimeoutMs, 2_000);
    assert.equal(read({ log_level: null }).log.level, "info");
    assert.equal(read({ log_level: "WARN" }).log.level, "warn");
    assert.equal(read({ log_level: "verbose" }).log.level, "info");
  });

  test("config keys cannot reach a prototype", () => {
    const { config } = read({
      config: JSON.parse('{"__proto__":"x"}'),
    }).settings;
    assert.deepEqual(Object.keys(config), ["__proto__"]);
    assert.equal(config["constructor"], undefined);
  });

  test("names the field and the types of what is wrong, and no value", () => {
    const canary = "SUACANARY";
    const cases: [Record<string, unknown>, string][] = [
      [{ provider_key: undefined }, "`provider_key` is missing or empty"],
      [{ provider_key: "" }, "`provider_key` is missing or empty"],
      [{ provider_key: 7 }, "`provider_key` must be a string, not a number"],
      [
        { provider_key: `${canary} >` },
        "`provider_key` cannot be part of a NATS subject: blanks, wildcards, or empty tokens",
      ],
      [
        { lattice_rpc_prefix: "a..b" },
        "`lattice_rpc_prefix` cannot be part of a NATS subject: blanks, wildcards, or empty tokens",
      ],
      [
        { lattice_rpc_user_seed: 7 },
        "`lattice_rpc_user_seed` must be a string, not a number",
      ],
      [
        { link_definitions: canary },
        "`link_definitions` must be an array, not a string",
      ],
      [{ config: [canary] }, "`config` must be an object, not an array"],
      [
        { config: { url: { a: canary } } },
        "`config.url` must be a string, not an object",
      ],
      [
        { config: { client_seed: true } },
        "`config.client_seed` must be a string, not a boolean",
      ],
      [{ secrets: canary }, "`secrets` must be an object, not a string"],
      [
        { secrets: { a: canary } },
        "`secrets.a` must be an object, not a string",
      ],
      [
        { secrets: { a: { kind: "Str", value: canary } } },
        '`secrets.a.kind` must be "String" or "Bytes"',
      ],
      [{ secrets: { a: { kind: "String" } } }, "`secrets.a.value` is missing"],
      [
        { secrets: { a: { kind: "Bytes", value: [256] } } },
        "`secrets.a.value` must be a string or an array of integers 0 to 255",
      ],
      [
        { default_rpc_timeout_ms: -1 },
        "`default_rpc_timeout_ms` must be a whole number",
      ],
      [
        { structured_logging: "yes" },
        "`structured_logging` must be a boolean, not a string",
      ],
    ];
    for (const [fields, problem] of cases)
      assert.throws(() => read(fields, ["client_seed"]), {
        code: "PROVIDER_HOST_DATA_INVALID",
        message: `HostData is malformed: ${problem}.${next}`,
      });
  });

  test("refuses what is not JSON", () => {
    const cases = [
      ['{"provider_key":', "a value expected at byte 16 in `provider_key`"],
      ["[]", "the whole must be an object, not an array"],
      ["SUACANARY", "a value expected at byte 0"],
    ];
    for (const [text, problem] of cases)
      assert.throws(() => readHostData(utf8.encode(text), []), {
        message: `HostData is malformed: ${problem}.${next}`,
      });
  });

  test("refuses half a lattice credential", () => {
    assert.throws(
      () => read({ lattice_rpc_user_jwt: "J", lattice_rpc_user_seed: " " }),
      {
        code: "PROVIDER_LATTICE_CREDENTIAL_HALF",
        message:
          "HostData has `lattice_rpc_user_jwt` but no `lattice_rpc_user_seed`. Start the host with both --rpc-jwt and --rpc-seed, or with neither.",
      },
    );
    assert.throws(() => read({ lattice_rpc_user_seed: "S" }), {
      message:
        /^HostData has `lattice_rpc_user_seed` but no `lattice_rpc_user_jwt`\./,
    });
  });
});
