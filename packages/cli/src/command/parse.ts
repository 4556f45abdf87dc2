import { parseArgs } from "node:util";

import { nearest } from "@keyturn/nats";

import { fail } from "../errors/cli-errors.js";
import type { Command, Input, OptionSpec } from "./command.js";

type Env = Readonly<Record<string, string | undefined>>;

/** Options that every command has. */
export const commonOptions = {
  json: { type: "flag", summary: "print JSON, for programs" },
  help: { type: "flag", summary: "print this text" },
} as const satisfies Record<string, OptionSpec>;

/** What was typed after the name of a command. */
export interface Parsed {
  readonly input: Input;
  readonly json: boolean;
  readonly help: boolean;
}

/**
 * Reads options and arguments. `what` is the command as it is typed, for errors. With `--help` nothing
 * else is checked.
 *
 * @throws KeyturnError `CLI_OPTION_…`, `CLI_ARGUMENTS_WRONG`
 */
export function parseInput(
  what: string,
  command: Command,
  args: readonly string[],
  env: Env,
): Parsed {
  const specs: Readonly<Record<string, OptionSpec>> = {
    ...command.options,
    ...commonOptions,
  };
  const next = `Look at what it takes: \`${what} --help\`.`;
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { type }]) => [
        name,
        { type: type === "flag" ? "boolean" : "string", multiple: true },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const spec = specs[token.name];
    if (spec === undefined) throw unknownOption(what, token.rawName, specs);
    const values = given.get(token.name) ?? [];
    given.set(token.name, values);
    if (spec.type === "flag" && token.value !== undefined)
      throw fail(
        "CLI_OPTION_INVALID",
        `The option \`${token.rawName}\` of \`${what}\` takes no value.`,
        { next },
      );
    // `--to --json` is a forgotten value, `--to=--json` is meant.
    if (
      spec.type !== "flag" &&
      (token.value === undefined ||
        (token.inlineValue === false && /^-./.test(token.value)))
    )
      throw fail(
        "CLI_OPTION_INVALID",
        `The option \`${token.rawName}\` of \`${what}\` needs a value.`,
        { next },
      );
    if (values.length > 0 && spec.many !== true)
      throw fail(
        "CLI_OPTION_INVALID",
        `The option \`${token.rawName}\` of \`${what}\` was given twice.`,
        { next },
      );
    values.push(token.value ?? "");
  }
  const flags = { json: given.has("json"), help: given.has("help") };
  if (flags.help) return { input: { options: {}, arguments: [] }, ...flags };
  const options: Record<string, Input["options"][string]> = {};
  for (const [name, spec] of Object.entries(command.options))
    options[name] = valueOf(what, name, spec, given.get(name), env, next);
  checkArguments(what, command, positionals, next);
  return { input: { options, arguments: positionals }, ...flags };
}

function valueOf(
  what: string,
  name: string,
  spec: OptionSpec,
  typed: readonly string[] | undefined,
  env: Env,
  next: string,
): Input["options"][string] {
  if (spec.type === "flag") return (typed !== undefined) as never;
  if (spec.many === true) return (typed ?? []) as never;
  const fromEnv = spec.env === undefined ? undefined : env[spec.env];
  const value = typed?.[0] ?? (fromEnv === "" ? undefined : fromEnv);
  if (value === undefined) {
    if (spec.required === true)
      throw fail(
        "CLI_OPTION_MISSING",
        `\`${what}\` needs the option \`--${name}\`: ${spec.summary}.`,
        { next },
      );
    return spec.default as never;
  }
  if (spec.type === "text") return value as never;
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : -1;
  if (number < min || number > max)
    throw fail(
      "CLI_OPTION_INVALID",
      `The option \`--${name}\` of \`${what}\` is a whole number from ${min} to ${max}.`,
      { next },
    );
  return number as never;
}

function checkArguments(
  what: string,
  { arguments: specs = [] }: Command,
  given: readonly string[],
  next: string,
): void {
  const missing = specs[given.length];
  if (missing !== undefined && missing.optional !== true)
    throw fail(
      "CLI_ARGUMENTS_WRONG",
      `\`${what}\` needs ${missing.name}: ${missing.summary}.`,
      { next },
    );
  // What is too much is not repeated: it may be a secret that was meant for standard input.
  if (given.length > specs.length && specs.at(-1)?.many !== true)
    throw fail(
      "CLI_ARGUMENTS_WRONG",
      `\`${what}\` takes ${specs.length === 0 ? "no arguments" : specs.map(({ name }) => name).join(" ")}, and ${given.length} were given.`,
      { next },
    );
}

function unknownOption(
  what: string,
  typed: string,
  specs: Readonly<Record<string, OptionSpec>>,
): Error {
  const meant = nearest(typed.replace(/^-+/, ""), Object.keys(specs));
  return fail(
    "CLI_OPTION_UNKNOWN",
    `\`${what}\` has no option \`${typed}\`.${meant === undefined ? "" : ` Did you mean \`--${meant}\`?`}`,
    { next: `Look at what it takes: \`${what} --help\`.` },
  );
}
