/** What is measured, its unit, and which way is better. */
export const metrics = {
  perSecond: { title: "a second", unit: "/s", better: "more" },
  cpu: { title: "processor, 100,000", unit: "s", better: "less" },
  p50: { title: "p50", unit: "ms", better: "less" },
  p99: { title: "p99", unit: "ms", better: "less" },
  peakMiB: { title: "peak memory", unit: "MiB", better: "less" },
  memoryMiB: { title: "memory", unit: "MiB", better: "less" },
  linkKiB: { title: "memory a link", unit: "KiB", better: "less" },
  ms: { title: "time", unit: "ms", better: "less" },
  deleteMs: { title: "delete", unit: "ms", better: "less" },
  connections: { title: "connections", unit: "", better: "less" },
  logLines: { title: "log lines", unit: "", better: "less" },
  warnings: { title: "warnings", unit: "", better: "less" },
  lost: { title: "lost", unit: "", better: "less" },
  unfinished: { title: "unfinished", unit: "", better: "less" },
  kibPerMinute: { title: "growth", unit: "KiB/min", better: "less" },
  handles: { title: "handles more", unit: "", better: "less" },
  serversCpu: { title: "servers' processor", unit: "s", better: "less" },
  driverCpu: { title: "driver's processor", unit: "s", better: "less" },
  sendLag: { title: "sent late, p99", unit: "ms", better: "less" },
} as const;

export type Metric = keyof typeof metrics;

/** A figure with as many digits as can be relied on. */
export function shown(metric: Metric, value: number): string {
  if (Number.isNaN(value)) return "–";
  const { unit } = metrics[metric];
  const digits =
    Math.abs(value) >= 100
      ? Math.round(value).toLocaleString("en")
      : Number.isInteger(value)
        ? String(value)
        : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
  return unit === ""
    ? digits
    : unit === "/s"
      ? `${digits}/s`
      : `${digits} ${unit}`;
}
