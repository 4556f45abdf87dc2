import { resolve } from "node:path";

import { fail } from "../errors/nats-errors.js";
import { hintOfReadableByAll, SettledFiles } from "../files/settled-files.js";
import type { KeptSource } from "../keeper/keeper.js";
import type { ClientTls, TlsMaterial } from "./client-tls.js";

/** The options of nats.js that name files. */
export const tlsFileNames = ["caFile", "certFile", "keyFile"] as const;

/** Paths of PEM files. */
export interface TlsPaths {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
}

/**
 * Certificates and key in files: read again when these change, however they are written. As long as key
 * and certificate do not belong together, a change is taken for half done.
 */
export function tlsFiles(
  given: TlsPaths,
  make: (material: TlsMaterial) => ClientTls,
): KeptSource<ClientTls> {
  const paths = new Map<string, string>();
  for (const [name, path] of Object.entries(given) as [string, string?][])
    if (path !== undefined) paths.set(name, resolve(path));
  const source = [...paths.values()].map((path) => `\`${path}\``).join(", ");
  return new SettledFiles({
    files: () => ({ paths, folder: undefined }),
    what: "TLS",
    make: async (contents, { files, changedAt }) => {
      const text = (name: string): string | undefined =>
        contents.get(name)?.use((bytes) => Buffer.from(bytes).toString("utf8"));
      for (const [name, path] of paths)
        if (!contents.has(name))
          throw fail(
            "CONNECT_TLS_INVALID",
            `There is no file \`${path}\`, which \`tls.${name}File\` names.`,
            { next: "Put it there, or correct the path." },
          );
      const keyFile = files.get("key");
      const hint =
        keyFile === undefined
          ? undefined
          : await hintOfReadableByAll([keyFile]);
      return make({
        ca: text("ca"),
        cert: text("cert"),
        key: contents.get("key"),
        origin: {
          source,
          plaintext: hint !== undefined,
          ...(hint !== undefined && { hint }),
          version: new Date(changedAt).toISOString(),
        },
      });
    },
  });
}
