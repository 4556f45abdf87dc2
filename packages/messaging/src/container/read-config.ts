import { readFile } from "node:fs/promises";

import { nearest } from "@keyturn/nats";
import { LineCounter, parseDocument } from "yaml";

import { fail } from "../errors/messaging-errors.js";

/** What a host would tell the provider, as its operator writes it where there is no host. */
export interface ContainerConfig {
  readonly lattice: {
    readonly name: string;
    readonly url: string;
    /** Reference to a credentials file; absent = anonymous. */
    readonly credentials: string | undefined;
  };
  /** Id of the provider in the lattice. */
  readonly provider: string;
  readonly log: { readonly level: string; readonly json: boolean };
  readonly config: Texts;
  /** Name: reference. */
  readonly secrets: Texts;
  readonly links: readonly ContainerLink[];
}

/** One link between the provider and a component. */
export interface ContainerLink {
  readonly component: string;
  /** `handler`: messages to the component; `consumer`: messages from it. */
  readonly interface: "handler" | "consumer";
  readonly name: string;
  readonly config: Texts;
  readonly secrets: Texts;
}

type Texts = Readonly<Record<string, string>>;

const logLevels = ["error", "warn", "info", "debug", "trace"];
const logFormats = ["text", "json"];
const interfaces = ["handler", "consumer"] as const;

/**
 * The config in a file, or in a variable of the environment if `file` is "".
 *
 * @throws KeyturnError `MESSAGING_CONTAINER_CONFIG_INVALID`
 */
export async function readConfig(
  file: string,
  variable: string,
): Promise<ContainerConfig> {
  if (file === "")
    return parseConfig(process.env[variable] ?? "", `\`${variable}\``);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw fail(
      "MESSAGING_CONTAINER_CONFIG_INVALID",
      `The config in ${file} cannot be read.`,
      { cause },
    );
  }
  return parseConfig(text, file);
}

/**
 * Reads a config in YAML, of which JSON is a part.
 *
 * @param where names the file or variable in messages
 * @throws KeyturnError `MESSAGING_CONTAINER_CONFIG_INVALID`
 */
export function parseConfig(text: string, where: string): ContainerConfig {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const [error] = document.errors;
  if (error !== undefined) {
    // What the parser says may quote the line; what stands there may be a secret.
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw invalid(where, `line ${line}, column ${col} is no YAML`);
  }
  const top = new Section(where, "", document.toJS({ maxAliasCount: 100 }));
  top.only("lattice", "provider", "log", "config", "secrets", "links");
  const lattice = top.section("lattice");
  lattice.only("name", "url", "credentials");
  const log = top.section("log");
  const links = top.sections("links").map(readLink);
  if (links.length === 0) throw invalid(where, "it has no `links`");
  log.only("level", "format");
  return {
    lattice: {
      name: lattice.text("name") ?? "default",
      url: lattice.text("url") ?? "nats://127.0.0.1:4222",
      credentials: lattice.text("credentials"),
    },
    provider: top.text("provider") ?? "messaging",
    log: {
      level: log.oneOf("level", logLevels) ?? "info",
      json: log.oneOf("format", logFormats) === "json",
    },
    config: top.section("config").texts(),
    secrets: top.section("secrets").texts(),
    links,
  };
}

function readLink(link: Section): ContainerLink {
  link.only("component", "interface", "name", "config", "secrets");
  return {
    component: link.needed("component", link.text("component")),
    interface: link.needed("interface", link.oneOf("interface", interfaces)),
    name: link.text("name") ?? "default",
    config: link.section("config").texts(),
    secrets: link.section("secrets").texts(),
  };
}

/** A part of the config, which knows what it is called in messages. */
class Section {
  readonly #where: string;
  readonly #path: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(where: string, path: string, value: unknown) {
    this.#where = where;
    this.#path = path;
    if (
      value !== null &&
      value !== undefined &&
      (typeof value !== "object" || Array.isArray(value))
    )
      throw invalid(
        where,
        `${path === "" ? "it" : `\`${path}\``} is no map of names and values`,
      );
    this.#fields = { ...value };
  }

  /** Refuses names that are none of these. */
  only(...known: readonly string[]): void {
    for (const name of Object.keys(this.#fields)) {
      if (known.includes(name)) continue;
      const meant = nearest(name, known);
      throw invalid(
        this.#where,
        `\`${this.#name(name)}\` is not known`,
        meant === undefined
          ? `There are: ${known.join(", ")}.`
          : `Did you mean \`${meant}\`?`,
      );
    }
  }

  section(name: string): Section {
    return new Section(this.#where, this.#name(name), this.#fields[name]);
  }

  sections(name: string): Section[] {
    const list = this.#fields[name] ?? [];
    if (!Array.isArray(list))
      throw invalid(this.#where, `\`${this.#name(name)}\` is no list`);
    return list.map(
      (value: unknown, i) =>
        new Section(this.#where, `${this.#name(name)}[${i}]`, value ?? ""),
    );
  }

  text(name: string): string | undefined {
    const value = this.#fields[name] ?? undefined;
    if (typeof value === "number" || typeof value === "boolean")
      return String(value);
    if (value === undefined || typeof value === "string") return value;
    throw invalid(this.#where, `\`${this.#name(name)}\` is no text`);
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw invalid(
      this.#where,
      `\`${this.#name(name)}\` is none of ${words.join(", ")}`,
    );
  }

  needed<T>(name: string, value: T | undefined): T {
    if (value !== undefined && value !== "") return value;
    throw invalid(this.#where, `\`${this.#name(name)}\` is missing`);
  }

  /** All of it, as texts. */
  texts(): Texts {
    return Object.fromEntries(
      Object.keys(this.#fields).map((name) => [name, this.text(name) ?? ""]),
    );
  }

  #name(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

function invalid(where: string, why: string, next?: string): Error {
  return fail(
    "MESSAGING_CONTAINER_CONFIG_INVALID",
    `The config in ${where} cannot be used: ${why}.`,
    next === undefined ? undefined : { next },
  );
}
