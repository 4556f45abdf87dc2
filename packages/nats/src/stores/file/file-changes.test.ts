import assert from "node:assert/strict";
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { makeOperator, until, type TestUser } from "@keyturn/testkit";

import type { Credential } from "../../credentials/credential.js";
import type { CredentialSource } from "../../sources/credential-source.js";
import { credentialFrom, fieldsToMaterial } from "../material.js";
import { credentialsFrom } from "../registry.js";
import { FileSource } from "./file-source.js";
import {
  kubeletWrites,
  tempFolder,
  type TempFolder,
} from "./file-lab.test.fixture.js";

const account = await (await makeOperator()).account("APP");
const { signal } = new AbortController();
const read = async (source: CredentialSource): Promise<Credential> =>
  source.read(signal);

/** Reads, watches, and asserts that each step makes the next user come, each time by a notice. */
async function follows(
  reference: string,
  steps: ((user: TestUser) => Promise<void>)[],
): Promise<void> {
  const source = credentialsFrom(reference);
  let end: (() => void) | undefined;
  let changes = 0;
  try {
    for (const [index, step] of steps.entries()) {
      const user = await account.user(`user ${index}`);
      const before = changes;
      await step(user);
      if (end === undefined) {
        await read(source);
        end = source.watch?.(() => changes++);
      }
      await until(`step ${index}`, 5000, async () => {
        if (changes === before && index > 0) return false;
        const credential = await read(source).catch(() => undefined);
        return credential?.publicKey === user.publicKey;
      });
    }
  } finally {
    end?.();
  }
}

void describe("a change of a file is followed", { concurrency: true }, () => {
  void test("however editors and programs save it", async () => {
    await using folder = await tempFolder();
    const path = folder.at("nats.creds");
    await follows(`file://${path}`, [
      ({ creds }) => folder.write("nats.creds", creds),
      // In place, as `>` of a shell does.
      ({ creds }) => folder.write("nats.creds", creds),
      // By a rename, as nsc and most programs do.
      ({ creds }) => folder.replace("nats.creds", creds),
      // With a backup, as vim does: the old one is renamed, the new one written.
      async ({ creds }) => {
        await rename(path, `${path}~`);
        await folder.write("nats.creds", creds);
        await rm(`${path}~`);
      },
      // Deleted, and back after a while.
      async ({ creds }) => {
        await rm(path);
        await sleep(700);
        await folder.write("nats.creds", creds);
      },
      // Copied over by `cp`, then with an old time, as `cp -p` and archives leave it.
      async ({ creds }) => {
        await folder.write("other", creds);
        await copyFile(folder.at("other"), path);
        await utimes(path, 1, 1);
      },
    ]);
  });

  void test("by a link that is bent to another file, and by what it leads to", async () => {
    await using folder = await tempFolder();
    await mkdir(folder.at("v1"));
    await mkdir(folder.at("v2"));
    await follows(`file://${folder.at("link.creds")}`, [
      async ({ creds }) => {
        await folder.write("v1/x.creds", creds);
        await symlink("v1/x.creds", folder.at("link.creds"));
      },
      ({ creds }) => folder.replace("v1/x.creds", creds),
      async ({ creds }) => {
        await folder.write("v2/y.creds", creds);
        await symlink("v2/y.creds", folder.at("next"));
        await rename(folder.at("next"), folder.at("link.creds"));
      },
      ({ creds }) => folder.replace("v2/y.creds", creds),
    ]);
  });

  void test("when its folder is replaced, or gone and back", async () => {
    await using folder = await tempFolder();
    const write = async (name: string, { jwt, seed }: TestUser) => {
      await mkdir(folder.at(name));
      await folder.write(`${name}/jwt`, jwt);
      await folder.write(`${name}/seed`, seed);
    };
    await follows(`file://${folder.at("nats")}`, [
      (user) => write("nats", user),
      async (user) => {
        await write("new", user);
        await rename(folder.at("nats"), folder.at("old"));
        await rename(folder.at("new"), folder.at("nats"));
      },
      // The new folder is watched, too.
      ({ jwt, seed }) =>
        folder
          .write("nats/jwt", jwt)
          .then(() => folder.write("nats/seed", seed)),
      async (user) => {
        await rm(folder.at("nats"), { recursive: true });
        await write("nats", user);
      },
    ]);
  });

  void test("by the links of a Kubernetes volume", async () => {
    await using folder = await tempFolder();
    const swap = ({ jwt, seed }: TestUser): Promise<void> =>
      kubeletWrites(folder, { jwt, seed });
    await follows(`file://${folder.path}`, [swap, swap, swap]);
  });

  void test("by looking, where no event tells of it", async () => {
    await using folder = await tempFolder();
    for (const name of ["a", "b", "c"]) await mkdir(folder.at(name));
    // Nobody watches the folder of the link in the middle.
    const bend = async (to: string): Promise<void> => {
      await symlink(to, folder.at("next"));
      await rename(folder.at("next"), folder.at("b/middle"));
    };
    const [first, second] = [await account.user("1"), await account.user("2")];
    await folder.write("c/1", first.creds);
    await folder.write("c/2", second.creds);
    await bend("../c/1");
    await symlink("../b/middle", folder.at("a/nats.creds"));
    const source = credentialsFrom(
      `file://${folder.at("a/nats.creds")}?poll=1`,
    );
    await read(source);
    let changes = 0;
    const end = source.watch?.(() => changes++);
    try {
      await sleep(200);
      await bend("../c/2");
      await until("a look", 5000, () => changes > 0);
      assert.equal((await read(source)).publicKey, second.publicKey);
    } finally {
      end?.();
    }
  });
});

