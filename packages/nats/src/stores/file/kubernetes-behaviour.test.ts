import { kubeletWrites } from "./file-lab.test.fixture.js";
import { fileSuite } from "./file-suite.test.fixture.js";

fileSuite("two named files of a Kubernetes volume", (folder) => ({
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
