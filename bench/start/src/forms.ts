import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A way to start the messaging provider. */
export interface Form {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const provider = import.meta.resolve("@keyturn/messaging");
const repository = new URL("../../../", provider);
const own = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-${process.platform}`;

export const executableForm = "single executable";
export const scriptForm = (version: string): string =>
  `script, Node.js ${version}`;

/**
 * Those that are there: the single executable, and the Node.js in it, after `npm run build:exe`; wasmCloud's
 * own provider if `KEYTURN_RUST_PROVIDER` names it, or once `npm run bench` or `conformance` has built it.
 */
export function forms(): Form[] {
  const main = fileURLToPath(new URL("main.js", provider));
  const script = fileURLToPath(
    new URL("bundle/keyturn-messaging.cjs", provider),
  );
  const executable = fileURLToPath(
    new URL(`dist/exe/keyturn-messaging-${own}`, repository),
  );
  const here = `Node.js ${process.versions.node}`;
  const found: Form[] = [
    { name: `modules, ${here}`, command: [process.execPath, main] },
    {
      name: scriptForm(process.versions.node),
      command: [process.execPath, script],
    },
  ];
  const cache = fileURLToPath(new URL(".cache/node/", repository));
  for (const entry of existsSync(cache) ? readdirSync(cache) : []) {
    if (entry.endsWith(`-${own}`))
      found.push({
        name: scriptForm(entry.slice(0, -own.length - 1)),
        command: [`${cache}${entry}/node`, script],
      });
  }
  if (existsSync(executable))
    found.push({ name: executableForm, command: [executable] });
  const rust =
    process.env["KEYTURN_RUST_PROVIDER"] ??
    fileURLToPath(
      new URL(".cache/cargo/release/keyturn-rust-provider", repository),
    );
  if (existsSync(rust))
    found.push({ name: "wasmCloud's own, in Rust", command: [rust] });
  return found;
}
