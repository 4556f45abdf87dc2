import { rm } from "node:fs/promises";

import { fileSuite } from "./file-suite.test.fixture.js";

fileSuite("one credentials file", (folder) => ({
  reference: `file://${folder.at("nats.creds")}`,
  put: ({ creds }) => folder.replace("nats.creds", creds),
  corrupt: (bytes) => folder.replace("nats.creds", bytes),
  remove: () => rm(folder.at("nats.creds")),
}));

fileSuite("a folder, its files written in place", (folder) => ({
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
