// A bare provider as a host starts it: `node main.js sockets`, or `nats.js`.
import { text } from "node:stream/consumers";

import { componentId } from "../arena/contender.js";
import { bareProvider } from "./bare-provider.js";
import { natsWire } from "./nats-wire.js";
import { socketWire } from "./socket-wire.js";

interface HostData {
  readonly lattice_rpc_url: string;
  readonly provider_key: string;
  readonly link_definitions: readonly {
    readonly source_config: Readonly<Record<string, string>>;
  }[];
}

const wire = process.argv[2] === "sockets" ? socketWire : natsWire;
const line = await text(process.stdin);
const host = JSON.parse(Buffer.from(line, "base64").toString()) as HostData;
const url = host.link_definitions[0]?.source_config["cluster_uris"] ?? "";
bareProvider(await wire(host.lattice_rpc_url), await wire(url), {
  provider: host.provider_key,
  component: componentId,
});
