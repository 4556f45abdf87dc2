/** The longest subject taken, in bytes: with reply subject and sizes, a protocol line must stay below 4,096. */
const longestSubject = 1024;

/**
 * What is wrong with a subject; undefined if nothing is. Anything that could end a token or a line of
 * the NATS protocol is refused, so that no component can inject commands.
 */
export function subjectFault(
  subject: string,
  wildcards: boolean,
): string | undefined {
  if (subject === "") return "it is empty";
  if (isTooLong(subject)) return `it is longer than ${longestSubject} bytes`;
  let tokenStart = 0;
  for (let i = 0; i <= subject.length; i++) {
    const code = i < subject.length ? subject.charCodeAt(i) : 0x2e;
    if (code === 0x2e) {
      const fault = tokenFault(subject, tokenStart, i, wildcards);
      if (fault !== undefined) return fault;
      tokenStart = i + 1;
    } else if (code === 0x20 || (code > 0x9f && /\s/.test(subject[i] ?? "")))
      return "it holds a blank";
    else if (code < 0x20 || (code > 0x7e && code < 0xa0))
      return "it holds a control character";
    else if (code >= 0xd800 && code <= 0xdfff && !isPair(subject, i)) {
      return "it holds half a character";
    }
  }
  return undefined;
}

/** Longest part of a text from outside that is shown, in characters. */
const longestShown = 128;

/** A text from outside in quotes, for messages: whatever is in it, it neither ends a line nor speaks to a terminal. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, longestShown)).replace(
    /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function isTooLong(subject: string): boolean {
  // Three bytes are the most that one UTF-16 unit takes.
  return (
    subject.length * 3 > longestSubject &&
    Buffer.byteLength(subject) > longestSubject
  );
}

function tokenFault(
  subject: string,
  start: number,
  end: number,
  wildcards: boolean,
): string | undefined {
  if (start === end) return "it has an empty token";
  if (end - start > 1) return undefined;
  const code = subject.charCodeAt(start);
  if (code !== 0x2a && code !== 0x3e) return undefined;
  if (!wildcards) return "it holds a wildcard";
  return code === 0x3e && end < subject.length
    ? "`>` is not its last token"
    : undefined;
}

function isPair(subject: string, at: number): boolean {
  const code = subject.charCodeAt(at);
  return code < 0xdc00
    ? (subject.charCodeAt(at + 1) & 0xfc00) === 0xdc00
    : (subject.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}

/** Whether a subject matches a pattern with `*` and `>`. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === ">") return tokens.length > i;
    if (i >= tokens.length) return false;
    if (wanted[i] !== "*" && wanted[i] !== tokens[i]) return false;
  }
  return tokens.length === wanted.length;
}
