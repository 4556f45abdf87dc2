import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { maxControlLine } from "./frames.js";
import { Parser, type ParserEvent } from "./nats-core.js";
import { StreamParser } from "./stream-parser.js";

const word = fc.stringMatching(/^[a-zé$_.-]{1,20}$/);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 5000, maxLength: 9000, size: "max" }),
);
const gap = fc.constantFrom(" ", " ", " ", "  ", "\t", " \t ");
const blank = fc.oneof({ weight: 9, arbitrary: fc.constant(" ") }, gap);

const message = fc
  .record({
    subject: word,
    sid: fc.nat(99_999),
    reply: fc.option(word, { nil: undefined }),
    header: fc.option(
      fc.constantFrom("NATS/1.0\r\n\r\n", "NATS/1.0\r\na: b\r\n\r\n"),
      { nil: undefined },
    ),
    body,
    blank,
  })
  .map(({ subject, sid, reply, header = "", body: data, blank: by }) => {
    const parts = [header === "" ? "MSG" : "HMSG", subject, sid];
    if (reply !== undefined) parts.push(reply);
    if (header !== "") parts.push(header.length);
    parts.push(header.length + data.length);
    return Buffer.concat([
      Buffer.from(`${parts.join(by)}\r\n${header}`),
      data,
      Buffer.from("\r\n"),
    ]);
  });
const other = fc
  .constantFrom("PING", "PONG", "+OK", "-ERR 'x y'", 'INFO {"a":1}')
  .map((line) => Buffer.from(`${line}\r\n`));
const stream = fc
  .array(fc.oneof({ weight: 4, arbitrary: message }, other), { maxLength: 12 })
  .map((frames) => Buffer.concat(frames));

function shown(event: ParserEvent): unknown {
  if (typeof event === "function") throw new Error("no event");
  const { kind, msg, data } = event;
  const text = (bytes?: Uint8Array): string =>
    Buffer.from(bytes ?? []).toString("latin1");
  return [
    kind,
    text(data),
    msg && [text(msg.subject), text(msg.reply), msg.sid, msg.hdr, msg.size],
  ];
}

/** What comes of a stream in chunks of these sizes, over and over. */
function read(
  bytes: Buffer,
  sizes: readonly number[],
  make: (push: (event: ParserEvent) => void) => Parser,
): unknown[] {
  const events: unknown[] = [];
  const parser = make((event) => events.push(shown(event)));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    // A copy: what is kept of a chunk must not be written over.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    parser.parse(chunk);
    at += size;
  }
  return events;
}

const ours = (push: (event: ParserEvent) => void): Parser => {
  const parser: Parser = new StreamParser({
    get parser() {
      return parser;
    },
    push,
    onStreamFault: (error) => assert.fail(error),
  });
  return parser;
};
const stock = (push: (event: ParserEvent) => void): Parser =>
  new Parser({ push: (event) => typeof event === "function" || push(event) });

test("it reads what nats.js' parser reads, in whatever pieces it comes", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6000 }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(stream, sizes, (bytes, pieces) => {
      const expected = read(bytes, [bytes.length || 1], stock);
      assert.deepEqual(read(bytes, pieces, ours), expected);
      if (bytes.length < 2000)
        assert.deepEqual(read(bytes, [1], ours), expected);
    }),
    { numRuns: 300 },
  );
});

for (const [what, bytes] of [
  ["another protocol", "HTTP/1.1 400 Bad Request\r\nsecret-body\r\n"],
  ["another protocol without a line end", "SSH-2.0-secret-body"],
  ["a message without a size", "MSG secret-body 1\r\n"],
  ["a message with a size that is none", "MSG secret-body 1 1e3\r\n"],
  ["a message with a negative id", "MSG secret-body -1 1\r\n"],
  ["a message beyond all bounds", "MSG secret-body 1 67108865\r\n"],
  ["a message with too many parts", "MSG secret-body 1 r s 5\r\n"],
  ["a message that is longer than it says", "MSG a 1 2\r\nsecret-body\r\n"],
  ["headers that are longer than all", "HMSG secret-body 1 9 5\r\n"],
  ["headers without a size", "HMSG secret-body 1 5\r\n"],
  ["a line without an end", `INFO secret-body${" ".repeat(maxControlLine)}`],
] as const)
  test(`${what} ends the stream, and is not quoted`, () => {
    for (const size of [1e9, 7]) {
      const faults: string[] = [];
      const parser: Parser = new StreamParser({
        get parser() {
          return parser;
        },
        push: (event) => assert.fail(JSON.stringify(event)),
        onStreamFault: ({ message: text, cause }) => {
          assert.equal(cause, undefined);
          faults.push(text);
        },
      });
      const all = Buffer.from(bytes);
      // What has failed is not read on.
      for (let at = 0; at < all.length && faults.length === 0; at += size)
        parser.parse(all.subarray(at, at + size));
      assert.deepEqual(faults, ["the server sent something that is not NATS"]);
    }
  });

test("a stream that was left already throws to who still reads it", () => {
  const parser = new StreamParser({
    parser: new Parser({ push: () => undefined }),
    push: () => undefined,
    onStreamFault: () => assert.fail("told"),
  });
  assert.throws(() => parser.parse(Buffer.from("XXX\r\n")));
});
