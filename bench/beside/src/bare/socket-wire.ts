import { once } from "node:events";
import { connect } from "node:net";

import type { Handle, Wire } from "./wire.js";

/** NATS' protocol on a socket, without any care: for servers without TLS, credentials or faults. */
export async function socketWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  const handlers: Handle[] = [];
  const output = new Output((bytes) => socket.write(bytes));
  const input = new Input(handlers, () => output.line("PONG"));
  socket.on("data", (bytes) => input.take(bytes));
  output.line(
    `CONNECT ${JSON.stringify({ verbose: false, pedantic: false, headers: true, no_responders: true, protocol: 1, lang: "bare", version: "0" })}`,
  );
  return {
    subscribe(subject, queue, handle) {
      handlers.push(handle);
      const group = queue === undefined ? "" : `${queue} `;
      output.line(`SUB ${subject} ${group}${handlers.length - 1}`);
    },
    publish(subject, data, reply, headers) {
      const to = reply === undefined ? subject : `${subject} ${reply}`;
      if (headers === undefined) output.line(`PUB ${to} ${data.length}`);
      else
        output.line(
          `HPUB ${to} ${headers.length} ${headers.length + data.length}`,
          headers,
        );
      output.body(data);
    },
  };
}

/** Everything of one turn of the event loop in one write. */
class Output {
  readonly #write: (bytes: Uint8Array) => void;
  #buffer = Buffer.allocUnsafe(65_536);
  #length = 0;
  #isDue = false;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** A line, and what follows it without an end of its own. */
  line(text: string, after = ""): void {
    this.#room(text.length + after.length + 2);
    this.#length += this.#buffer.write(
      `${text}\r\n${after}`,
      this.#length,
      "latin1",
    );
  }

  body(data: Uint8Array): void {
    this.#room(data.length + 2);
    this.#buffer.set(data, this.#length);
    this.#length += data.length;
    this.#buffer[this.#length++] = 13;
    this.#buffer[this.#length++] = 10;
  }

  #room(bytes: number): void {
    if (this.#length + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe((this.#length + bytes) * 2);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#write(this.#buffer.subarray(0, this.#length));
      // The socket may still read the old one.
      this.#buffer = Buffer.allocUnsafe(65_536);
      this.#length = 0;
    });
  }
}

/** Cuts what comes into messages. */
class Input {
  readonly #handlers: readonly Handle[];
  readonly #pong: () => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(handlers: readonly Handle[], pong: () => void) {
    this.#handlers = handlers;
    this.#pong = pong;
  }

  take(bytes: Buffer): void {
    const all =
      this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (;;) {
      const end = all.indexOf(10, at);
      if (end === -1) break;
      const line = all.toString("latin1", at, end - 1);
      if (!line.startsWith("MSG ") && !line.startsWith("HMSG ")) {
        if (line === "PING") this.#pong();
        if (line.startsWith("-ERR")) throw new Error(line);
        at = end + 1;
        continue;
      }
      const next = this.#message(all, line.split(" "), end + 1);
      if (next === undefined) break;
      at = next;
    }
    this.#rest = all.subarray(at);
  }

  /** @returns where the next line begins; undefined if the message is not there as a whole */
  #message(
    all: Buffer,
    fields: readonly string[],
    from: number,
  ): number | undefined {
    const hasHeaders = fields[0] === "HMSG";
    const end = from + Number(fields.at(-1));
    if (all.length < end + 2) return undefined;
    const body = hasHeaders ? from + Number(fields.at(-2)) : from;
    const hasReply = fields.length === (hasHeaders ? 6 : 5);
    this.#handlers[Number(fields[2])]?.(
      fields[1] ?? "",
      hasReply ? fields[3] : undefined,
      all.subarray(body, end),
    );
    return end + 2;
  }
}
