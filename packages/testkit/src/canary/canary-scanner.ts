import { AssertionError } from "node:assert";
import { randomBytes } from "node:crypto";

import { decoded, printed } from "./views.js";

/** A secret, or a part of one, where it must not be. */
export interface Finding {
  /** Name of the secret. */
  readonly canary: string;
  /** Name of the source in which it was found. */
  readonly source: string;
  /** How it stood there, for example `inspect, base64`. */
  readonly how: string;
}

/** Where secrets must not be: texts, bytes, and values that could be printed. */
export type ScanSources = Readonly<Record<string, unknown>>;

const windowSize = 12;

/**
 * Knows secrets and finds them: whole, in parts (their first or last 12 characters, or any 23 in a
 * row), as they are, or encoded in one of the ways in which they slip through unseen.
 */
export class CanaryScanner {
  /** Each 12 characters in a row of every secret, with its name. */
  readonly #windows = new Map<string, string>();
  /** Texts that are looked for wherever they begin, with the name of the secret. */
  readonly #texts = new Map<string, string>();

  /**
   * Makes a secret known, and gives it back.
   *
   * @param secret default: a new password that needs escapes in URLs and in JSON
   */
  add(name: string, secret: string = newPassword()): string {
    for (const part of partsOf(secret)) {
      if (part.text.length < windowSize) this.#texts.set(part.text, name);
      else {
        if (part.beginsAlone)
          this.#texts.set(part.text.slice(0, windowSize), name);
        this.#texts.set(part.text.slice(-windowSize), name);
        for (let i = 0; i + windowSize <= part.text.length; i++)
          this.#windows.set(part.text.slice(i, i + windowSize), name);
      }
    }
    return secret;
  }

  /**
   * Everything that was found.
   *
   * @param except names of secrets that may be there
   */
  scan(sources: ScanSources, except: readonly string[] = []): Finding[] {
    if (this.#texts.size === 0)
      throw new Error("This scanner knows no secret. Add one before the scan.");
    const findings = new Map<string, Finding>();
    for (const [source, value] of Object.entries(sources))
      for (const view of printed(value))
        for (const { how, text } of decoded(view))
          for (const canary of this.#foundIn(text)) {
            if (except.includes(canary)) continue;
            const key = `${canary}\n${source}`;
            if (!findings.has(key)) findings.set(key, { canary, source, how });
          }
    return [...findings.values()];
  }

  /**
   * Fails a test that has let a secret out, without printing it.
   *
   * @param except names of secrets that may be there
   * @throws AssertionError that lists what was found where
   */
  assertNone(sources: ScanSources, except?: readonly string[]): void {
    const findings = this.scan(sources, except);
    if (findings.length === 0) return;
    const lines = findings.map(
      ({ canary, source, how }) => `- ${canary}: in ${source} (${how})`,
    );
    throw new AssertionError({
      message: `Secrets were found where they must not be:\n${lines.join("\n")}`,
      actual: findings,
      expected: [],
    });
  }

  *#foundIn(text: string): Generator<string> {
    for (const [part, name] of this.#texts) if (text.includes(part)) yield name;
    // All windows of the secrets against every twelfth of the text: whatever 23 characters of a
    // secret stand there, one of those lies within them.
    for (let i = 0; i + windowSize <= text.length; i += windowSize) {
      const name = this.#windows.get(text.slice(i, i + windowSize));
      if (name !== undefined) yield name;
    }
  }
}

interface Part {
  readonly text: string;
  /** Whether its first characters are found in no other secret of its kind. */
  readonly beginsAlone: boolean;
}

/** What of a secret is secret: not the frame of a PEM or creds text, not the header of a JWT. */
function partsOf(secret: string): Part[] {
  if (secret === "") throw new Error("An empty secret can be found nowhere.");
  return secret
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^-+(BEGIN|END) .*-+$/.test(line))
    .map((line) => {
      const [, claims] = /^[\w-]+\.([\w-]+\.[\w-]+)$/.exec(line) ?? [];
      return claims === undefined
        ? { text: line, beginsAlone: true }
        : { text: claims, beginsAlone: false };
    });
}

/** Nothing in it that may stand elsewhere for good reasons, as its name does. */
function newPassword(): string {
  const word = (): string => randomBytes(9).toString("base64url");
  return `p@ss/"${word()}" ${word()}%`;
}
