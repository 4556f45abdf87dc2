import { metrics, shown } from "../scenarios/metrics.js";
import type { Machine } from "./machine.js";
import type { Row } from "./rows.js";
import { ratioCell, tablesOf } from "./table.js";

/** The parts of `docs/performance.md` that are made; the rest of it is written by hand. */
export function blocks(
  rows: readonly Row[],
  machine: Machine,
): Readonly<Record<string, string>> {
  return {
    targets: targetsTable(rows),
    machine: machine.map(([what, is]) => `- ${what}: ${is}`).join("\n"),
    figures: figuresTables(rows),
  };
}

/**
 * A page with other text between its marks `<!-- made: NAME -->` and `<!-- made: end -->`.
 *
 * @throws Error that names the marks if they are not there
 */
export function withBlocks(
  page: string,
  texts: Readonly<Record<string, string>>,
): string {
  return Object.entries(texts).reduce((text, [name, block]) => {
    const marks = new RegExp(
      `(<!-- made: ${name} -->)[^]*?(<!-- made: end -->)`,
    );
    if (!marks.test(text))
      throw new Error(
        `There are no marks for "${name}" in the page. Put <!-- made: ${name} --> and <!-- made: end --> where it belongs.`,
      );
    return text.replace(
      marks,
      (_all, from: string, to: string) => `${from}\n\n${block}\n\n${to}`,
    );
  }, page);
}

/** What must not be lost is the same everywhere, and stands in one line. */
function targetsTable(rows: readonly Row[]): string {
  const withTarget = rows.filter(({ target }) => target !== undefined);
  const isLoss = ({ metric }: Row): boolean =>
    metric === "lost" || metric === "unfinished";
  return table([
    ["What", "Target", "Keyturn", ""],
    ...withTarget.filter((row) => !isLoss(row)).map(targetLine),
    lossLine(withTarget.filter(isLoss)),
  ]);
}

function targetLine(row: Row): readonly string[] {
  const { is, ratio, figure } = row.target ?? { is: "at most" };
  const [ours, theirs] = row.figures;
  return [
    `${row.scenario}, ${metrics[row.metric].title}`,
    ratio === undefined
      ? `${is} ${shown(row.metric, figure ?? Number.NaN)}`
      : `${is} ${ratio} of Rust's`,
    ratio === undefined
      ? shown(row.metric, ours?.median ?? Number.NaN)
      : ratioCell(row, theirs?.contender ?? ""),
    row.isMet === undefined ? "" : row.isMet ? "met" : "**not met**",
  ];
}

function lossLine(losses: readonly Row[]): readonly string[] {
  const missed = losses.filter(({ isMet }) => isMet !== true);
  const told = missed.map(
    ({ scenario, metric, figures }) =>
      `${scenario}: ${figures[0]?.median} ${metrics[metric].title}`,
  );
  return [
    "messages lost and calls unfinished, everywhere",
    "none",
    missed.length === 0 ? "none" : told.join("; "),
    missed.length === 0 ? "met" : "**not met**",
  ];
}

function figuresTables(rows: readonly Row[]): string {
  return tablesOf(rows)
    .map(
      ({ group, head, lines }) => `### ${group}\n\n${table([head, ...lines])}`,
    )
    .join("\n\n");
}

function table(lines: readonly (readonly string[])[]): string {
  const [head = [], ...body] = lines;
  return [head, head.map(() => "---"), ...body]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}
