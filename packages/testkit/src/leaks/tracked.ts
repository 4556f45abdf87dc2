import { ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import type { Worker } from "node:worker_threads";

/** Processes, connections and threads of this process that have not ended. */
export interface Tracked {
  readonly children: ReadonlySet<ChildProcess>;
  readonly sockets: ReadonlySet<Socket>;
  readonly workers: ReadonlySet<Worker>;
}

/** Begins to keep account. What was started before is not seen. */
export function track(): Tracked {
  const children = new Set<ChildProcess>();
  const sockets = new Set<Socket>();
  const workers = new Set<Worker>();

  // Every asynchronous way to start a process goes through this method; no channel tells of it.
  const prototype = ChildProcess.prototype as unknown as {
    spawn(this: ChildProcess, ...args: unknown[]): unknown;
  };
  const spawn = Reflect.get(prototype, "spawn");
  prototype.spawn = function (...args) {
    const result = Reflect.apply(spawn, this, args);
    if (this.pid !== undefined) {
      children.add(this);
      this.once("exit", () => children.delete(this));
    }
    return result;
  };

  for (const channel of ["net.client.socket", "net.server.socket"])
    subscribe(channel, (message) => {
      const { socket } = message as { socket: Socket };
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  subscribe("worker_threads", (message) => {
    const { worker } = message as { worker: Worker };
    workers.add(worker);
    worker.once("exit", () => workers.delete(worker));
  });
  return { children, sockets, workers };
}
