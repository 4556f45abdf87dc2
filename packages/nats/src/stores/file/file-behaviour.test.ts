import { rm } from "node:fs/promises";

import { storeSuite, type StoreLab } from "../store-behaviour.test.fixture.js";
import {
  kubeletWrites,
  tempFolder,
  type TempFolder,
} from "./file-lab.test.fixture.js";

/** Far below the pause between looks: the change has to show by itself. */
const noticesWithinMs = 3000;

function suite(
  name: string,
  lab: (folder: TempFolder) => Omit<StoreLab, typeof Symbol.asyncDispose>,
): void {
  storeSuite({
    name: `file: ${name}`,
    noticesWithinMs,
    open: async () => {
      const folder = await tempFolder();
      return {
        ...lab(folder),
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      };
    },
  });
}

suite("one credentials file", (folder) => ({
  reference: `file://${folder.at("nats.creds")}`,
  put: ({ creds }) => folder.replace("nats.creds", creds),
  corrupt: (bytes) => folder.replace("nats.creds", bytes),
  remove: () => rm(folder.at("nats.creds")),
}));

suite("a folder, its files written in place", (folder) => ({
  reference: `file://${folder.path}`,
  put: async ({ jwt, seed }) => {
    await folder.write("jwt", jwt);
    await folder.write("seed", seed);
  },
  putHalf: ({ jwt }) => folder.write("jwt", jwt),
  corrupt: async (bytes) => {
    await folder.write("jwt", bytes);
    await folder.write("seed", bytes);
  },
  remove: async () => {
    await rm(folder.at("jwt"));
    await rm(folder.at("seed"));
  },
}));

suite("two named files of a Kubernetes volume", (folder) => ({
  reference: `file://${folder.path}?jwt=user.jwt&seed=user.nk`,
  put: ({ jwt, seed }) =>
    kubeletWrites(folder, { "user.jwt": jwt, "user.nk": seed }),
  putHalf: ({ jwt }) => kubeletWrites(folder, { "user.jwt": jwt }),
  corrupt: (bytes) =>
    kubeletWrites(folder, {
      "user.jwt": Buffer.from(bytes).toString("latin1"),
      "user.nk": "",
    }),
  remove: () => kubeletWrites(folder, {}),
}));
