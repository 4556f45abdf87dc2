/** The lines of a log at one level, as they were written. */
export function linesAt(level: "WARN" | "ERROR", log: string): string[] {
  return log
    .split("\n")
    .filter((line) => new RegExp(`\\b${level}\\b`, "i").test(line));
}
