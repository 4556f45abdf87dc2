// What the sources of a package import. TypeScript 7 has no stable API to ask, and compiled code
// no longer shows the imports of types, so the sources are read: they are formatted by prettier,
// which makes statements easy to tell.
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { filesBelow } from "./workspace.mjs";

const patterns = [
  // import … from "x"; export … from "x";
  /^(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
  // import "x";
  /^import\s*["']([^"']+)["']/gm,
  // import("x"), also as a type; import.meta.resolve("x"); require("x"); require.resolve("x")
  /\b(?:import|import\.meta\.resolve|require|require\.resolve)\(\s*["']([^"']+)["']/g,
];

/** The specifiers that a source text imports, each once. */
export function importsOf(text) {
  const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [
    ...new Set(
      patterns.flatMap((pattern) =>
        [...code.matchAll(pattern)].map((match) => match[1]),
      ),
    ),
  ];
}

/**
 * Every import in the sources of a member of the workspace.
 *
 * @param {{ dir: string, path: string }} member
 * @returns {{ file: string, isTest: boolean, specifier: string }[]} `file` is relative to the
 * repository.
 */
export function importsOfMember(member) {
  return filesBelow(join(member.path, "src"))
    .filter((file) => /\.[cm]?ts$/.test(file))
    .flatMap((file) =>
      importsOf(readFileSync(join(member.path, "src", file), "utf8")).map(
        (specifier) => ({
          file: `${member.dir}/src/${file}`,
          isTest: /\.test\./.test(file),
          specifier,
        }),
      ),
    );
}

/** The package a specifier names: undefined for a relative one and for Node's own modules. */
export function packageOf(specifier) {
  if (/^[./#]/.test(specifier) || isBuiltin(specifier)) return undefined;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}
