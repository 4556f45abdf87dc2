// Sends each message back to where it says, or fails as it is told to.
import { publish } from "wasmcloud:messaging/consumer@0.2.0";

const text = (bytes) => String.fromCharCode(...bytes.subarray(0, 100));

export const handler = {
  handleMessage({ body, replyTo }) {
    const said = text(body);
    // oxlint-disable-next-line typescript/only-throw-error -- a text is the error value of the interface, all else a trap
    if (said === "fail") throw "asked to fail";
    if (said === "trap") throw new Error("asked to trap");
    if (replyTo === undefined) return;
    publish({ subject: replyTo, body, replyTo: undefined });
  },
};
