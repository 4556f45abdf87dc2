import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { jetstream } from "@nats-io/jetstream";
import { Kvm, type KV } from "@nats-io/kv";

import { BackendLab } from "../../testing/backend-lab.test.fixture.js";
import { entityKey } from "../../testing/entity-key.test.fixture.js";
import { typed } from "../../testing/typed.test.fixture.js";

let lab: BackendLab;
let bucket: KV;
before(async () => {
  lab = await BackendLab.start();
  await lab.put("first", "x");
  bucket = await new Kvm(jetstream(lab.connection)).open("WASMCLOUD_SECRETS");
});
after(() => lab?.[Symbol.asyncDispose]());

describe("a secret", () => {
  test("is put, shown as it is, listed, and removed with its history", async () => {
    const one = await lab.put("nats/a", "one\n");
    const two = await lab.put("nats/a", "two\r\n");
    assert.equal(await lab.done("get", "nats/a"), "two");
    assert.equal(await lab.done("get", "nats/a", "--version", one), "one");
    const onTerminal = await lab.type(["get", "nats/a"], { tty: true });
    assert.equal(onTerminal.stdout, "two\n");
    assert.deepEqual(JSON.parse(await lab.done("get", "nats/a", "--json")), {
      key: "nats/a",
      version: two,
      kind: "text",
      value: "two",
    });
    assert.equal(await lab.done("list"), "first\nnats/a\n");
    const history = JSON.parse(
      await lab.done("history", "nats/a", "--json"),
    ) as {
      versions: { version: string; seal: string; created: string }[];
    };
    assert.deepEqual(
      history.versions.map(({ version }) => version),
      [one, two],
    );
    assert.match(history.versions[0]?.seal ?? "", /^[0-9a-f]{16}$/);
    assert.equal(await lab.done("rm", "nats/a"), "removed nats/a\n");
    for (const args of [
      ["get", "nats/a"],
      ["rm", "nats/a"],
      ["history", "nats/a"],
    ])
      assert.deepEqual(await lab.type(args), {
        code: 3,
        stdout: "",
        stdoutBytes: Buffer.alloc(0),
        stderr:
          "error: There is no secret `nats/a`. Look at what there is: `keyturn secrets list`.\n",
      });
    const old = await lab.type(["get", "nats/a", "--version", one]);
    assert.equal(
      old.stderr,
      `error: There is no version ${one} of the secret \`nats/a\`. Look at which there are: \`keyturn secrets history nats/a\`.\n`,
    );
  });

  test("is sealed with a key from a store, as with one from a file", async () => {
    const version = await lab.put("nats/kept", "value");
    process.env["KEYTURN_TEST_SEAL"] = readFileSync(
      lab.path("seal.key"),
      "utf8",
    ).trim();
    const file = `file://${lab.path("seal.key")}`;
    for (const [place, stderr] of [
      [file, ""],
      [
        "env:KEYTURN_TEST_SEAL",
        "warning: The seal key from env:KEYTURN_TEST_SEAL is not kept secret. Keep it in a store that only this program reads.\n",
      ],
    ] as const)
      assert.deepEqual(
        await lab.type(["get", "nats/kept", "--seal-key", place]),
        { code: 0, stdout: "value", stdoutBytes: Buffer.from("value"), stderr },
      );
    const { code, stderr } = await lab.type([
      "get",
      "nats/kept",
      "--seal-key=file:///none/seal.key",
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /There is no file for file:\/\/\/none\/seal\.key/);
    assert.match(version, /^\d+$/);
    delete process.env["KEYTURN_TEST_SEAL"];
  });

  test("of bytes comes back byte for byte, also into a file that only its owner may read", async () => {
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    writeFileSync(lab.path("value.bin"), value);
    await lab.done("put", "bytes", "--binary", "--file", lab.path("value.bin"));
    const { stdoutBytes } = await lab.type(["get", "bytes"]);
    assert.deepEqual(new Uint8Array(stdoutBytes), value);
    const json = JSON.parse(await lab.done("get", "bytes", "--json")) as {
      value: string;
    };
    assert.deepEqual(new Uint8Array(Buffer.from(json.value, "base64")), value);
    const out = lab.path("out.bin");
    assert.equal(await lab.done("get", "bytes", "--out", out), "");
    assert.deepEqual(new Uint8Array(readFileSync(out)), value);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const again = await lab.type(["get", "bytes", "--out", out]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^error: \S+out\.bin cannot be made: EEXIST/);
  });

  test("lies in the bucket sealed, and opens under its own key alone", async () => {
    await lab.put("sealed/a", "the-value-itself");
    const entry = await bucket.get("sealed/a");
    assert.ok(entry);
    assert.equal(Buffer.from(entry.value).includes("the-value-itself"), false);
    await bucket.put("sealed/b", entry.value);
    const changed = Uint8Array.from(entry.value);
    changed[40] = (changed[40] as number) ^ 1;
    await bucket.put("sealed/c", changed);
    await bucket.put("sealed/d", entry.value.subarray(0, 30));
    await bucket.put("sealed/e", "no seal");
    for (const [key, why] of [
      ["b", "does not open: it was changed, or put there for another key"],
      ["c", "does not open: it was changed, or put there for another key"],
      ["d", "has a form that nobody knows"],
      ["e", "has a form that nobody knows"],
    ])
      assert.equal(
        (await lab.type(["get", `sealed/${key}`])).stderr,
        `error: The value of \`sealed/${key}\` ${why}. Put it again: \`keyturn secrets put KEY\`.\n`,
      );
    for (const key of ["b", "c", "d", "e"])
      await lab.done("rm", `sealed/${key}`);
  });

  for (const [what, args, stdin, message, code] of [
    [
      "a bad key",
      ["put", "a b"],
      "x",
      "That can be no key of a secret. Use letters, digits and - / _ = . (a dot neither first, nor last, nor after another).",
      2,
    ],
    [
      "a value on the command line",
      ["put", "a", "hunter2"],
      "x",
      "`keyturn secrets put` takes KEY, and 2 were given. Look at what it takes: `keyturn secrets put --help`.",
      2,
    ],
    [
      "an empty value",
      ["put", "a"],
      "",
      "The value is empty. Give it on standard input, or with `--file FILE`; `--binary` for what is no text.",
      1,
    ],
    [
      "an empty line",
      ["put", "a"],
      "\n",
      "The value is an empty line. Give it on standard input, or with `--file FILE`; `--binary` for what is no text.",
      1,
    ],
    [
      "bytes as text",
      ["put", "a"],
      Uint8Array.of(255),
      "The value is no UTF-8 text. Put it as bytes: `--binary`.",
      1,
    ],
    [
      "a huge value",
      ["put", "a"],
      "x".repeat(140_000),
      "The value has more than 131072 bytes. Store a part of it, or where it is to be found.",
      1,
    ],
    [
      "a version that is none",
      ["get", "a", "--version", "new"],
      "",
      "A version is a whole number. Look at which there are: `keyturn secrets history a`.",
      2,
    ],
    [
      "an entity that is none",
      ["map", "me", "a"],
      "",
      "That is no public key of a component (M…) or provider (V…). Look at what it is: `wash inspect REFERENCE` shows it as Subject.",
      2,
    ],
    [
      "unmap of nothing",
      ["unmap", entityKey("M")],
      "",
      "`keyturn secrets unmap` takes keys, or `--all`. Look at what it takes: `keyturn secrets unmap --help`.",
      2,
    ],
  ] as const)
    test(`refuses ${what}`, async () => {
      const { code: ended, stderr, stdout } = await lab.type(args, { stdin });
      assert.deepEqual(
        [ended, stdout, stderr],
        [code, "", `error: ${message}\n`],
      );
    });

  test("is asked of no terminal", async () => {
    const { stderr } = await typed(
      ["secrets", "put", "a", "--seal-key", lab.path("seal.key")],
      { tty: true, env: { NO_COLOR: "1" } },
    );
    assert.equal(
      stderr,
      "error: The value is read from standard input, and that is a terminal. Give a file: `keyturn secrets put KEY --file FILE`.\n",
    );
  });
});

describe("mappings", () => {
  test("are listed; of keys that are not there, none is taken away", async () => {
    const [one, two] = [entityKey("M"), entityKey("V")].toSorted() as [
      string,
      string,
    ];
    await lab.done("map", one, "a", "b");
    await lab.done("map", two, "c");
    await lab.done("map", one, "b", "d");
    assert.equal(
      await lab.done("mappings"),
      `${one}\ta\n${one}\tb\n${one}\td\n${two}\tc\n`,
    );
    const { code, stderr } = await lab.type(["unmap", one, "a", "x"]);
    assert.deepEqual(
      [code, stderr],
      [
        3,
        `error: The mapping of ${one} has no key \`x\`. Look at what it has: \`keyturn secrets mappings\`.\n`,
      ],
    );
    assert.equal(await lab.done("unmap", one, "a", "b", "d"), "");
    assert.deepEqual(JSON.parse(await lab.done("mappings", "--json")), {
      mappings: { [two]: ["c"] },
    });
  });

  test("that are changed at the same time all have their way", async () => {
    const entity = entityKey("V");
    const keys = Array.from({ length: 6 }, (_, i) => `key/${i}`);
    await Promise.all(keys.map((key) => lab.done("map", entity, key)));
    const { mappings } = JSON.parse(await lab.done("mappings", "--json")) as {
      mappings: Record<string, string[]>;
    };
    assert.deepEqual(mappings[entity]?.toSorted(), keys);
  });

  test("that are none are told, and can be cleared", async () => {
    const entity = entityKey("M");
    const state = await new Kvm(jetstream(lab.connection)).open(
      "SECRETS_nats-kv_state",
    );
    await state.put(entity, "not JSON");
    const { stderr } = await lab.type(["map", entity, "a"]);
    assert.equal(
      stderr,
      `error: The mapping of ${entity} is no JSON array of keys. Write it anew: \`keyturn secrets unmap ENTITY --all\`, then \`keyturn secrets map ENTITY KEY…\`.\n`,
    );
    await lab.done("unmap", entity, "--all");
    assert.equal(await lab.done("map", entity, "a"), "a\n");
  });
});

test("without NATS, or without JetStream, the error says so", async () => {
  const away = await lab.type(["list", "--server", "nats://127.0.0.1:1"]);
  assert.equal(away.code, 69);
  assert.match(away.stderr, /^error: .*127\.0\.0\.1:1/);
  const missing = await lab.type(["list", "--bucket", "NONE"]);
  assert.equal(missing.code, 1);
  assert.match(
    missing.stderr,
    /stream not found\. Look at it: `nats kv info BUCKET`\.\n$/,
  );
});
