// A provider with nothing but nats.js, for the tests of HostDouble: it logs what it is told as
// lines of JSON. Its config says how it misbehaves.
import { fromCurveSeed } from "@nats-io/nkeys";
import { connect } from "@nats-io/transport-node";
import { text } from "node:stream/consumers";

interface HostData {
  readonly [field: string]: unknown;
  readonly lattice_rpc_url: string;
  readonly lattice_rpc_prefix: string;
  readonly provider_key: string;
  readonly provider_xkey_private_key: string;
  readonly host_xkey_public_key: string;
  readonly config: Readonly<Record<string, string>>;
}

const log = (what: string, value: unknown): void => {
  console.error(JSON.stringify({ what, value }));
};

const input = await text(process.stdin);
log("line", { end: input.slice(-2), lines: input.split("\n").length });
log(
  "env",
  Object.keys(process.env).filter((name) => name !== "NODE_V8_COVERAGE"),
);
const data = JSON.parse(
  Buffer.from(input.trim(), "base64").toString(),
) as HostData;
log("fields", Object.keys(data));
log("instance", data["instance_id"]);
log("links", data["link_definitions"]);
if (data.config["exit"] !== undefined)
  process.exit(Number(data.config["exit"]));

const keys = fromCurveSeed(
  new TextEncoder().encode(data.provider_xkey_private_key),
);
const connection = await connect({ servers: data.lattice_rpc_url });
const subscribe = (
  subject: string,
  callback: (text: string, respond: (answer: string) => void) => void,
): void => {
  connection.subscribe(`wasmbus.rpc.${data.lattice_rpc_prefix}.${subject}`, {
    callback: (_, message) =>
      callback(message.string(), (answer) => message.respond(answer)),
  });
};
const id = data.provider_key;
subscribe(`${keys.getPublicKey()}.linkdefs.put`, (body) => {
  const link = JSON.parse(body) as { source_secrets: number[] | null };
  const opened =
    link.source_secrets &&
    keys.open(Uint8Array.from(link.source_secrets), data.host_xkey_public_key);
  log("put", { ...link, opened: opened && new TextDecoder().decode(opened) });
});
subscribe(`${id}.linkdefs.put`, (body) => log("old put", JSON.parse(body)));
subscribe(`${id}.linkdefs.del`, (body) => log("delete", JSON.parse(body)));
subscribe(`${id}.config.update`, (body) => log("config", JSON.parse(body)));
subscribe(`${id}.health`, (body, respond) => {
  log("health", body);
  respond(data.config["health"] ?? '{"healthy":true}');
});
subscribe(`${id}.default.shutdown`, (body, respond) => {
  log("shutdown", JSON.parse(body));
  if (data.config["shutdown"] !== "silent") respond("shutting down");
});
