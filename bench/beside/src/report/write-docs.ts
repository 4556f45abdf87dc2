import { readFileSync, writeFileSync } from "node:fs";

import { format } from "prettier";

import { chart } from "./chart.js";
import type { Machine } from "./machine.js";
import { blocks, withBlocks } from "./page.js";
import type { Row } from "./rows.js";

const docs = new URL("../../../../docs/", import.meta.url);

/** Writes `docs/performance.md`, whose hand-written parts stay, and its chart. */
export async function writeDocs(
  rows: readonly Row[],
  machine: Machine,
): Promise<void> {
  const page = new URL("performance.md", docs);
  const text = withBlocks(readFileSync(page, "utf8"), blocks(rows, machine));
  writeFileSync(page, await format(text, { parser: "markdown" }));
  writeFileSync(
    new URL("performance.svg", docs),
    chart(rows, "Keyturn, as a share of the provider in Rust"),
  );
}
