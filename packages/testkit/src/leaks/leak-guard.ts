// Loaded before each test file: `node --import @keyturn/testkit/leak-guard --test …`. The file then
// fails if it leaves a process, a connection, a thread or a timer behind.
import { after } from "node:test";
import { isMainThread } from "node:worker_threads";

import { trackTimers } from "./timers.js";
import { track, type Tracked } from "./tracked.js";

/**
 * Time for what ends on its own and for other `after` hooks, from the end of the last test. Only
 * files that leave something behind take it.
 */
const graceMs = Number(process.env["KEYTURN_LEAK_GRACE_MS"] ?? 5000);
const lookAgainMs = 50;

// Not in the runner that only starts the test files, and not in threads of a test.
if (isMainThread && !process.execArgv.includes("--test"))
  guard(track(), trackTimers());

function guard(tracked: Tracked, pendingTimers: () => string[]): void {
  let stuck = false;
  let grace: NodeJS.Timeout | undefined;
  let end = Infinity;
  after(() => {
    end = performance.now() + graceMs;
    // It does not keep the process alive itself: when it fires, something else does.
    grace = setTimeout(() => {
      stuck = true;
      process.exit(1);
    }, graceMs).unref();
  });
  process.on("beforeExit", () => {
    clearTimeout(grace);
    // Timers that nobody waits for get their time too.
    if (pendingTimers().length > 0 && performance.now() < end)
      setTimeout(() => undefined, lookAgainMs);
  });
  process.on("exit", () => {
    clearTimeout(grace);
    const left = leftBehind(tracked, pendingTimers(), stuck);
    for (const child of tracked.children) child.kill("SIGKILL");
    if (left.length === 0) return;
    process.exitCode = 1;
    console.error(
      [
        `Left behind by the tests of this file:`,
        ...left.map((what) => `- ${what}`),
        "End what a test starts: with `await using`, or in `after`.",
      ].join("\n"),
    );
  });
}

/** @param stuck whether the process lives on because of something */
function leftBehind(
  tracked: Tracked,
  timers: readonly string[],
  stuck: boolean,
): string[] {
  const known = [
    ...[...tracked.children].map(
      ({ pid, spawnargs }) =>
        `process ${pid}: ${spawnargs.slice(0, 3).join(" ")}`,
    ),
    // The listener that told of the end may have been removed.
    ...[...tracked.sockets]
      .filter(({ destroyed }) => !destroyed)
      .map(
        ({ localPort, remotePort }) =>
          `connection from port ${localPort ?? "?"} to port ${remotePort ?? "?"}`,
      ),
    ...[...tracked.workers].map(({ threadId }) => `thread ${threadId}`),
    ...timers,
  ];
  if (!stuck) return known;
  const resources = process
    .getActiveResourcesInfo()
    .filter((name) => name !== "TTYWrap" && name !== "PipeWrap");
  return [...known, `what keeps the process alive: ${resources.join(", ")}`];
}
