/** Levels as a host names them, most important first. */
const levels = ["error", "warn", "info", "debug", "trace"] as const;

/** How much is logged. */
export type LogLevel = (typeof levels)[number];

/**
 * The level of a host's HostData, unless the variable `RUST_LOG`, which a host passes on, names
 * another. Its filters for single modules are those of Rust programs and mean nothing here.
 */
export function logLevel(
  hostLevel: LogLevel,
  rustLog: string | undefined,
): LogLevel {
  const wanted = rustLog?.trim().toLowerCase();
  return levels.find((level) => level === wanted) ?? hostLevel;
}
