import type { PublishOptions } from "./nats-core.js";

const empty = new Uint8Array(0);

/** A message as it goes over the wire: `PUB` or `HPUB` (NATS client protocol). */
export function pubFrame(
  subject: string,
  payload: Uint8Array | string = empty,
  options: PublishOptions = {},
): Uint8Array {
  const data = typeof payload === "string" ? Buffer.from(payload) : payload;
  const reply =
    options.reply === undefined || options.reply === ""
      ? ""
      : ` ${options.reply}`;
  const headers = (
    options.headers as { encode(): Uint8Array } | undefined
  )?.encode();
  const command =
    headers === undefined
      ? `PUB ${subject}${reply} ${data.length}\r\n`
      : `HPUB ${subject}${reply} ${headers.length} ${headers.length + data.length}\r\n`;
  return Buffer.concat([
    Buffer.from(command),
    headers ?? empty,
    data,
    Buffer.from("\r\n"),
  ]);
}