void test("what is half written is never used, and not told before it is left alone", async () => {
  await using folder = await tempFolder();
  const user = await account.user("slow");
  const path = folder.at("nats.creds");
  const source = credentialsFrom(`file://${path}`);
  await folder.write("nats.creds", "");
  const reading = read(source);
  const step = Math.ceil(user.creds.length / 6);
  for (let at = 0; at < user.creds.length; at += step) {
    await appendFile(path, user.creds.slice(at, at + step));
    await sleep(60);
  }
  assert.equal((await reading).publicKey, user.publicKey);
});

void test("two files that do not belong together wait for each other", async () => {
  await using folder = await tempFolder();
  const [old, next] = [await account.user("old"), await account.user("next")];
  await folder.write("jwt", old.jwt);
  await folder.write("seed", old.seed);
  const source = credentialsFrom(`file://${folder.path}`);
  assert.equal((await read(source)).publicKey, old.publicKey);
  await folder.write("seed", next.seed);
  const reading = read(source);
  await sleep(150);
  await folder.write("jwt", next.jwt);
  assert.equal((await reading).publicKey, next.publicKey);
});

void test("a password that is being written is not taken before it is left alone", async () => {
  await using folder = await tempFolder();
  await folder.write("user", "app");
  await folder.write("password", "long");
  const reading = read(credentialsFrom(`file://${folder.path}`));
  await sleep(100);
  await appendFile(folder.at("password"), " and whole");
  const given = (await reading).authenticator()() as { pass?: string };
  assert.equal(given.pass, "long and whole");
});

void test("reads during the swaps of a Kubernetes volume give whole credentials and no error", async () => {
  await using folder = await tempFolder();
  const users = await Promise.all(
    [1, 2, 3, 4].map((number) => account.user(`u${number}`)),
  );
  const keys = new Set(users.map(({ publicKey }) => publicKey));
  const swap = (index: number): Promise<void> => {
    const { jwt, seed } = users[index % users.length] as TestUser;
    return kubeletWrites(folder, { jwt, seed });
  };
  await swap(0);
  const source = credentialsFrom(`file://${folder.path}`);
  let isOver = false;
  let reads = 0;
  const reading = (async () => {
    // oxlint-disable-next-line typescript/no-unnecessary-condition -- set below
    while (!isOver) {
      assert.ok(keys.has((await read(source)).publicKey ?? ""));
      reads++;
    }
  })();
  for (let index = 1; index < 150; index++) await swap(index);
  // Files that are old when the swap comes, as they mostly are.
  await sleep(700);
  for (let index = 0; index < 3; index++) await swap(index);
  isOver = true;
  await reading;
  assert.ok(reads > 10, `${reads} reads`);
});

for (const what of ["whole", "no file"])
  void test(`what was ${what}, and changes while it is read, is read again`, async () => {
    await using folder = await tempFolder();
    const [old, next] = [await account.user("old"), await account.user("next")];
    const path = folder.at("nats.creds");
    if (what === "whole") await folder.write("nats.creds", old.creds);
    else await mkdir(path);
    // Nobody has written to it for a while.
    await sleep(700);
    let looks = 0;
    const source = new FileSource({
      files: async () => {
        // The second look is after the read.
        if (++looks === 2) {
          await rm(path, { recursive: true });
          await folder.write("nats.creds", next.creds);
        }
        return {
          paths: new Map([["creds", path]]),
          folder: undefined,
        };
      },
      toMaterial: (contents) => fieldsToMaterial(contents, "here"),
      make: credentialFrom,
      origin: { source: "here", plaintext: false },
    });
    assert.equal((await read(source)).publicKey, next.publicKey);
  });

void test("files that everybody may read are told as plain text, with what to do", async () => {
  const folder: TempFolder = await tempFolder();
  await using _ = folder;
  const { creds } = await account.user("open");
  const path = folder.at("nats.creds");
  await writeFile(path, creds, { mode: 0o644 });
  const source = credentialsFrom(`file://${path}`);
  // The folder keeps others out.
  assert.equal((await read(source)).origin.plaintext, false);
  await chmod(folder.path, 0o755);
  const { origin } = await read(source);
  assert.deepEqual(
    [origin.plaintext, origin.hint],
    [
      true,
      `Let only its owner read it: \`chmod 600 ${path}\`; in Kubernetes, \`defaultMode: 0400\` of the volume.`,
    ],
  );
  await chmod(path, 0o640);
  assert.equal((await read(source)).origin.plaintext, false);
});
