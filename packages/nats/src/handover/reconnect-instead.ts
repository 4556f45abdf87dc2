import { within } from "./candidate.js";
import type { LiveProtocol } from "./protocol.js";

/** How long requests under way may put a reconnect off, in milliseconds. */
const answersMs = 500;
/** How long the server may take to close the old connection, so that there is room for the next. */
const closeMs = 500;
/** How long to wait for the next connection; from then on it is a lost connection like any other. */
const backMs = 10_000;

/**
 * Leaves the server before it is dialled again, where no second connection is allowed, and loses as little
 * as can be: what is published waits in the outbox, answers to requests under way are waited for, queue
 * groups are left to their other members, and what has come is read to its end.
 *
 * Lost is what is published by others to subscriptions without queue group, from then until the next
 * connection is subscribed.
 *
 * @returns the length of that gap in milliseconds; undefined if there is no next connection yet
 */
export async function reconnectInstead(
  protocol: LiveProtocol,
  drainMs: number,
): Promise<number | undefined> {
  const { live } = protocol;
  protocol.isParked = true;
  await ended(answersTo(protocol), answersMs);
  const started = performance.now();
  const sids = protocol.subscriptions.all().map(({ sid }) => sid);
  const leave = sids.map((sid) => `UNSUB ${sid}\r\n`).join("");
  protocol.flushPending();
  try {
    await within(
      drainMs,
      "Reading the old connection to its end",
      protocol.roundTripNow(leave),
    );
  } catch {
    // It has broken, or does not answer: all the more reason to leave it.
  }
  const back = protocol.nextConnection();
  live.socket.end();
  await ended(live.closed(), closeMs);
  live.disconnect();
  await ended(Promise.race([back, protocol.closed]), backMs);
  return protocol.connected ? performance.now() - started : undefined;
}

/** Resolves when all that was asked so far is answered, or given up. */
async function answersTo(protocol: LiveProtocol): Promise<void> {
  for (const { deferred, done } of protocol.muxSubscriptions.reqs.values())
    await (deferred ?? done)?.catch(() => undefined);
}

/** Resolves when `work` has ended in any way, or after `ms`. */
async function ended(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
