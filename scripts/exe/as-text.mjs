// Packages that few need, in a bundle as text: compiled when they are first used, so that the start of
// everybody else does not pay for them.
import { build as bundle } from "esbuild";

/** Name of a package: a member of the workspace that has it. */
const packages = new Map([
  // A fifth of the start of the provider.
  ["@aws-sdk/client-secrets-manager", "packages/nats"],
  ["yaml", "packages/messaging"],
]);

/**
 * A plugin of esbuild.
 *
 * @param {string} root Absolute path of the repository.
 * @param {string[]} inputs Gets the files that the texts are made of.
 */
export function asText(root, inputs) {
  return {
    name: "as-text",
    setup(build) {
      const filter = new RegExp(`^(${[...packages.keys()].join("|")})$`);
      build.onResolve({ filter }, ({ path }) => ({ path, namespace: "text" }));
      build.onLoad({ filter, namespace: "text" }, async ({ path }) => {
        const { outputFiles, metafile } = await bundle({
          absWorkingDir: root,
          stdin: {
            contents: `module.exports = require(${JSON.stringify(path)});`,
            resolveDir: `${root}/${packages.get(path)}`,
          },
          bundle: true,
          platform: "node",
          target: "node20.20",
          format: "cjs",
          // What is compiled from text cannot import.
          supported: { "dynamic-import": false },
          minify: true,
          legalComments: "none",
          metafile: true,
          write: false,
          logLevel: "silent",
        });
        inputs.push(...Object.keys(metafile.inputs));
        return {
          contents: `
            const { compileFunction } = require("node:vm");
            const names = ["exports", "require", "module"];
            const code = ${JSON.stringify(outputFiles[0].text)};
            compileFunction(code, names)(exports, require, module);`,
        };
      });
    },
  };
}
