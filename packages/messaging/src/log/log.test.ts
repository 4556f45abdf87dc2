import assert from "node:assert/strict";
import {
  mkdtempSync,
  openSync,
  readFileSync,
  closeSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { until } from "@keyturn/testkit";

import { logLevel } from "./log-level.js";
import { textLine } from "./log-line.js";
import { Logger, type LogOptions } from "./logger.js";

/** What a logger writes. */
async function written(
  options: LogOptions,
  act: (logger: Logger) => void,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "keyturn-log-"));
  const file = join(folder, "log");
  const fd = openSync(file, "w");
  try {
    const logger = new Logger(fd);
    logger.configure(options);
    act(logger);
    // The first line is being written by a thread.
    logger.log("error", "t", "the last line");
    await until("the last line", 5_000, () =>
      readFileSync(file, "utf8").includes("the last line"),
    );
    return readFileSync(file, "utf8").split("\n").slice(0, -2);
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
}

describe("log lines", () => {
  test("are JSON of a host's shape if structured", async () => {
    const [line = ""] = await written(
      { level: "info", structured: true },
      (logger) => {
        logger.log("warn", "keyturn_nats", 'It "broke".', {
          code: "X",
          count: 2,
        });
      },
    );
    const { timestamp, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual(rest, {
      level: "WARN",
      target: "keyturn_nats",
      fields: { message: 'It "broke".', code: "X", count: 2 },
    });
  });

  test("are one line of text else, and nothing in them begins another or speaks to a terminal", async () => {
    const lines = await written(
      { level: "info", structured: false },
      (logger) => {
        logger.log("info", "keyturn_messaging", "One\nline\u001B[31m", {
          subject: "a.b",
          text: 'with "blanks"\n',
          terminal: "\u009B31m",
        });
      },
    );
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? "",
      /^\S+Z {2}INFO keyturn_messaging: One line \[31m subject=a\.b text="with \\"blanks\\"\\n" terminal=" 31m"$/,
    );
  });

  test("below the level are not written", async () => {
    const lines = await written(
      { level: "warn", structured: false },
      (logger) => {
        logger.log("info", "t", "no");
        logger.log("error", "t", "yes");
      },
    );
    assert.match(lines.join(), /^\S+ ERROR t: yes$/);
  });

  test("have colours only where asked for", () => {
    const entry = {
      timestamp: "2026-01-01T00:00:00.000Z",
      level: "ERROR",
      target: "t",
      fields: { message: "m" },
    };
    assert.equal(textLine(entry, false), "2026-01-01T00:00:00.000Z ERROR t: m");
    assert.equal(
      textLine(entry, true),
      "2026-01-01T00:00:00.000Z \u001B[31mERROR\u001B[0m t: m",
    );
  });

  test("the level is the host's, or a bare one in RUST_LOG", () => {
    assert.equal(logLevel("info", undefined), "info");
    assert.equal(logLevel("info", " DEBUG "), "debug");
    assert.equal(logLevel("warn", "a=debug,b=trace"), "warn");
    assert.equal(logLevel("warn", ""), "warn");
  });
});
