/** How long the timestamp is that a line begins with. */
const timestampLength = "2026-01-01T00:00:00.000Z".length;

/** The lines of a log at one level, as they were written; in an order that is the same each time. */
export function linesAt(level: "WARN" | "ERROR", log: string): string[] {
  return log
    .split("\n")
    .filter((line) => new RegExp(`\\b${level}\\b`, "i").test(line))
    .toSorted((a, b) =>
      a.slice(timestampLength) < b.slice(timestampLength) ? -1 : 1,
    );
}
