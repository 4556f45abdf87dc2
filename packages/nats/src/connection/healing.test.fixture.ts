import assert from "node:assert/strict";

import { until } from "@keyturn/testkit";

import { isKeyturnError } from "../errors/keyturn-error.js";
import type { ConnectionState } from "./condition.js";
import type { LiveConnection } from "../handover/live-connection.js";

/** What is promised: a connection is well again within so many milliseconds of the cause being gone. */
export const healsWithinMs = 5000;

/** Waits until a connection says that it is in this state, for this reason. */
export async function tells(
  connection: LiveConnection,
  state: ConnectionState,
  code: string,
  text: RegExp,
): Promise<void> {
  const seen = (): string => {
    const { state: is, lastError } = connection.posture();
    return `${is}, ${isKeyturnError(lastError) ? lastError.code : "no code"}, ${String(lastError?.message)}`;
  };
  try {
    await until("the state", 8000, () => {
      const { state: is, lastError } = connection.posture();
      return (
        is === state &&
        isKeyturnError(lastError) &&
        lastError.code === code &&
        text.test(lastError.message)
      );
    });
  } catch {
    assert.fail(`${state}, ${code}, ${text} was expected; it is: ${seen()}`);
  }
}

/** Takes the cause away and waits for the connection, which must be well within the time promised. */
export async function heals(
  connection: LiveConnection,
  takeCauseAway: () => unknown,
): Promise<number> {
  await takeCauseAway();
  const from = performance.now();
  const isWell = (): boolean => {
    const { state, lastError } = connection.posture();
    return state === "connected" && lastError === undefined;
  };
  await until("the connection", healsWithinMs, isWell).catch(
    (error: unknown) => {
      const { state, lastError } = connection.posture();
      assert.fail(
        `${String(error)}: ${state}, ${lastError?.message ?? "no error"}`,
      );
    },
  );
  await connection.flush();
  assert.equal(connection.isClosed(), false);
  return performance.now() - from;
}
