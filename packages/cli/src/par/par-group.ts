import type { CommandGroup } from "../command/command.js";
import { create } from "./commands/create.js";
import { inspect } from "./commands/inspect.js";
import { keygen } from "./commands/keygen.js";
import { sign } from "./commands/sign.js";

export const parGroup: CommandGroup = {
  name: "par",
  summary: "Provider archives, which wasmCloud hosts start",
  commands: [create, inspect, sign, keygen],
};
