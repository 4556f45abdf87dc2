import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import {
  CanaryScanner,
  makeOperator,
  natsServer,
  type TestUser,
} from "@keyturn/testkit";

import type { Task } from "./secrecy.test.fixture.js";

const program = fileURLToPath(
  new URL("secrecy.test.fixture.js", import.meta.url),
);

interface Outcome {
  readonly printed: string;
  readonly heap: string;
  /** What the files gave it: seeds, JWTs, and a password. */
  readonly users: readonly TestUser[];
  readonly password: string;
  readonly scanner: CanaryScanner;
}

/** Runs the program through everything, with all debug output that Node has. */
async function live(): Promise<Outcome> {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  const gone = await account.user("revoked");
  account.revoke(gone.publicKey);
  const folder = await mkdtemp(join(tmpdir(), "keyturn-secrecy-"));
  const server = await natsServer({ config: await operator.serverConfig() });
  const plainServer = await natsServer({
    config: { authorization: { user: "ada", password: "another" } },
  });
  try {
    const scanner = new CanaryScanner();
    const password = scanner.add("password");
    const users: TestUser[] = [];
    const put = async (user: TestUser, text = user.creds): Promise<string> => {
      const path = join(folder, `${users.push(user)}.creds`);
      scanner.add(`seed ${users.length}`, user.seed);
      scanner.add(`JWT ${users.length}`, user.jwt);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    };
    const claims = { pub: { deny: ["forbidden"] } };
    const other = await (await makeOperator()).account("OTHER");
    const mixed = await account.user("mixed");
    const task: Task = {
      server: server.url,
      plainServer: plainServer.url,
      good: [
        await put(await account.user("a", { claims })),
        await put(await account.user("b", { claims })),
        await put(await account.user("c", { claims })),
      ],
      bad: [
        await put(gone),
        await put(await account.user("old", { expiresInSeconds: -5 })),
        await put(await account.user("early", { notBeforeInSeconds: 60 })),
        await put(await other.user("stranger")),
        await put(mixed, mixed.creds.replace(mixed.seed, gone.seed)),
        await put(mixed, mixed.creds.slice(0, -60)),
        await put(mixed, mixed.seed),
      ],
      password: join(folder, "password"),
      heap: join(folder, "heap"),
    };
    await writeFile(task.password, password);
    const printed = await run(JSON.stringify(task));
    const heap = await readFile(task.heap, "latin1");
    return { printed, heap, users, password, scanner };
  } finally {
    await server.stop();
    await plainServer.stop();
    await rm(folder, { recursive: true });
  }
}

function run(task: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, task], {
      env: { ...process.env, NODE_DEBUG: "net,stream,timer,diagnostics,tls" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      const printed = Buffer.concat(chunks).toString("utf8");
      if (code === 0) resolve(printed);
      else reject(new Error(`It ended with ${code}: ${printed.slice(-2000)}`));
    });
  });
}

describe("through connects, refreshes, hand-overs and errors", async () => {
  const outcome = live();

  test("everything happened", async () => {
    const { printed } = await outcome;
    assert.match(printed, /the end/);
    assert.doesNotMatch(printed, /NOT REFUSED/);
    for (const seen of [
      "handovers: 2",
      "CREDENTIAL_EXPIRED",
      "CREDENTIAL_NOT_YET_VALID",
      "CREDENTIAL_OTHER_ACCOUNT",
      "CREDENTIAL_PAIR_MISMATCH",
      "CREDENTIAL_CREDS_INVALID",
      "HANDOVER_REFUSED",
      "CONNECT_REFUSED",
      "CONNECT_OPTIONS_CONFLICT",
      "CONNECT_UNREACHABLE",
      "permissionViolation",
      "NET ",
    ])
      assert.ok(printed.includes(seen), seen);
  });

  test("no secret is printed, in any way, nor by Node's own debug output", async () => {
    const { printed, scanner } = await outcome;
    scanner.assertNone({ printed });
  });

  test("no seed is in a heap snapshot", async () => {
    const { heap, users } = await outcome;
    assert.ok(heap.includes("refreshCredentials"), "it is a snapshot");
    const seen = users.filter(({ seed }) => heap.includes(seed.slice(4, 50)));
    assert.deepEqual(
      seen.map(({ publicKey }) => publicKey),
      [],
    );
  });
});
