import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { inspect } from "node:util";

import {
  CanaryScanner,
  isRunning,
  makeOperator,
  natsServer,
  until,
} from "@keyturn/testkit";

import { connect } from "../../connection/connect.js";
import type { Credential } from "../../credentials/credential.js";
import { rejects } from "../../errors/refuses.test.fixture.js";
import { tempFolder, type TempFolder } from "../file/file-lab.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite, type StoreLab } from "../store-behaviour.test.fixture.js";

const account = await (await makeOperator()).account("APP");

/** A program that writes what is in a file, or waits if there is a file `stalled`. */
async function program(folder: TempFolder, body: string): Promise<string> {
  const path = folder.at("program");
  await writeFile(path, `#!/bin/sh\ncd '${folder.path}'\n${body}\n`, {
    mode: 0o700,
  });
  return path;
}

function lab(
  form: (user: { jwt: string; seed: string; creds: string }) => string,
): () => Promise<StoreLab> {
  return async () => {
    const folder = await tempFolder();
    const path = await program(
      folder,
      "test -e stalled && sleep 60\ncat answer",
    );
    return {
      reference: `exec:${path}`,
      put: (user) => folder.write("answer", form(user)),
      corrupt: (bytes) => folder.write("answer", bytes),
      remove: () => rm(folder.at("answer")),
      deny: async () => {
        await rm(path);
        return async () => void (await program(folder, "cat answer"));
      },
      stall: async () => {
        await folder.write("stalled", "");
        return () => rm(folder.at("stalled"));
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  };
}

for (const [name, open] of [
  [
    "exec: a program that writes JSON",
    lab(({ jwt, seed }) => JSON.stringify({ jwt, seed })),
  ],
  ["exec: a program that writes a .creds text", lab(({ creds }) => creds)],
] as const)
  storeSuite({
    name,
    open,
    noticesWithinMs: undefined,
    hasVersions: false,
    // A program that fails gives nothing; why, only it knows.
    absentCode: "STORE_UNREADABLE",
  });

async function run(
  body: string,
  parameters = "",
  signal: AbortSignal = new AbortController().signal,
): Promise<Credential> {
  await using folder = await tempFolder();
  const path = await program(folder, body);
  return await credentialsFrom(`exec:${path}${parameters}`).read(signal);
}

void test("arguments reach the program as they are, through no shell", async () => {
  const args = ["a b", "$(id)", "", ";x", "é"];
  const credential = await run(
    `n=$#; printf '{"token":"t","version":"%s"}' "$n $1|$2|$3|$4|$5"`,
    `?args=${encodeURIComponent(JSON.stringify(args))}`,
  );
  assert.equal(credential.origin.version, `5 ${args.join("|")}`);
});

void test("expiry and version are the program's", async () => {
  const at = new Date(Date.now() + 60_000);
  const body = (expiry: string): string =>
    `echo '{"user":"u","password":"p","expiry":"${expiry}","version":"7","more":{"x":["y"]}}'`;
  const credential = await run(body(at.toISOString()));
  assert.equal(credential.expiresAt?.getTime(), at.getTime());
  assert.equal(credential.origin.version, "7");
  assert.equal(credential.name, "u");
  await assert.rejects(
    run(body("soon")),
    /^KeyturnError: What the program of exec:\S+ wrote cannot be used: `expiry` is no time as 2026-11-23T22:00:00Z\. Let it write/,
  );
  await assert.rejects(
    run(body("2020-01-01T00:00:00Z")),
    /^KeyturnError: The credential from exec:\S+ expired at 2020-01-01T00:00:00.000Z\./,
  );
});

void test("a program that fails is told with its last lines, and no secret of them", async () => {
  const { seed, jwt } = await account.user("u");
  const scanner = new CanaryScanner();
  scanner.add("seed", seed);
  scanner.add("jwt", jwt);
  const body = `echo one >&2; echo two >&2; echo 'token ${seed} ${jwt} is old' >&2; printf '\\033[31mred\\n' >&2; exit 3`;
  await using folder = await tempFolder();
  const path = await program(folder, body);
  const reference = `exec:${path}`;
  const { signal } = new AbortController();
  const reading = (async () => credentialsFrom(reference).read(signal))();
  await rejects(
    reading,
    "STORE_UNREADABLE",
    `The program of ${reference} gave no credential: it ended with 3; it said: two / token … … is old / [31mred. Run it by hand as the user that this process runs as; it is tried again.`,
  );
  await reading.catch((error: unknown) =>
    scanner.assertNone({ error, printed: inspect(error) }),
  );
});

void test("programs that cannot be started, write too much, or take too long", async () => {
  const { signal } = new AbortController();
  await rejects(
    (async () => credentialsFrom("exec:/no/such/program").read(signal))(),
    "STORE_UNREADABLE",
    "The program of exec:/no/such/program gave no credential: it cannot be started (ENOENT). Run it by hand as the user that this process runs as; it is tried again.",
  );
  await assert.rejects(
    run("exec yes"),
    /gave no credential: it wrote more than 262144 bytes\. Run it/,
  );
  await assert.rejects(
    run("sleep 60", "?deadline=1"),
    /gave no credential: it took longer than 1 s\. Run it/,
  );
  await assert.rejects(
    run("kill -TERM $$"),
    /gave no credential: SIGTERM ended it\. Run it/,
  );
});

void test("what a program has started ends with it", async () => {
  await using folder = await tempFolder();
  const path = await program(folder, "sleep 60 & echo $! > pid; wait");
  const asked = new AbortController();
  const reading = Promise.resolve(
    credentialsFrom(`exec:${path}`).read(asked.signal),
  );
  const refused = assert.rejects(reading, { name: "AbortError" });
  const pid = await until("the child of the program", 5000, async () => {
    const text = await readFile(folder.at("pid"), "utf8").catch(() => "");
    return text.endsWith("\n") && Number(text);
  });
  asked.abort();
  await refused;
  await until("its end", 5000, () => !isRunning(pid));
});

void test("it may be asked again and again", async () => {
  const source = credentialsFrom("exec:/bin/true?poll=1");
  await assert.rejects(async () => source.read(new AbortController().signal));
  let asked = 0;
  const end = source.watch?.(() => asked++);
  await until("a poll", 4000, () => asked > 0);
  end?.();
});

void test("a program may sign in place of a seed, which is never in this process", async () => {
  const operator = await makeOperator();
  const orders = await operator.account("orders");
  await using server = await natsServer({
    config: {
      ...(await operator.serverConfig()),
      authorization: { timeout: 10 },
    },
  });
  await using folder = await tempFolder();
  const { jwt, publicKey, keys } = await orders.user("u");
  // What `nsc` and most signing services have is the seed; this one has the key as Node.js takes it.
  const raw = Buffer.from(
    (keys as unknown as { getRawSeed(): Uint8Array }).getRawSeed(),
  );
  const der = Buffer.concat([
    Buffer.from("302e020100300506032b657004220420", "hex"),
    raw,
  ]).toString("base64");
  await folder.write(
    "sign.cjs",
    `const { createPrivateKey, sign } = require("node:crypto");
    const key = createPrivateKey({ key: Buffer.from("${der}", "base64"), format: "der", type: "pkcs8" });
    process.stdin.once("data", (nonce) => process.stdout.write(sign(null, nonce, key).toString("base64url")));`,
  );
  const command = [process.execPath, folder.at("sign.cjs")];
  const path = await program(
    folder,
    `echo '${JSON.stringify({ jwt, sign: command })}'`,
  );
  // A busy machine may take longer than a signer may, to start a program.
  const connection = await until("a connection", 20_000, () =>
    connect({ servers: server.url, credentials: `exec:${path}` }).catch(
      () => undefined,
    ),
  );
  await connection.flush();
  assert.equal(connection.posture().publicKey, publicKey);
  await connection.close();
});

void test("programs that are to sign and cannot", async () => {
  const { jwt, seed } = await account.user("u");
  const refused = async (output: object, why: string): Promise<void> =>
    assert.rejects(run(`echo '${JSON.stringify(output)}'`), (error: Error) => {
      assert.ok(
        error.message.includes(` wrote cannot be used: ${why}. Let it write`),
      );
      return true;
    });
  await refused(
    { jwt, sign: ["sign"] },
    "`sign` must begin with the whole path of a program",
  );
  await refused(
    { jwt, seed, sign: ["/bin/sign"] },
    "`sign` has no place beside `seed`",
  );
  await refused(
    { sign: ["/bin/sign"] },
    "`sign` needs `jwt` or `public_key` beside it",
  );
  await refused({ jwt, sign: [1] }, "`sign[0]` must be a string, not a number");
});

void test("references that name no program", async () => {
  const path =
    "The credential reference `exec:` cannot be used: it does not name a program by its whole path. Write `exec:/usr/local/bin/nats-creds`.";
  const args =
    'The credential reference `exec:` cannot be used: `args` is no list of texts in JSON. Write `?args=["get","orders"]`.';
  const cases: [string, string][] = [
    ["exec:nats-creds", path],
    ["exec://usr/bin/x", path],
    ["exec:/usr/bin/", path],
    ["exec:/x?args=get", args],
    ["exec:/x?args=[1]", args],
    [
      "exec:/x?deadline=0",
      "The credential reference `exec:` cannot be used: `deadline` is no number of seconds. Write whole seconds, 1 at least: `?deadline=10`.",
    ],
  ];
  for (const [reference, message] of cases)
    await rejects(
      (async () =>
        credentialsFrom(reference).read(new AbortController().signal))(),
      "REFERENCE_INVALID",
      message,
    );
});
