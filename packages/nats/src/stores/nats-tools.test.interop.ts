import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { natsServer, until, type NatsServer } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";
import type { LiveConnection } from "../handover/live-connection.js";
import { tempFolder, type TempFolder } from "./file/file-lab.test.fixture.js";
import { credentialsFrom } from "./registry.js";

const nscProgram = process.env["KEYTURN_NSC"];
const natsProgram = process.env["KEYTURN_NATS_CLI"];
const isMissing = nscProgram === undefined || natsProgram === undefined;
const skip = isMissing && "nsc or the nats command is not installed";

const run = promisify(execFile);
let folder: TempFolder;
let server: NatsServer;

/** Runs one of the tools, in a home of its own. */
async function tool(
  program: string | undefined,
  ...args: readonly string[]
): Promise<void> {
  const { PATH } = process.env;
  const env = {
    PATH,
    HOME: folder.path,
    XDG_DATA_HOME: folder.at("data"),
    XDG_CONFIG_HOME: folder.at("config"),
    NSC_NO_GIT_IGNORE: "true",
    NO_COLOR: "1",
  };
  await run(program ?? "", args, { env, cwd: folder.path });
}
const nsc = (...args: readonly string[]): Promise<void> =>
  tool(nscProgram, ...args);
const nats = (...args: readonly string[]): Promise<void> =>
  tool(natsProgram, "--no-context", ...args);

const stored = (name: string): Promise<string> =>
  readFile(folder.at("data/nats/nsc/stores/O", name), "utf8");

before(async () => {
  if (skip !== false) return;
  folder = await tempFolder();
  process.env["XDG_DATA_HOME"] = folder.at("data");
  process.env["XDG_CONFIG_HOME"] = folder.at("config");
  await nsc("add", "operator", "O");
  await nsc("add", "account", "A");
  await nsc("add", "user", "--account", "A", "u");
  const account = await stored("accounts/A/A.jwt");
  const { sub } = JSON.parse(
    Buffer.from(account.split(".")[1] ?? "", "base64url").toString(),
  ) as { sub: string };
  server = await natsServer({
    config: {
      operator: await stored("O.jwt"),
      resolver: "MEMORY",
      resolver_preload: { [sub]: account },
    },
  });
});
after(async () => {
  if (skip !== false) return;
  await server.stop();
  await folder[Symbol.asyncDispose]();
});

async function signsIn(credentials: string): Promise<LiveConnection> {
  const connection = await connect({ servers: server.url, credentials });
  await connection.flush();
  return connection;
}

describe("nsc", { skip }, () => {
  test("a user in its store, and the credentials file that it writes, sign in", async () => {
    await nsc("generate", "creds", "-a", "A", "-n", "u", "-o", "u.creds");
    for (const reference of ["nsc://O/A/u", `file://${folder.at("u.creds")}`]) {
      await using connection = await signsIn(reference);
      assert.equal(connection.posture().source, reference);
      assert.equal(connection.posture().kind, "user-jwt");
    }
  });

  test("what it edits is handed over by itself, and a new key, too", async () => {
    await using connection = await signsIn("nsc://O/A/u");
    const { publicKey } = connection.posture();
    await nsc("edit", "user", "-a", "A", "-n", "u", "--tag", "edited");
    await until("the hand-over", 20_000, () => {
      return connection.posture().handovers === 1;
    });
    assert.equal(connection.posture().publicKey, publicKey);
    await nsc("delete", "user", "--account", "A", "--name", "u");
    await nsc("add", "user", "--account", "A", "u");
    await until("the new user", 20_000, () => {
      return connection.posture().publicKey !== publicKey;
    });
    await connection.flush();
  });
});

describe("the nats command", { skip }, () => {
  const { signal } = new AbortController();

  test("every kind of context that it writes is read", async () => {
    const creds = folder.at("data/nats/nsc/keys/creds/O/A/u.creds");
    const { publicKey = "" } =
      await credentialsFrom("nsc://O/A/u").read(signal);
    const shard = `data/nats/nsc/keys/keys/U/${publicKey.slice(1, 3)}`;
    const seed = folder.at(shard, `${publicKey}.nk`);
    const jwt = folder.at("data/nats/nsc/stores/O/accounts/A/users/u.jwt");
    const pair = ["--jwt", jwt, "--seed", seed];
    const cases: [string, readonly string[], string][] = [
      ["creds", ["--creds", creds], "user-jwt"],
      ["creds-inside", ["--creds", creds, "--embed"], "user-jwt"],
      ["nsc", ["--creds", "nsc://O/A/u"], "user-jwt"],
      ["pair", pair, "user-jwt"],
      ["pair-inside", [...pair, "--embed"], "user-jwt"],
      ["nkey", ["--nkey", seed], "nkey"],
      ["nkey-inside", ["--nkey", seed, "--embed"], "nkey"],
      ["password", ["--user", "app", "--password", "pw"], "user-password"],
      // A user without password is a token for the command.
      ["token", ["--user", "t"], "token"],
    ];
    for (const [name, args, kind] of cases) {
      await nats("context", "add", name, ...args);
      const credential = await credentialsFrom(`context:${name}`).read(signal);
      assert.equal(credential.kind, kind, name);
      if (kind !== "user-jwt") continue;
      await using connection = await signsIn(`context:${name}`);
      assert.equal(connection.posture().publicKey, publicKey, name);
    }
  });

  test("another user in a context is handed over by itself", async () => {
    const file = (user: string): string =>
      folder.at(`data/nats/nsc/keys/creds/O/A/${user}.creds`);
    await nsc("add", "user", "--account", "A", "other");
    await nats("context", "add", "moving", "--creds", file("u"));
    await using connection = await signsIn("context:moving");
    const { publicKey } = connection.posture();
    await nats("context", "add", "moving", "--creds", file("other"));
    await until("the hand-over", 20_000, () => {
      return connection.posture().handovers === 1;
    });
    assert.notEqual(connection.posture().publicKey, publicKey);
  });
});
