import type { CommandGroup } from "./command/command.js";
import { secretsGroup } from "./secrets/secrets-group.js";

/** The commands of `keyturn`, in the order of help. */
export const groups: readonly CommandGroup[] = [secretsGroup];
