import { inspect } from "node:util";

/** A text in which a secret may stand, and how one gets from the source to it. */
export interface View {
  readonly how: string;
  readonly text: string;
}

const maxDepth = 3;

/** Everything that a value shows of itself when it is printed in one of the usual ways. */
export function printed(value: unknown): View[] {
  if (typeof value === "string") return [{ how: "as it is", text: value }];
  if (value instanceof Uint8Array) return bytesViews(value, "as it is");
  const everything = {
    depth: Infinity,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
  };
  return [
    { how: "inspect", text: inspect(value, everything) },
    {
      how: "inspect with hidden parts",
      text: inspect(value, {
        ...everything,
        showHidden: true,
        getters: true,
        customInspect: false,
      }),
    },
    { how: "JSON", text: attempt(() => JSON.stringify(value)) },
    { how: "toString", text: attempt(() => String(value)) },
    ...errorViews(value, new Set()),
  ];
}

/** The texts of an error, and of all errors that caused it. */
function errorViews(value: unknown, seen: Set<unknown>): View[] {
  if (!(value instanceof Error) || seen.has(value)) return [];
  seen.add(value);
  const causes = [
    value.cause,
    ...(value instanceof AggregateError ? value.errors : []),
  ] as unknown[];
  return [
    { how: "message", text: value.message },
    { how: "stack", text: value.stack ?? "" },
    {
      how: "error as JSON",
      text: attempt(() =>
        JSON.stringify(Object.fromEntries(Object.entries(value))),
      ),
    },
    ...causes.flatMap((cause) => errorViews(cause, seen)),
  ];
}

/** A text and all that can be decoded from it, also one thing inside another. */
export function* decoded(view: View, depth = 0): Generator<View> {
  yield view;
  if (depth === maxDepth) return;
  for (const { how, text } of decodings(view.text))
    yield* decoded({ how: `${view.how}, ${how}`, text }, depth + 1);
}

function* decodings(text: string): Generator<View> {
  if (/%[0-9a-f]{2}/i.test(text))
    yield { how: "percent-encoded", text: unescape(text, percent) };
  if (/\\(u[0-9a-f]{4}|x[0-9a-f]{2}|["'\\/nrt])/i.test(text))
    yield { how: "escaped", text: unescape(text, backslash) };
  const numbers = decimals(text);
  if (numbers !== "") yield { how: "as numbers", text: numbers };
  const hex = pairs(text);
  if (hex !== "") yield { how: "hexadecimal", text: hex };
  const base64 = base64Runs(text);
  if (base64 !== "") yield { how: "base64", text: base64 };
}

const percent = /%([0-9a-f]{2})/gi;
const backslash = /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([nrt"'\\/]))/gi;
const controls: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
};

function unescape(text: string, escapes: RegExp): string {
  return text.replaceAll(
    escapes,
    (_, long?: string, short?: string, letter?: string) => {
      const code = long ?? (typeof short === "string" ? short : undefined);
      return code === undefined
        ? (controls[letter ?? ""] ?? letter ?? "")
        : String.fromCharCode(Number.parseInt(code, 16));
    },
  );
}

/** Bytes written as decimal numbers: `[83, 85]`, `{"0":83,"1":85}`. */
function decimals(text: string): string {
  const runs = text.match(
    /(?:(?:["']?\d+["']?: ?)?\b\d{1,3}\b[\s,]+){7,}(?:["']?\d+["']?: ?)?\d{1,3}/g,
  );
  return (runs ?? [])
    .map((run) =>
      latin1(
        [...run.matchAll(/(?:["']?\d+["']?: ?)?\b(\d{1,3})\b/g)].map(
          ([, number]) => Number(number) & 0xff,
        ),
      ),
    )
    .join("\n");
}

/** Bytes written as pairs of hexadecimal digits, together or apart: `<Buffer 53 55>`. */
function pairs(text: string): string {
  const runs = text.match(/(?:[0-9a-f]{2}[ :,-]?){8,}/gi) ?? [];
  return runs
    .flatMap((run) => {
      const digits = run.replaceAll(/[^0-9a-f]/gi, "");
      // The run may have begun in the middle of a byte.
      return [digits, digits.slice(1)];
    })
    .map((digits) => Buffer.from(digits, "hex").toString("latin1"))
    .join("\n");
}

/** Base64 of either alphabet; the secret may begin anywhere in what was encoded. */
function base64Runs(text: string): string {
  const runs = text.match(/[\w+/-]{16,}/g) ?? [];
  return runs
    .flatMap((run) => [0, 1, 2, 3].map((from) => run.slice(from)))
    .map((run) => Buffer.from(run, "base64url").toString("latin1"))
    .join("\n");
}

function bytesViews(bytes: Uint8Array, how: string): View[] {
  const text = Buffer.from(bytes).toString("latin1");
  return text.includes("\0")
    ? [
        { how, text },
        // ASCII text in UTF-16, as engines keep some strings.
        { how: `${how}, UTF-16`, text: text.replaceAll("\0", "") },
      ]
    : [{ how, text }];
}

function latin1(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString("latin1");
}

function attempt(print: () => string | undefined): string {
  try {
    return print() ?? "";
  } catch {
    // What cannot be printed in this way shows nothing in this way.
    return "";
  }
}
