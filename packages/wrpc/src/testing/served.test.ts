// What the tests of the server share. Holds no test; its name keeps it out of the package.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach } from "node:test";

import {
  implement,
  wrpcEventChannel,
  type Call,
  type Implementation,
  type ServerStats,
  type WrpcEvent,
} from "../index.js";
import type { Result } from "../values/index.js";
import { handlerInterface, text, unhex } from "./lab.test.js";

export const prefix = "default.echo";
export const subject =
  "default.echo.wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
export const target = { prefix, interface: handlerInterface } as const;
export const hello = { subject: "orders.new", body: text("hello") };
export const helloBytes = unhex("0a6f72646572732e6e65770568656c6c6f00");
export const ok = { tag: "ok", val: undefined };
export const missing = { code: "WRPC_RESULT_MISSING" };
export const sayOk = implement(handlerInterface, {
  handleMessage: () => ({ tag: "ok" }),
});

/** The counters of a server that has done nothing. */
export const quiet: ServerStats = {
  received: 0,
  succeeded: 0,
  faulted: 0,
  invalid: 0,
  timedOut: 0,
  refused: 0,
  unusable: 0,
  unfinished: 0,
  unsent: 0,
  receiving: 0,
  waiting: 0,
  running: 0,
  heldBytes: 0,
};

/** Handlers whose calls end when the test says so. */
export class Gate {
  readonly calls: Call[] = [];
  readonly implementation: Implementation<typeof handlerInterface.funcs>;
  readonly #open: ((value: Result<undefined, string>) => void)[] = [];

  constructor() {
    this.implementation = implement(handlerInterface, {
      handleMessage: (_message, call) => {
        this.calls.push(call);
        return new Promise((resolve) => {
          this.#open.push(resolve);
        });
      },
    });
  }

  open(count = Infinity): void {
    for (const resolve of this.#open.splice(0, count)) resolve({ tag: "ok" });
  }
}

/** The events of each test. */
export function eventsOfTest(): WrpcEvent[] {
  const events: WrpcEvent[] = [];
  const onEvent = (event: unknown): void => {
    events.push(event as WrpcEvent);
  };
  beforeEach(() => {
    events.length = 0;
    subscribe(wrpcEventChannel, onEvent);
  });
  afterEach(() => {
    unsubscribe(wrpcEventChannel, onEvent);
  });
  return events;
}
