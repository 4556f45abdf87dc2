// The other side of the connection that is measured, in a thread with a heap of its own.
import { parentPort, workerData } from "node:worker_threads";

import { connect } from "@nats-io/transport-node";

/** What the other side is asked to do. */
export interface PeerTask {
  readonly subject: string;
  readonly count: number;
}

const port = parentPort;
if (port === null) throw new Error("This is the code of a worker thread.");
const connection = await connect({
  servers: (workerData as { url: string }).url,
});
connection.subscribe("bench.echo", {
  callback: (_, message) => void message.respond(message.data),
});
await connection.flush();
const body = new Uint8Array(100).fill(120);
port.on("message", (task: PeerTask | "end") => {
  if (task === "end") {
    void connection.close().then(() => port.close());
    return;
  }
  void flood(task).then(() => port.postMessage("done"));
});
port.postMessage("ready");

async function flood({ subject, count }: PeerTask): Promise<void> {
  for (let i = 0; i < count; i++) {
    connection.publish(subject, body);
    if (i % 1000 === 999) await connection.flush();
  }
  await connection.flush();
}
