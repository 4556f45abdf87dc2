import { plain, type Terminal } from "../../command/terminal.js";
import { fail } from "../../errors/cli-errors.js";
import { inspectArchive, type ArchiveReport } from "../inspect-archive.js";
import { readArchive } from "../read-archive.js";

/**
 * Shows an archive and what is wrong with it.
 *
 * @throws KeyturnError `PAR_ARCHIVE_UNREADABLE`, and `PAR_ARCHIVE_INVALID` after all has been shown
 */
export function showArchive(path: string, terminal: Terminal): void {
  const report = inspectArchive(readArchive(path));
  const errors = report.findings.filter(({ level }) => level === "error");
  terminal.show({ file: path, ...report }, asText(report));
  for (const { message } of report.findings.filter(
    ({ level }) => level === "warning",
  ))
    terminal.warn(plain(message));
  if (errors.length > 0)
    throw fail(
      "PAR_ARCHIVE_INVALID",
      `${path} will not do: ${errors.map(({ message }) => message).join(" ")}`,
    );
}

function asText(report: ArchiveReport): string {
  const { name, vendor, version, revision, issuer, subject } = report;
  const { issuedAt, expiresAt, configSchema } = report;
  const time = (seconds: number): string =>
    seconds < 8.64e12 ? new Date(seconds * 1000).toISOString() : `${seconds}`;
  const rows = [
    ["name", name],
    ["vendor", vendor],
    ["version", version],
    ["revision", revision?.toString()],
    ["issuer", issuer],
    ["provider", subject],
    ["issued", !issuedAt ? undefined : time(issuedAt)],
    ["expires", expiresAt === undefined ? undefined : time(expiresAt)],
    [
      "config schema",
      configSchema === undefined ? undefined : schemaText(configSchema),
    ],
    [
      "archive",
      `${size(report.bytes)}${report.isCompressed ? ", in gzip" : ""}`,
    ],
    ...report.targets.map(({ target, bytes, form }) => [
      target,
      `${size(bytes)}, ${form}`,
    ]),
  ];
  return rows
    .flatMap(([left = "", right]) =>
      right === undefined ? [] : [`${plain(left).padEnd(15)} ${plain(right)}`],
    )
    .join("\n");
}

function schemaText(schema: unknown): string {
  const { properties } = schema as { readonly properties?: unknown };
  return typeof properties === "object" && properties !== null
    ? `${Object.keys(properties).length} keys`
    : "yes";
}

function size(bytes: number): string {
  return bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}
