import type { Command, CommandGroup, OptionSpec } from "./command.js";
import { commonOptions } from "./parse.js";
import type { Style } from "./terminal.js";

type Row = readonly [left: string, right: string];

/** Help of `keyturn` as a whole. */
export function helpOfAll(
  version: string,
  groups: readonly CommandGroup[],
  style: Style,
): string {
  return [
    `keyturn ${version}`,
    "",
    style.bold("Usage"),
    "  keyturn GROUP COMMAND [options]",
    "",
    ...groups.flatMap((group) => [
      style.bold(`keyturn ${group.name}`),
      `  ${group.summary}`,
      ...rows(group.commands.map(({ name, summary }) => [name, summary])),
      "",
    ]),
    style.bold("Options"),
    ...rows([
      ["--help", "print this text, or that of a group or command"],
      ["--version", "print the version"],
    ]),
    "",
  ].join("\n");
}

/** Help of a group. */
export function helpOfGroup(group: CommandGroup, style: Style): string {
  return [
    `keyturn ${group.name}: ${group.summary}`,
    "",
    style.bold("Commands"),
    ...rows(group.commands.map(({ name, summary }) => [name, summary])),
    "",
    `More about one: keyturn ${group.name} COMMAND --help`,
    "",
  ].join("\n");
}

/** Help of a command; `what` is the command as it is typed. */
export function helpOfCommand(
  what: string,
  command: Command,
  style: Style,
): string {
  const args = command.arguments ?? [];
  const options = { ...command.options, ...commonOptions };
  const usage = [
    what,
    ...args.map(({ name, many, optional }) => {
      const word = many === true ? `${name}…` : name;
      return optional === true ? `[${word}]` : word;
    }),
    "[options]",
  ].join(" ");
  const block = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [style.bold(title), ...lines, ""];
  return [
    `${command.summary}.`,
    ...(command.details === undefined ? [] : ["", command.details]),
    "",
    style.bold("Usage"),
    `  ${usage}`,
    "",
    ...block(
      "Arguments",
      rows(args.map(({ name, summary }) => [name, summary])),
    ),
    ...block(
      "Options",
      rows(
        Object.entries(options).map(([name, spec]) => [
          spelled(name, spec),
          explained(spec),
        ]),
      ),
    ),
    ...block(
      "Examples",
      (command.examples ?? []).map((line) => `  ${line}`),
    ),
  ].join("\n");
}

function spelled(name: string, spec: OptionSpec): string {
  if (spec.type === "flag") return `--${name}`;
  return `--${name} ${spec.value ?? (spec.type === "count" ? "N" : "TEXT")}`;
}

function explained(spec: OptionSpec): string {
  const notes = [
    ...(spec.required === true ? ["needed"] : []),
    ...(spec.many === true ? ["may be given several times"] : []),
    ...(spec.env === undefined ? [] : [`or $${spec.env}`]),
    ...(spec.default === undefined ? [] : [`default ${spec.default}`]),
  ];
  return notes.length === 0
    ? spec.summary
    : `${spec.summary} (${notes.join(", ")})`;
}

function rows(entries: readonly Row[]): string[] {
  const width = Math.max(...entries.map(([left]) => left.length));
  return entries.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
