export { exitCodes, type ExitCode } from "./command/exit-codes.js";
export { cliErrors } from "./errors/cli-errors.js";
