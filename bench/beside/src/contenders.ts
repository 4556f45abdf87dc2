import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type { Contender } from "./arena/contender.js";
import type { Options } from "./options.js";
import type { Scenario } from "./scenarios/scenario.js";

const provider = import.meta.resolve("@keyturn/messaging");
const script = fileURLToPath(new URL("bundle/keyturn-messaging.cjs", provider));

const bare = fileURLToPath(new URL("bare/main.js", import.meta.url));
const executable = fileURLToPath(
  new URL(
    `../../../dist/exe/keyturn-messaging-${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`,
    provider,
  ),
);

/** Who takes part in a scenario: ours first, then the one that it is beside. */
export function contendersOf(
  scenario: Scenario,
  options: Options,
): readonly Contender[] {
  const { against, rust, isQuick, words } = options;
  if (scenario.isWithoutProvider === true) return [nobody];
  if (against !== undefined) return [ours(options), otherCheckout(against)];
  const hasFloors =
    scenario.withFloors === true && (!isQuick || words.length > 0);
  return [
    ours(options),
    ...(rust === undefined ? [] : [inRust(rust)]),
    ...(scenario.withExecutable === true && existsSync(executable)
      ? [asExecutable]
      : []),
    ...(hasFloors ? floors : []),
  ];
}

function ours({ profileFolder }: Options): Contender {
  const profile =
    profileFolder === undefined
      ? []
      : ["--cpu-prof", `--cpu-prof-dir=${resolve(profileFolder)}`];
  return {
    name: "keyturn",
    what: `Keyturn as a script on Node.js ${process.versions.node}`,
    command: [process.execPath, ...profile, script],
    isProfiled: profileFolder !== undefined,
  };
}

function otherCheckout(against: {
  readonly name: string;
  readonly script: string;
}): Contender {
  return {
    name: against.name,
    what: `Keyturn of ${against.name}`,
    command: [process.execPath, against.script],
  };
}

function inRust(path: string): Contender {
  return {
    name: "rust",
    what: "wasmcloud-provider-messaging-nats 0.27.0, optimisation level 3",
    command: [path],
  };
}

const asExecutable: Contender = {
  name: "executable",
  what: "Keyturn as a single executable",
  command: [executable],
};

const nobody: Contender = {
  name: "nobody",
  what: "driver and server alone",
  command: ["true"],
};

/** What the exchange costs in Node.js when nothing else is done. */
const floors: readonly Contender[] = [
  {
    name: "nats.js",
    what: "the exchange and nothing else, on plain nats.js",
    command: [process.execPath, bare, "nats.js"],
  },
  {
    name: "sockets",
    what: "the exchange and nothing else, on raw sockets of Node.js",
    command: [process.execPath, bare, "sockets"],
  },
];
