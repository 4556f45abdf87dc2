import { fail } from "../errors/provider-errors.js";
import { exitCodes } from "./exit-codes.js";
import { reportFatal } from "./report-fatal.js";

/**
 * Ends the process on an error that nothing handled, as its state is unknown then. What is told
 * are the error's name, code and the places of its stack; not its message, which comes from
 * anywhere and may quote what it stumbled over.
 */
export function guardCrashes(program: string): void {
  const crash = (thrown: unknown): never => {
    const error = fail(
      "PROVIDER_CRASHED",
      `The program crashed: ${describeCrash(thrown)}.`,
    );
    reportFatal(program, error);
    process.exit(exitCodes.crash);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
}

/** `TypeError (ERR_X) at main.js:3:5, at …`; frames and codes only. */
export function describeCrash(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `a thrown ${typeof thrown}`;
  const { code } = thrown as { readonly code?: unknown };
  const shown =
    typeof code === "string" && /^[A-Z][A-Z0-9_]{1,48}$/.test(code)
      ? ` (${code})`
      : "";
  return `${constructorName(thrown)}${shown}${frames(thrown)}`;
}

/** From the class, not from the writable property `name`. */
function constructorName(error: Error): string {
  const { name } = error.constructor;
  return /^\w{1,48}$/.test(name) ? name : "Error";
}

function frames(error: Error): string {
  const stack = typeof error.stack === "string" ? error.stack : "";
  // A stack begins with the message, whose lines can look like frames.
  const said = stack.indexOf(error.message);
  const places = stack
    .slice(said < 0 ? 0 : said + error.message.length)
    .split("\n")
    .filter((line) => /^ {4}at .{1,300}:\d+:\d+\)?$/.test(line))
    .slice(0, 6)
    .map((line) => line.trim());
  return places.length === 0 ? "" : ` ${places.join(", ")}`;
}
