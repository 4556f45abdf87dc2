import { storeSuite, type StoreLab } from "../store-behaviour.test.fixture.js";
import { tempFolder, type TempFolder } from "./file-lab.test.fixture.js";

/** Far below the pause between looks: the change has to show by itself. */
const noticesWithinMs = 3000;

export function fileSuite(
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
