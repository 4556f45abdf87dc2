// The messaging provider in one file: a script that a host with Node.js can start as it is, and the main
// program of the single executables. It ships in the npm package, where `keyturn par` finds it.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { StepFailed } from "../lib/step.mjs";
import { readJson, root } from "../lib/workspace.mjs";
import { asText } from "./as-text.mjs";
import { licences } from "./licences.mjs";

const member = "packages/messaging";

/** Absolute path of the bundle. */
export const bundlePath = join(
  root,
  member,
  "dist/bundle/keyturn-messaging.cjs",
);

/** Makes the bundle from what tsc has compiled. Same sources, same bytes. */
export async function bundle() {
  const before = existsSync(bundlePath) && readFileSync(bundlePath, "utf8");
  const texts = [];
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, member, "dist/main.js")],
    outfile: bundlePath,
    bundle: true,
    platform: "node",
    target: "node20.20",
    // A file without extension, as a host extracts it, is a CommonJS script to every Node.js.
    format: "cjs",
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "silent",
    plugins: [withVersion, asText(root, texts)],
  }).catch((error) => {
    throw new StepFailed(cannotBundle(error.errors ?? [{ text: `${error}` }]));
  });
  // Modules that nothing uses are left out, and so is what would be wrong with them.
  const parts = Object.values(metafile.outputs)[0].inputs;
  const told = warnings.filter(
    ({ location }) => !location || parts[location.file]?.bytesInOutput > 0,
  );
  if (told.length > 0) throw new StepFailed(cannotBundle(told));
  const inputs = [...Object.keys(metafile.inputs), ...texts];
  const text = `${outputFiles[0].text}${licences(inputs)}`;
  if (text !== before) {
    mkdirSync(dirname(bundlePath), { recursive: true });
    writeFileSync(bundlePath, text);
  }
  chmodSync(bundlePath, 0o755);
}

/** There is no package.json beside a bundle that could be asked. */
const withVersion = {
  name: "version",
  setup(build) {
    build.onLoad(
      { filter: /\/packages\/messaging\/dist\/version\.js$/ },
      () => {
        const { version } = readJson(join(root, member, "package.json"));
        return {
          contents: `export const version = ${JSON.stringify(version)};`,
        };
      },
    );
  },
};

function cannotBundle(messages) {
  return [
    "The provider cannot be bundled into one file:",
    ...messages.map(
      ({ text, location }) =>
        `  ${location ? `${location.file}:${location.line}: ` : ""}${text}`,
    ),
    "Beside a bundle there is no file: a worker, a child process or data has to be left out of the provider, or put into the bundle as text by scripts/exe/bundle.mjs.",
  ].join("\n");
}
