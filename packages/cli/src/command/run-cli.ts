import { isKeyturnError, nearest } from "@keyturn/nats";

import { fail } from "../errors/cli-errors.js";
import type { Command, CommandGroup } from "./command.js";
import { exitCodeOf, exitCodes, type ExitCode } from "./exit-codes.js";
import { helpOfAll, helpOfCommand, helpOfGroup } from "./help.js";
import { parseInput } from "./parse.js";
import { Terminal, type Surroundings } from "./terminal.js";

/** What `keyturn` is made of. */
export interface Program {
  readonly version: string;
  readonly groups: readonly CommandGroup[];
}

/** Runs what was typed after `keyturn`. Never throws: errors are shown, and are in the exit code. */
export async function runCli(
  program: Program,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  // Errors have their form even where the fault is in the options themselves.
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  const terminal = new Terminal(surroundings, options.includes("--json"));
  try {
    return await dispatch(program, args, terminal);
  } catch (error) {
    terminal.fail(
      isKeyturnError(error)
        ? error
        : fail("CLI_UNEXPECTED", "Something unexpected happened.", {
            cause: error,
          }),
    );
    return exitCodeOf(error);
  }
}

async function dispatch(
  { version, groups }: Program,
  [first, second, ...rest]: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const { stdout } = terminal.surroundings;
  const { style } = terminal;
  if (first === "--version") {
    stdout.write(`${version}\n`);
    return exitCodes.done;
  }
  if (first === undefined || isHelp(first)) {
    stdout.write(helpOfAll(version, groups, style));
    return first === undefined ? exitCodes.usage : exitCodes.done;
  }
  const group = named("keyturn", groups, first);
  const name = `keyturn ${group.name}`;
  if (second === undefined || isHelp(second)) {
    stdout.write(helpOfGroup(group, style));
    return second === undefined ? exitCodes.usage : exitCodes.done;
  }
  const command = named<Command>(name, group.commands, second);
  const what = `${name} ${command.name}`;
  const { input, help } = parseInput(
    what,
    command,
    rest,
    terminal.surroundings.env,
  );
  if (help) stdout.write(helpOfCommand(what, command, style));
  else await command.run(input, terminal);
  return exitCodes.done;
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h" || word === "help";
}

/** @throws KeyturnError `CLI_COMMAND_UNKNOWN`, `CLI_OPTION_UNKNOWN` */
function named<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  typed: string,
): T {
  const found = all.find(({ name }) => name === typed);
  if (found !== undefined) return found;
  const names = all.map(({ name }) => name);
  if (typed.startsWith("-"))
    throw fail(
      "CLI_OPTION_UNKNOWN",
      `\`${what}\` has no option \`${typed}\`.`,
      {
        next: `Look at what there is: \`${what} --help\`.`,
      },
    );
  const meant = nearest(typed, names);
  throw fail(
    "CLI_COMMAND_UNKNOWN",
    `\`${what}\` has no command \`${typed}\`.${meant === undefined ? "" : ` Did you mean \`${what} ${meant}\`?`}`,
    { next: `Look at what there is: \`${what} --help\`.` },
  );
}
