import type { CommandGroup } from "../command/command.js";
import { get } from "./commands/get.js";
import { history } from "./commands/history.js";
import { keygen } from "./commands/keygen.js";
import { list } from "./commands/list.js";
import { map } from "./commands/map.js";
import { mappings } from "./commands/mappings.js";
import { put } from "./commands/put.js";
import { rekey } from "./commands/rekey.js";
import { rm } from "./commands/rm.js";
import { serve } from "./commands/serve.js";
import { unmap } from "./commands/unmap.js";

export const secretsGroup: CommandGroup = {
  name: "secrets",
  summary: "A secrets backend for wasmCloud: keep, serve and audit secrets",
  commands: [
    keygen,
    serve,
    put,
    get,
    list,
    history,
    rm,
    map,
    unmap,
    mappings,
    rekey,
  ],
};
