import type { CommandGroup } from "../command/command.js";
import { keygen } from "./commands/keygen.js";

export const secretsGroup: CommandGroup = {
  name: "secrets",
  summary: "A secrets backend for wasmCloud: keep, serve and audit secrets",
  commands: [keygen],
};
