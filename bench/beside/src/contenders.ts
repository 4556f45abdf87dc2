import { fileURLToPath } from "node:url";
import { resolve } from "node:path";

import type { Contender } from "./arena/contender.js";
import type { Options } from "./options.js";

const provider = import.meta.resolve("@keyturn/messaging");
const script = fileURLToPath(new URL("bundle/keyturn-messaging.cjs", provider));

/** Ours first, then the one that it is beside. */
export function contenders(options: Options): readonly Contender[] {
  const { profileFolder, against, rust } = options;
  const profile =
    profileFolder === undefined
      ? []
      : ["--cpu-prof", `--cpu-prof-dir=${resolve(profileFolder)}`];
  const ours: Contender = {
    name: "keyturn",
    what: `Keyturn as a script on Node.js ${process.versions.node}`,
    command: [process.execPath, ...profile, script],
    isProfiled: profileFolder !== undefined,
  };
  if (against !== undefined)
    return [
      ours,
      {
        name: against.name,
        what: `Keyturn of ${against.name}`,
        command: [process.execPath, against.script],
      },
    ];
  if (rust === undefined) return [ours];
  return [
    ours,
    {
      name: "rust",
      what: "wasmcloud-provider-messaging-nats 0.27.0, optimisation level 3",
      command: [rust],
    },
  ];
}
