import { metrics, shown } from "../scenarios/metrics.js";
import type { Row } from "./rows.js";

/** A table for all scenarios whose names begin with the same word. */
export interface Table {
  readonly group: string;
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** Figures of all who took part, and ours as shares of theirs. */
export function tablesOf(rows: readonly Row[]): Table[] {
  const groupOf = ({ scenario }: Row): string => scenario.split(" ")[0] ?? "";
  return [...new Set(rows.map(groupOf))].map((group) => {
    const members = rows.filter((row) => groupOf(row) === group);
    const names = [
      ...new Set(members.flatMap(({ figures }) => figures.map(nameOf))),
    ];
    const others = names.slice(1);
    const hasTargets = members.some(({ target }) => target !== undefined);
    return {
      group,
      head: [
        "",
        "",
        ...names,
        ...others.map((name) => `to ${name}`),
        ...(hasTargets ? ["target"] : []),
      ],
      lines: members.map((row, i) => [
        members[i - 1]?.scenario === row.scenario ? "" : row.scenario,
        metrics[row.metric].title,
        ...names.map((name) => figureCell(row, name)),
        ...others.map((name) => ratioCell(row, name)),
        ...(hasTargets ? [targetCell(row)] : []),
      ]),
    };
  });
}

function nameOf({ contender }: { readonly contender: string }): string {
  return contender;
}

/** Tables as they are printed on a terminal. */
export function terminalText(rows: readonly Row[]): string {
  return tablesOf(rows)
    .map(({ head, lines }) => {
      const all = [head, ...lines];
      const widths = head.map((_, column) =>
        Math.max(...all.map((line) => line[column]?.length ?? 0)),
      );
      return all
        .map((line) =>
          line
            .map((cell, i) => cell.padEnd(widths[i] ?? 0))
            .join("  ")
            .trimEnd(),
        )
        .join("\n");
    })
    .join("\n\n");
}

/** Median, and the quartiles if they differ. */
function figureCell(row: Row, contender: string): string {
  const figure = row.figures.find((each) => each.contender === contender);
  if (figure === undefined || Number.isNaN(figure.median)) return "";
  const [middle = "", low = "", high = ""] = [
    figure.median,
    figure.low,
    figure.high,
  ].map((value) => shown(row.metric, value));
  if (low === high) return middle;
  const bare = (text: string): string => text.replace(/[ /].*$/, "");
  return `${middle} (${bare(low)}–${bare(high)})`;
}

/** Ours as a share of somebody's; `≈` before one that may be noise. */
export function ratioCell(row: Row, contender: string): string {
  const figure = row.figures.find((each) => each.contender === contender);
  if (figure?.ratio === undefined) return "";
  return `${figure.ours === "noise" ? "≈ " : ""}${figure.ratio.toFixed(2)}`;
}

export function targetCell({ target, isMet, metric }: Row): string {
  if (target === undefined) return "";
  const { is, ratio, figure } = target;
  const limit =
    ratio === undefined ? shown(metric, figure ?? Number.NaN) : String(ratio);
  const mark = isMet === undefined ? "" : isMet ? " ✔" : " ✖";
  return `${is} ${limit}${mark}`;
}
