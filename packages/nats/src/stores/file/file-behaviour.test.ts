import { chmod, rename, rm, writeFile } from "node:fs/promises";

import { storeSuite, type StoreLab } from "../store-behaviour.test.fixture.js";
import { tempFolder } from "./file-lab.test.fixture.js";

/** Nothing is unreadable for root. */
const isRoot = process.getuid?.() === 0;

storeSuite({
  name: "file: of one credentials file",
  noticesWithinMs: 3000,
  open: async (): Promise<StoreLab> => {
    const folder = await tempFolder();
    const path = folder.at("nats.creds");
    const put = async (content: string | Uint8Array): Promise<void> => {
      await writeFile(folder.at("new"), content, { mode: 0o600 });
      await rename(folder.at("new"), path);
    };
    return {
      reference: `file://${path}`,
      put: ({ creds }) => put(creds),
      corrupt: put,
      remove: () => rm(path),
      ...(!isRoot && {
        deny: async () => {
          await chmod(path, 0);
          return () => chmod(path, 0o600);
        },
      }),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
});

storeSuite({
  name: "file: of a folder with two files",
  noticesWithinMs: 3000,
  open: async (): Promise<StoreLab> => {
    const folder = await tempFolder();
    const put = (name: string, content: string | Uint8Array): Promise<void> =>
      writeFile(folder.at(name), content, { mode: 0o600 });
    return {
      reference: `file://${folder.path}`,
      put: async ({ jwt, seed }) => {
        await put("jwt", jwt);
        await put("seed", seed);
      },
      putHalf: ({ jwt }) => put("jwt", jwt),
      corrupt: async (bytes) => {
        await put("jwt", bytes);
        await put("seed", bytes);
      },
      remove: async () => {
        await rm(folder.at("jwt"));
        await rm(folder.at("seed"));
      },
      ...(!isRoot && {
        deny: async () => {
          await chmod(folder.at("seed"), 0);
          return () => chmod(folder.at("seed"), 0o600);
        },
      }),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
});
