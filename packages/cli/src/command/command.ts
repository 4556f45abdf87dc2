import type { Terminal } from "./terminal.js";

/** An option of a command: `--name`, or `--name VALUE`. */
export interface OptionSpec {
  /** `flag` takes no value; `count` a whole number. */
  readonly type: "flag" | "text" | "count";
  /** What it does, for help; a part of a sentence. */
  readonly summary: string;
  /** What stands for the value in help. Default `TEXT`, or `N`. */
  readonly value?: string;
  /** A variable of the environment that stands in for it. */
  readonly env?: string;
  /** Whether it may be given several times (`text`). */
  readonly many?: true;
  /** Whether the command cannot do without. */
  readonly required?: true;
  /** The value if it is not given. */
  readonly default?: string | number;
  /** Bounds of a `count`. */
  readonly min?: number;
  readonly max?: number;
}

/** What a command takes after its options. */
export interface ArgumentSpec {
  /** As help shows it, for example `KEY`. */
  readonly name: string;
  readonly summary: string;
  /** Any number of them, at least one; only for the last. */
  readonly many?: true;
  /** It may be left out; only for the last. */
  readonly optional?: true;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type Basic<Spec extends OptionSpec> = Spec["type"] extends "count"
  ? number
  : string;

/** What an option gives to the command. */
export type OptionValue<Spec extends OptionSpec> = Spec["type"] extends "flag"
  ? boolean
  : Spec extends { readonly many: true }
    ? readonly string[]
    : Spec extends
          { readonly required: true } | { readonly default: string | number }
      ? Basic<Spec>
      : Basic<Spec> | undefined;

/** What was typed, checked. */
export interface Input<Specs extends OptionSpecs = OptionSpecs> {
  readonly options: {
    readonly [Name in keyof Specs]: OptionValue<Specs[Name]>;
  };
  /** As many as the command has arguments, or more if the last may be many. */
  readonly arguments: readonly string[];
}

/** A command: `keyturn GROUP NAME`. */
export interface CommandSpec<Specs extends OptionSpecs> {
  readonly name: string;
  /** One line for the list of commands; begins with a capital, ends without a stop. */
  readonly summary: string;
  /** More for its own help: what it needs, what it leaves. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: Specs;
  /** Lines that can be typed as they are. */
  readonly examples?: readonly string[];
  /**
   * Does it. What it throws is shown with the exit code of its code.
   *
   * @throws KeyturnError
   */
  run(input: Input<Specs>, terminal: Terminal): Promise<void>;
}

/** A command of any options. */
export type Command = CommandSpec<OptionSpecs>;

/** Commands about one thing: `keyturn NAME …`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** Lets the compiler see which values the options of a command have. */
export function defineCommand<const Specs extends OptionSpecs>(
  spec: CommandSpec<Specs>,
): Command {
  // `run` is only ever called with what was parsed by the very same options.
  return spec as unknown as Command;
}
