import { headers as natsHeaders, type MsgHdrs } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

import type { Wire } from "./wire.js";

/** The same by plain nats.js. */
export async function natsWire(url: string): Promise<Wire> {
  const connection = await connect({ servers: url });
  return {
    subscribe(subject, queue, handle) {
      connection.subscribe(subject, {
        ...(queue !== undefined && { queue }),
        callback: (_, { subject: name, reply, data }) =>
          handle(name, reply === "" ? undefined : reply, data),
      });
    },
    publish(subject, data, reply, headers) {
      connection.publish(subject, data, {
        ...(reply !== undefined && { reply }),
        ...(headers !== undefined && { headers: parsed(headers) }),
      });
    },
  };
}

function parsed(block: string): MsgHdrs {
  const all = natsHeaders();
  for (const line of block.split("\r\n").slice(1)) {
    const [name = "", value = ""] = line.split(": ");
    if (name !== "") all.append(name, value);
  }
  return all;
}
