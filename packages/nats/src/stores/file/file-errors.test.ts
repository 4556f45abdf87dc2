import { execFileSync } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { test } from "node:test";

import { makeOperator } from "@keyturn/testkit";

import { rejects } from "../../errors/refuses.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { tempFolder } from "./file-lab.test.fixture.js";

const { signal } = new AbortController();

function refused(
  reference: string,
  code: string,
  message: string,
): Promise<void> {
  return rejects(
    (async () => credentialsFrom(reference).read(signal))(),
    code,
    message,
  );
}

void test("references that name no file", async () => {
  const cases: [string, string][] = [
    [
      "file://run/secrets/nats.creds",
      "The credential reference `file:` cannot be used: it has `run` where a host would stand. Write `file:///run/secrets/nats.creds`.",
    ],
    [
      "file:secrets/nats.creds",
      "The credential reference `file:` cannot be used: its path is not absolute. Write `file:///secrets/nats.creds`.",
    ],
    [
      "file:///run?jwt=user.jwt",
      "The credential reference `file:` cannot be used: it names a file for `jwt` and none for `seed`. Give both names: `?jwt=user.jwt&seed=user.nk`.",
    ],
    [
      "file:///run?seed=user.nk",
      "The credential reference `file:` cannot be used: it names a file for `seed` and none for `jwt`. Give both names: `?jwt=user.jwt&seed=user.nk`.",
    ],
    [
      "file:///run?jwt=../a&seed=b",
      "The credential reference `file:` cannot be used: one of its names of files leads out of its folder. Name the folder that has both files, and the files below it: `file:///run?jwt=a/user.jwt&seed=b/user.nk`.",
    ],
    [
      "file:///run?jwt=a&seed=/b",
      "The credential reference `file:` cannot be used: one of its names of files leads out of its folder. Name the folder that has both files, and the files below it: `file:///run?jwt=a/user.jwt&seed=b/user.nk`.",
    ],
    [
      "file:///run?poll=0",
      "The credential reference `file:` cannot be used: `poll` is no number of seconds. Write whole seconds, 1 at least: `?poll=10`.",
    ],
  ];
  for (const [reference, message] of cases)
    await refused(reference, "REFERENCE_INVALID", message);
});

void test("what is there is no credential, or nothing, or not to be read", async () => {
  await using folder = await tempFolder();
  const absent = folder.at("absent");
  await refused(
    `file://${absent}`,
    "STORE_ABSENT",
    `There is no file for file://${absent}, nor one of \`jwt\`, \`client_jwt\`, \`seed\`, \`client_seed\`, \`creds\`, \`client_creds\`, \`nkey_seed\`, \`user\`, \`username\`, \`password\`, \`token\` below it. Put the credential there, or correct the reference; it is looked for again.`,
  );
  await refused(
    `file://${folder.path}?jwt=a.jwt&seed=b.nk`,
    "STORE_ABSENT",
    `There is no file for file://${folder.path}?jwt=a.jwt&seed=b.nk, nor one of \`a.jwt\`, \`b.nk\` below it. Put the credential there, or correct the reference; it is looked for again.`,
  );
  const account = await (await makeOperator()).account("APP");
  const user = await account.user("u");
  await folder.write("seed", user.seed);
  await refused(
    `file://${folder.path}`,
    "CREDENTIAL_HALF_PAIR",
    `What file://${folder.path} has is half a credential: \`seed\` without \`jwt\`. Put both of them there.`,
  );
  const large = folder.at("large");
  await folder.write("large", new Uint8Array(200_000));
  await refused(
    `file://${large}`,
    "STORE_VALUE_INVALID",
    `What file://${large} has at \`${large}\` is larger than 131072 bytes: no credential is. Put the text of a \`.creds\` file there, or fields \`jwt\` and \`seed\`.`,
  );
  // Nobody writes to it: opening it as a file would wait for ever.
  const pipe = folder.at("pipe");
  execFileSync("mkfifo", [pipe]);
  await refused(
    `file://${pipe}`,
    "STORE_VALUE_INVALID",
    `What file://${pipe} has at \`${pipe}\` is no regular file. Put a file there.`,
  );
  await mkdir(folder.at("odd"));
  await mkdir(folder.at("odd/jwt"));
  await refused(
    `file://${folder.at("odd")}`,
    "STORE_VALUE_INVALID",
    `What file://${folder.at("odd")} has at \`${folder.at("odd/jwt")}\` is no regular file. Put a file there.`,
  );
});

void test("a file that this user may not read", async (t) => {
  const { geteuid, seteuid } = process;
  await using folder = await tempFolder();
  await folder.write("nats.creds", "x");
  const path = folder.at("nats.creds");
  await chmod(folder.path, 0o755);
  const isRoot = geteuid?.() === 0;
  await chmod(path, isRoot ? 0o600 : 0);
  // Root may read everything, so it is somebody else for a moment.
  if (isRoot) seteuid?.(65_534);
  const uid = process.getuid?.();
  try {
    await refused(
      `file://${path}`,
      "STORE_UNREADABLE",
      `The file \`${path}\` for file://${path} may not be read by this process. Let the user that it runs as read the file (uid ${uid}).`,
    );
  } finally {
    if (isRoot) seteuid?.(0);
  }
  t.diagnostic(`as uid ${uid}`);
});
