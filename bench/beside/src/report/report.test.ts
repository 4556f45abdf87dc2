import assert from "node:assert/strict";
import { test } from "node:test";

import type { Outcome } from "../run-scenario.js";
import type { Sample, Scenario } from "../scenarios/scenario.js";
import { chart } from "./chart.js";
import { blocks, withBlocks } from "./page.js";
import { rowsOf, verdict } from "./rows.js";
import { ratioCell, targetCell, terminalText } from "./table.js";

const scenario: Scenario = {
  name: "delivery 1KiB",
  what: "a test",
  shows: ["perSecond", "cpu", "lost", "p50"],
  targets: [
    { metric: "perSecond", is: "at least", ratio: 1.5 },
    { metric: "cpu", is: "at most", ratio: 0.5 },
    { metric: "lost", is: "at most", figure: 0 },
  ],
  rounds: { full: 4, quick: 4 },
  open: () => Promise.reject(new Error("not in this test")),
};

const times = (count: number, sample: (i: number) => Sample): Sample[] =>
  Array.from({ length: count }, (_, i) => sample(i));

const outcome: Outcome = {
  scenario,
  results: [
    {
      contender: { name: "keyturn", what: "", command: ["true"] },
      samples: times(4, (i) => ({ perSecond: 40_000 + i, cpu: 0.9, lost: 0 })),
    },
    {
      contender: { name: "rust", what: "", command: ["true"] },
      samples: times(4, (i) => ({
        perSecond: 20_000 + i,
        cpu: 1 + i,
        lost: 3,
      })),
    },
  ],
};

test("a row has medians, their ratio, and whether the target is met", () => {
  const rows = rowsOf(outcome);
  assert.deepEqual(
    rows.map((row) => [row.metric, ratioCell(row, "rust"), targetCell(row)]),
    [
      ["perSecond", "2.00", "at least 1.5 ✔"],
      ["cpu", "0.36", "at most 0.5 ✔"],
      ["lost", "0.00", "at most 0 ✔"],
    ],
  );
  assert.equal(rows[0]?.figures[0]?.median, 40_001.5);
});

test("a target is missed by the ratio or by the figure that it names", () => {
  const [ours, theirs] = outcome.results;
  assert.ok(ours && theirs);
  const turned = rowsOf({ scenario, results: [theirs, ours] });
  assert.deepEqual(turned.map(targetCell), [
    "at least 1.5 ✖",
    "at most 0.5 ✖",
    "at most 0 ✖",
  ]);
  assert.deepEqual(rowsOf(outcome, false).map(targetCell), ["", "", ""]);
});

test("few runs, or runs that overlap, leave a ratio in doubt", () => {
  const few = {
    scenario,
    results: outcome.results.map(({ contender, samples }) => ({
      contender,
      samples: samples.slice(0, 3),
    })),
  };
  assert.match(
    rowsOf(few)
      .map((row) => ratioCell(row, "rust"))
      .join(),
    /^≈ 2\.00,≈ 0\.45,≈ 0\.00$/,
  );
});

test("beside another checkout it is said what is better or worse, or that nothing is", () => {
  const [ours, theirs] = outcome.results;
  assert.ok(ours && theirs);
  assert.equal(
    verdict(rowsOf({ scenario, results: [theirs, ours] })),
    [
      "Beside keyturn, more than noise as far as ranks at 5 % and medians 10 % apart can say:",
      "  delivery 1KiB, a second: worse, 20,002/s beside 40,002/s",
      "  delivery 1KiB, processor, 100,000: worse, 2.50 s beside 0.90 s",
      "  delivery 1KiB, lost: worse, 3 beside 0",
    ].join("\n"),
  );
  assert.equal(
    verdict(rowsOf({ scenario, results: [ours, ours] })),
    "Nothing differs from keyturn by more than noise.",
  );
});

test("the terminal shows a figure with its quartiles", () => {
  const [, line] = terminalText(rowsOf(outcome)).split("\n");
  assert.equal(
    line?.replaceAll(/ +/g, " "),
    "delivery 1KiB a second 40,002/s (40,001–40,002) 20,002/s (20,001–20,002) 2.00 at least 1.5 ✔",
  );
});

test("what is written by hand stays, whatever is between the marks goes", () => {
  const page =
    "# A\nmine\n<!-- made: machine -->\nold\n<!-- made: end -->\nmine too\n<!-- made: targets --><!-- made: end --><!-- made: figures --><!-- made: end -->";
  const rows = rowsOf(outcome);
  const text = withBlocks(page, blocks(rows, [["Servers", "$& 1"]]));
  assert.ok(
    text.startsWith(
      "# A\nmine\n<!-- made: machine -->\n\n- Servers: $& 1\n\n<!-- made: end -->\nmine too\n",
    ),
  );
  assert.match(
    text,
    /\| delivery 1KiB, a second \| at least 1\.5 of Rust's \| 2\.00 \| met \|/,
  );
  assert.match(text, /calls unfinished, everywhere \| none \| none \| met \|/);
  const [ours, theirs] = outcome.results;
  assert.ok(ours && theirs);
  const turned = rowsOf({ scenario, results: [theirs, ours] });
  assert.match(
    blocks(turned, [])["targets"] ?? "",
    /everywhere \| none \| delivery 1KiB: 3 lost \| \*\*not met\*\* \|/,
  );
  assert.equal(withBlocks(text, blocks(rows, [["Servers", "$& 1"]])), text);
  assert.throws(() => withBlocks("# A", { machine: "" }), {
    message:
      'There are no marks for "machine" in the page. Put <!-- made: machine --> and <!-- made: end --> where it belongs.',
  });
});

test("the chart has a bar for rate and cost of what is about its rate, to scale", () => {
  const latency = {
    ...outcome,
    scenario: {
      ...scenario,
      name: "latency",
      shows: ["cpu", "perSecond"] as const,
    },
  };
  const svg = chart(
    [outcome, latency].flatMap((each) => rowsOf(each)),
    "A < B",
  );
  const widths = [
    ...svg.matchAll(
      /<rect class="(\w+)" x="130" y="\d+" width="(\d+)" height="14"/g,
    ),
  ];
  assert.deepEqual(
    widths.map(([, style]) => style),
    ["rate", "cost"],
  );
  const [rate = 0, cost = 0] = widths.map(([, , width]) => Number(width));
  assert.ok(Math.abs(cost / rate - 0.36 / 2) < 0.01);
  assert.match(svg, /aria-label="A &lt; B"/);
  assert.match(svg, /prefers-color-scheme: dark/);
});
