import { rm } from "node:fs/promises";
import { test } from "node:test";

import { rejects } from "../../errors/refuses.test.fixture.js";
import { tempFolder } from "../file/file-lab.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";

const { signal } = new AbortController();
/** One for all tests of this process, as systemd gives one to a service. */
const folder = await tempFolder();
process.env["CREDENTIALS_DIRECTORY"] = folder.path;
let labs = 0;

storeSuite({
  name: "systemd: one credential",
  noticesWithinMs: 3000,
  open: async () => {
    const name = `nats-${labs++}.creds`;
    return {
      reference: `systemd:${name}`,
      put: ({ creds }) => folder.write(name, creds),
      corrupt: (bytes) => folder.write(name, bytes),
      remove: () => rm(folder.at(name)),
      [Symbol.asyncDispose]: () => rm(folder.at(name), { force: true }),
    };
  },
});

storeSuite({
  name: "systemd: two credentials",
  noticesWithinMs: 3000,
  open: async () => {
    const [jwt, seed] = [`${labs}.jwt`, `${labs++}.seed`];
    const remove = async (): Promise<void> => {
      await rm(folder.at(jwt), { force: true });
      await rm(folder.at(seed), { force: true });
    };
    return {
      reference: `systemd:?jwt=${jwt}&seed=${seed}`,
      put: async (user) => {
        await folder.write(jwt, user.jwt);
        await folder.write(seed, user.seed);
      },
      putHalf: (user) => folder.write(jwt, user.jwt),
      corrupt: async (bytes) => {
        await folder.write(jwt, bytes);
        await folder.write(seed, bytes);
      },
      remove,
      [Symbol.asyncDispose]: remove,
    };
  },
});

void test("references that name no credential, and processes that have none", async () => {
  const refused = (
    reference: string,
    code: string,
    message: string,
  ): Promise<void> =>
    rejects(
      (async () => credentialsFrom(reference).read(signal))(),
      code,
      message,
    );
  const two =
    "The credential reference `systemd:` cannot be used: it names no credential, or one in two ways. Write `systemd:nats.creds`, or `systemd:?jwt=nats.jwt&seed=nats.seed`.";
  for (const reference of [
    "systemd:",
    "systemd://nats.creds",
    "systemd:a?jwt=b",
  ])
    await refused(reference, "REFERENCE_INVALID", two);
  await refused(
    "systemd:/etc/shadow",
    "REFERENCE_INVALID",
    "The credential reference `systemd:` cannot be used: one of its names is no name of a credential. Write what stands before `:` in `LoadCredential=`, without `/`.",
  );
  await refused(
    "systemd:nats.creds",
    "STORE_ABSENT",
    "Systemd gave this process no credential for systemd:nats.creds. Give it to the service: `LoadCredential=nats.creds:/path`.",
  );
  delete process.env["CREDENTIALS_DIRECTORY"];
  await refused(
    "systemd:nats.creds",
    "STORE_UNREADABLE",
    "There are no credentials of systemd for systemd:nats.creds: `$CREDENTIALS_DIRECTORY` is not set. Start this process as a service of systemd, with `LoadCredential=nats.creds:/path`.",
  );
  await folder[Symbol.asyncDispose]();
});
