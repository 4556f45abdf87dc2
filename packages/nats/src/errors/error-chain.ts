import { isKeyturnError } from "./keyturn-error.js";

const longestChain = 2000;
const deepestChain = 8;

/**
 * An error with everything that caused it, on one line, for logs and health texts:
 * `what broke: because of this: because of that. What to do next.` Bounded in length and depth; a cause
 * that the text before it already tells is left out.
 */
export function errorChain(error: unknown): string {
  const { text, next } = reasonsOf(error);
  const room = longestChain - next.length;
  const shown = text.length > room ? `${text.slice(0, room)} …` : text;
  if (next === "" || shown === "") return shown;
  return `${withStop(shown)} ${next}`;
}

/** The two parts of an {@link errorChain}: all the reasons, unbounded, and what to do next. */
export function reasonsOf(error: unknown): { text: string; next: string } {
  let text = "";
  let next = "";
  let current = error;
  for (
    let depth = 0;
    depth < deepestChain && current !== undefined && current !== null;
    depth++
  ) {
    const part = whatOf(current);
    if (part !== "" && !text.includes(part))
      text = text === "" ? part : `${withoutStop(text)}: ${part}`;
    // What to do about the whole comes last, after all the reasons; what its causes say of that is less to the point.
    if (next === "" && isKeyturnError(current)) next = oneLine(current.next);
    current = current instanceof Error ? current.cause : undefined;
  }
  return { text, next };
}

/** A text as a whole sentence. */
export function withStop(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** What an error says, without what to do about it. */
function whatOf(error: unknown): string {
  const message = oneLine(messageOf(error));
  if (!isKeyturnError(error)) return message;
  const next = oneLine(error.next);
  return message.endsWith(next)
    ? message.slice(0, message.length - next.length).trimEnd()
    : message;
}

function withoutStop(text: string): string {
  return text.endsWith(".") ? text.slice(0, -1) : text;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(messageOf).join("; ");
  if (error instanceof Error)
    return error.message === "" ? error.name : error.message;
  return typeof error === "string" ? error : `a thrown ${typeof error}`;
}
