import { fail } from "../errors/nats-errors.js";

/** Where a credential lies, as text that is no secret: `file:///run/secrets/nats`, `env:NATS_CREDS`. */
export interface Reference {
  /** As it was given. It may stand in logs. */
  readonly text: string;
  /** `file`, in small letters. */
  readonly scheme: string;
  /** What stands between `//` and the next `/`, decoded; empty if there is none. */
  readonly authority: string;
  /** The rest before `?`, decoded: `/run/secrets/nats`, `NATS_CREDS`. No `.` or `..` in it. */
  readonly path: string;
  /** What stands after `?`, decoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** More is no reference: a whole credentials file, perhaps. */
const longest = 4096;

/** A blank, a control character, or one that others take for the end of a reference. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const forbidden = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff<>\\^`{|}#]/;

/** What to write for a character that cannot stand there as it is. */
function encoded(character: string): string {
  return encodeURIComponent(character).toUpperCase();
}

/**
 * Reads a reference: `scheme:path` or `scheme://authority/path`, then perhaps `?key=value&key=value`.
 * Percent-encoding is undone. No fragment, no user information, no `..`, and no parameter twice.
 *
 * The errors quote nothing of the text but its scheme: what stands there in error may be a secret.
 *
 * @throws KeyturnError `REFERENCE_INVALID`
 */
export function parseReference(text: string): Reference {
  return new Reader(text).read();
}

class Reader {
  readonly #text: string;
  #scheme = "";

  constructor(text: string) {
    this.#text = text;
  }

  read(): Reference {
    const text = this.#text;
    this.#refuseSecrets();
    const colon = text.indexOf(":");
    const scheme = colon < 0 ? "" : text.slice(0, colon);
    if (!/^[A-Za-z][A-Za-z0-9+.-]{0,31}$/.test(scheme))
      throw this.#invalid(
        0,
        "it does not begin with a scheme",
        text.startsWith("/")
          ? "Write a file as `file:///path`."
          : "Write it as `scheme:path`: `file:///run/secrets/nats.creds`, `env:NATS_CREDS`.",
      );
    if (scheme !== scheme.toLowerCase())
      throw this.#invalid(
        0,
        "its scheme has capital letters",
        `Write \`${scheme.toLowerCase()}:\`.`,
      );
    this.#scheme = scheme;
    const odd = forbidden.exec(text);
    if (odd !== null) throw this.#forbidden(odd.index, odd[0]);

    const question = text.indexOf("?");
    const end = question < 0 ? text.length : question;
    const hasAuthority = text.startsWith("//", colon + 1);
    const from = hasAuthority ? colon + 3 : colon + 1;
    const slash = text.slice(from, end).indexOf("/");
    const pathFrom = !hasAuthority ? from : slash < 0 ? end : from + slash;
    const authority = hasAuthority ? text.slice(from, pathFrom) : "";
    const at = authority.indexOf("@");
    if (at >= 0)
      throw this.#invalid(
        from + at,
        "it has user information",
        "Leave out what stands before `@`: a reference holds no secret.",
      );
    return {
      text,
      scheme,
      authority: this.#decode(from, authority),
      path: this.#path(pathFrom, text.slice(pathFrom, end)),
      parameters: question < 0 ? new Map() : this.#parameters(question + 1),
    };
  }

  #refuseSecrets(): void {
    const text = this.#text;
    const why =
      text === ""
        ? "it is empty"
        : text.includes("-----BEGIN ")
          ? "it is the text of a credentials file"
          : /^\s*eyJ/.test(text)
            ? "it is a JWT"
            : /^\s*S[A-Z2-7]{57}\s*$/.test(text)
              ? "it is a seed"
              : text.length > longest
                ? `it has ${text.length} characters, more than ${longest}`
                : undefined;
    if (why !== undefined)
      throw this.#invalid(
        undefined,
        why,
        "Write where the credential lies: `file:///run/secrets/nats.creds`.",
      );
  }

  #path(from: number, raw: string): string {
    let start = from;
    for (const segment of raw.split("/")) {
      const decoded = this.#decode(start, segment);
      if (decoded === "." || decoded === "..")
        throw this.#invalid(
          start,
          `its path has \`${decoded}\` in it`,
          "Write the path without.",
        );
      if (decoded.includes("/"))
        throw this.#invalid(
          start,
          "a name in its path has an encoded `/` in it",
          "Write `/` between names only.",
        );
      start += segment.length + 1;
    }
    return this.#decode(from, raw);
  }

  #parameters(from: number): ReadonlyMap<string, string> {
    const parameters = new Map<string, string>();
    let start = from;
    for (const pair of this.#text.slice(from).split("&")) {
      const equals = pair.indexOf("=");
      const name = this.#decode(start, pair.slice(0, Math.max(equals, 0)));
      if (name === "")
        throw this.#invalid(
          start,
          "there is no parameter with a value",
          "Write parameters as `?key=value&key=value`.",
        );
      if (parameters.has(name))
        throw this.#invalid(
          start,
          "a parameter stands there again",
          "Write each parameter once.",
        );
      const value = pair.slice(equals + 1);
      parameters.set(name, this.#decode(start + equals + 1, value));
      start += pair.length + 1;
    }
    return parameters;
  }

  #decode(from: number, raw: string): string {
    const bad = /%(?![0-9A-Fa-f]{2})/.exec(raw);
    let text: string | undefined;
    try {
      text = decodeURIComponent(raw);
    } catch {
      text = undefined;
    }
    if (text === undefined)
      throw this.#invalid(
        from + (bad?.index ?? raw.indexOf("%")),
        bad === null
          ? "its percent-encoding is no UTF-8"
          : "there is a `%` without two hexadecimal digits",
        "Write a percent sign as `%25`.",
      );
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    if (/[\u0000-\u001f\u007f]/.test(text))
      throw this.#invalid(
        from,
        "it has an encoded control character",
        "Leave it out.",
      );
    return text;
  }

  #forbidden(index: number, character: string): Error {
    if (character === "#")
      return this.#invalid(
        index,
        "there is a `#`",
        "A reference has no fragment; write `%23` if it is part of a name.",
      );
    const isPrintable = /[!-~]/.test(character);
    return this.#invalid(
      index,
      isPrintable
        ? `there is a \`${character}\``
        : character === " "
          ? "there is a blank"
          : "there is a character that cannot be seen",
      isPrintable || character === " "
        ? `Write \`${encoded(character)}\`.`
        : "Leave it out.",
    );
  }

  #invalid(index: number | undefined, why: string, next: string): Error {
    const which = this.#scheme === "" ? "" : ` \`${this.#scheme}:\``;
    const where = index === undefined ? "" : ` (column ${index + 1})`;
    return fail(
      "REFERENCE_INVALID",
      `The credential reference${which} cannot be read: ${why}${where}.`,
      { next },
    );
  }
}
