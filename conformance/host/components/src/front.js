// Asks the subject `back.<last token of its own>` for an answer, and sends that one back.
import { publish, request } from "wasmcloud:messaging/consumer@0.2.0";

export const handler = {
  handleMessage({ subject, body, replyTo }) {
    const answer = request(`back.${subject.split(".").at(-1)}`, body, 2000);
    publish({ subject: replyTo, body: answer.body, replyTo: undefined });
  },
};
