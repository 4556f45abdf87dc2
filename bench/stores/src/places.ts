// Stores, each with one place for one credential.
import {
  mkdir,
  mkdtemp,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect } from "@keyturn/nats";
import { natsServer, type TestUser } from "@keyturn/testkit";

/** A place in a store, and how a credential is put there. */
export interface Place {
  readonly name: string;
  readonly reference: string;
  put(user: TestUser): Promise<void>;
  close(): Promise<void>;
}

async function folder(): Promise<{ path: string; close: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "keyturn-bench-"));
  return { path, close: () => rm(path, { recursive: true }) };
}

const mode = 0o600;

async function credentialsFile(): Promise<Place> {
  const { path, close } = await folder();
  const file = join(path, "nats.creds");
  return {
    name: "file: a file, renamed",
    reference: `file://${file}`,
    put: async ({ creds }) => {
      await writeFile(`${file}.next`, creds, { mode });
      await rename(`${file}.next`, file);
    },
    close,
  };
}

/** As the kubelet writes a Secret: a folder of its own each time, and one link that is swapped. */
async function kubernetesVolume(): Promise<Place> {
  const { path, close } = await folder();
  let version = 0;
  return {
    name: "file: a Kubernetes volume",
    reference: `file://${path}`,
    put: async ({ jwt, seed }) => {
      const next = `..${++version}`;
      await mkdir(join(path, next));
      await writeFile(join(path, next, "jwt"), jwt, { mode });
      await writeFile(join(path, next, "seed"), seed, { mode });
      const data = join(path, "..data");
      const old = await readlink(data).catch(() => undefined);
      await symlink(next, join(path, "..tmp"));
      await rename(join(path, "..tmp"), data);
      if (old !== undefined) return rm(join(path, old), { recursive: true });
      for (const name of ["jwt", "seed"])
        await symlink(join("..data", name), join(path, name));
    },
    close,
  };
}

/** Two files written in place, one after the other: what is half changed has to wait. */
async function twoFiles(): Promise<Place> {
  const { path, close } = await folder();
  return {
    name: "file: two files, in place",
    reference: `file://${path}`,
    put: async ({ jwt, seed }) => {
      await writeFile(join(path, "jwt"), jwt, { mode });
      await writeFile(join(path, "seed"), seed, { mode });
    },
    close,
  };
}

async function bucket(): Promise<Place> {
  const server = await natsServer({ jetstream: true, debug: false });
  const client = await connect({ servers: server.url });
  const stream = {
    name: "KV_creds",
    subjects: ["$KV.creds.>"],
    max_msgs_per_subject: 1,
    allow_direct: true,
    allow_rollup_hdrs: true,
    storage: "memory",
  };
  const made = await client.request(
    "$JS.API.STREAM.CREATE.KV_creds",
    JSON.stringify(stream),
  );
  if (made.string().includes('"error"')) throw new Error(made.string());
  return {
    name: "nats-kv: a bucket",
    reference: `nats-kv://creds/orders?servers=${server.url}`,
    put: async ({ creds }) => {
      await client.request("$KV.creds.orders", creds);
    },
    close: async () => {
      await client.close();
      await server.stop();
    },
  };
}

export const places: readonly (() => Promise<Place>)[] = [
  credentialsFile,
  kubernetesVolume,
  twoFiles,
  bucket,
];
