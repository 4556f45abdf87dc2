// The peer of a client under torture, in a thread of its own: it goes on while the client is busy.
import { parentPort, workerData } from "node:worker_threads";

import type { PeerAnswer, PeerCall } from "./peer.js";
import { PeerSide } from "./peer-side.js";
import type { PeerPlan } from "./traffic.js";

const port = parentPort;
if (port === null) throw new Error("This is the code of a thread.");
const opening = PeerSide.open(workerData as PeerPlan);

port.on("message", ({ number, method, args }: PeerCall) => {
  const tell = (answer: PeerAnswer): void => port.postMessage(answer);
  void (async () => {
    try {
      const side = await opening;
      const result =
        method === "ready" ? undefined : await side[method](...args);
      tell({ number, result });
    } catch (error) {
      tell({ number, error: String((error as Error).stack) });
    }
    if (method === "close") port.close();
  })();
});
