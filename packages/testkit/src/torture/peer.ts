import { once } from "node:events";
import { Worker } from "node:worker_threads";

import type { Deliveries } from "./logs.js";
import type { PeerSent, PeerSide } from "./peer-side.js";
import type { PeerPlan } from "./traffic.js";

/** What the thread can be asked for. */
type Method = "ready" | Exclude<keyof PeerSide, symbol>;

export interface PeerCall {
  readonly number: number;
  readonly method: Method;
  readonly args: [never];
}

export interface PeerAnswer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Drives a {@link PeerSide} in a thread of its own. */
export class Peer {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: PeerAnswer) => void>();
  #calls = 0;

  private constructor(plan: PeerPlan) {
    this.#worker = new Worker(new URL("peer-thread.js", import.meta.url), {
      workerData: plan,
      // Options such as a guard against leaks are for the main thread.
      execArgv: [],
    });
    this.#worker.on("message", (answer: PeerAnswer) => {
      this.#waiting.get(answer.number)?.(answer);
      this.#waiting.delete(answer.number);
    });
    this.#worker.on("error", (error) => this.#fail(String(error)));
    this.#worker.on("exit", () => this.#fail("the peer's thread has ended"));
  }

  static async open(plan: PeerPlan): Promise<Peer> {
    const peer = new Peer(plan);
    try {
      await peer.#ask("ready");
      return peer;
    } catch (error) {
      await peer.#worker.terminate();
      throw error;
    }
  }

  async start(): Promise<void> {
    await this.#ask("start");
  }

  async halt(): Promise<PeerSent> {
    return (await this.#ask("halt")) as PeerSent;
  }

  async received(
    sent: Readonly<Record<string, readonly number[]>>,
  ): Promise<Readonly<Record<string, Deliveries>>> {
    const logs = await this.#ask("received", sent);
    return logs as Readonly<Record<string, Deliveries>>;
  }

  async probe(ms: number): Promise<void> {
    await this.#ask("probe", ms);
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, "exit");
    await this.#ask("close").catch(() => this.#worker.terminate());
    await ended;
  }

  async #ask(method: Method, ...args: unknown[]): Promise<unknown> {
    const number = this.#calls++;
    const answer = await new Promise<PeerAnswer>((resolve) => {
      this.#waiting.set(number, resolve);
      this.#worker.postMessage({ number, method, args });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }

  #fail(error: string): void {
    for (const [number, tell] of this.#waiting) tell({ number, error });
    this.#waiting.clear();
  }
}
