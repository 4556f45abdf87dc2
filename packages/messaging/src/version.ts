import { createRequire } from "node:module";

const manifest = createRequire(import.meta.url)("../package.json") as {
  readonly version: string;
};

/** Of this package. In the bundled executable the bundler has written it in place of this module. */
export const version: string = manifest.version;
