import type { Metric } from "../scenarios/metrics.js";
import type { Row } from "./rows.js";

const shownMetrics: Partial<
  Record<Metric, { readonly text: string; readonly style: string }>
> = {
  perSecond: { text: "messages a second (longer is better)", style: "rate" },
  cpu: { text: "processor time a message (shorter is better)", style: "cost" },
};

const width = 720;
const left = 130;
const right = 60;
const barHeight = 14;
const groupHeight = 2 * barHeight + 16;
const top = 76;

/**
 * Bars of ours as a share of the other's, with a line at 1, for scenarios that have both a rate and
 * a cost. It takes its colours from the reader's scheme, dark or light.
 */
export function chart(rows: readonly Row[], title: string): string {
  const groups = rows
    // One row of each: that whose scenario is about its rate.
    .filter(
      ({ scenario, metric, figures }, i) =>
        metric === "perSecond" &&
        figures[1]?.ratio !== undefined &&
        rows[i - 1]?.scenario !== scenario,
    )
    .map(({ scenario }) => ({
      scenario,
      bars: rows
        .filter(
          (row) => row.scenario === scenario && row.metric in shownMetrics,
        )
        .map(({ metric, figures }) => ({
          metric,
          ratio: figures[1]?.ratio ?? 0,
        })),
    }));
  const ratios = groups.flatMap(({ bars }) => bars.map(({ ratio }) => ratio));
  const most = Math.max(1, ...ratios);
  const x = (ratio: number): number =>
    Math.round(left + (ratio / most) * (width - left - right));
  const height = top + groups.length * groupHeight + 8;
  const parts = groups.flatMap(({ scenario, bars }, i) => {
    const y = top + i * groupHeight;
    return [
      `<text x="${left - 8}" y="${y + barHeight + 5}" text-anchor="end">${escaped(scenario)}</text>`,
      ...bars.flatMap(({ metric, ratio }, bar) => [
        `<rect class="${shownMetrics[metric]?.style}" x="${left}" y="${y + bar * (barHeight + 2)}" width="${x(ratio) - left}" height="${barHeight}"/>`,
        `<text class="figure" x="${x(ratio) + 5}" y="${y + bar * (barHeight + 2) + 11}">${ratio.toFixed(2)}</text>`,
      ]),
    ];
  });
  const legend = Object.values(shownMetrics).map(
    ({ text, style }, i) =>
      `<rect class="${style}" x="${left + i * 262}" y="34" width="12" height="12"/><text x="${left + 18 + i * 262}" y="45">${text}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .figure, .one { font-size: 11px }
  .rate { fill: #0969da }
  .cost { fill: #9a6700 }
  line { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .rate { fill: #4493f8 }
    .cost { fill: #d29922 }
    line { stroke: #9198a1 }
  }
</style>
<text class="title" x="8" y="20">${escaped(title)}</text>
${legend.join("\n")}
${parts.join("\n")}
<line x1="${x(1)}" y1="${top - 8}" x2="${x(1)}" y2="${height - 4}"/>
<text class="one" x="${x(1)}" y="${top - 12}" text-anchor="middle">1 = Rust</text>
</svg>
`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}
