import type { CommandGroup } from "./command/command.js";
import { parGroup } from "./par/par-group.js";
import { secretsGroup } from "./secrets/secrets-group.js";

/** The commands of `keyturn`, in the order of help. */
export const groups: readonly CommandGroup[] = [secretsGroup, parGroup];
