import { parseArgs } from "node:util";

/** What `npm run bench -- beside` is told. */
export interface Options {
  /** As it was typed. */
  readonly command: string;
  /** Scenarios or groups of them. None: all. */
  readonly words: readonly string[];
  readonly isQuick: boolean;
  readonly asJson: boolean;
  readonly writesDocs: boolean;
  readonly soakSeconds: number | undefined;
  /** Folder for processor profiles of ours. */
  readonly profileFolder: string | undefined;
  /** Executable of the driver. */
  readonly driver: string;
  /** Executable of the provider in Rust. */
  readonly rust: string | undefined;
  /** The script of another checkout, and what that one is called. */
  readonly against:
    { readonly name: string; readonly script: string } | undefined;
}

/** @throws Error that names the option if there is none of that name, or its value is bad */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
      soak: { type: "string" },
      "cpu-prof": { type: "string" },
      against: { type: "string" },
      "against-script": { type: "string" },
      driver: { type: "string" },
      rust: { type: "string" },
    },
  });
  const { driver, soak, against } = values;
  if (driver === undefined)
    throw new Error(
      "There is no --driver. Use `npm run bench -- beside`, which builds one.",
    );
  const soakSeconds = soak === undefined ? undefined : Number(soak);
  if (soakSeconds !== undefined && !(soakSeconds >= 10))
    throw new Error(`--soak is "${soak}". Give it seconds, at least 10.`);
  const script = values["against-script"];
  const typed = args.filter((_, i) => !isAdded(args, i));
  return {
    command: ["npm run bench -- beside", ...typed.map(quoted)].join(" "),
    words: positionals,
    isQuick: values.quick,
    asJson: values.json,
    writesDocs: values["write-docs"],
    soakSeconds,
    profileFolder: values["cpu-prof"],
    driver,
    rust: values.rust,
    against:
      against !== undefined && script !== undefined
        ? { name: against, script }
        : undefined,
  };
}

/** Whether an argument was not typed, but added by `scripts/bench.mjs`, or is the value of such a one. */
function isAdded(args: readonly string[], i: number): boolean {
  const added = ["--driver", "--rust", "--against-script"];
  return added.includes(args[i] ?? "") || added.includes(args[i - 1] ?? "");
}

function quoted(arg: string): string {
  return arg.includes(" ") ? `"${arg}"` : arg;
}
