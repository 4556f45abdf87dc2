/** What is logged: as a host's own JSON lines are. */
export interface LogEntry {
  /** RFC 3339, UTC. */
  readonly timestamp: string;
  readonly level: string;
  readonly target: string;
  readonly fields: { readonly message: string } & Readonly<
    Record<string, unknown>
  >;
}

const colours: Readonly<Record<string, number>> = {
  ERROR: 31,
  WARN: 33,
  INFO: 32,
  DEBUG: 34,
  TRACE: 35,
};

/** An entry as one line for people, without line end, as a host's own text lines are. */
export function textLine(entry: LogEntry, colour: boolean): string {
  const { timestamp, level, target, fields } = entry;
  const { message, ...rest } = fields;
  const padded = level.padStart(5);
  const shown = colour
    ? `\u001B[${colours[level] ?? 0}m${padded}\u001B[0m`
    : padded;
  const details = Object.entries(rest)
    .map(([name, value]) => ` ${name}=${valueText(value)}`)
    .join("");
  return `${timestamp} ${shown} ${target}: ${oneLine(message + details)}`;
}

function valueText(value: unknown): string {
  return typeof value === "string" && !/^[\w.:@/<>*$-]+$/.test(value)
    ? JSON.stringify(value)
    : String(value);
}

/** Nothing that comes from outside may begin a line of its own, or speak to a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
