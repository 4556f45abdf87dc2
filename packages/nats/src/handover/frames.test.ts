import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { FrameSplitter, maxControlLine, type Frame } from "./frames.js";

const stream = Buffer.from(
  [
    'INFO {"server_id":"S","nonce":"n"}\r\n',
    "MSG a.b 1 5\r\nhello\r\n",
    "PING\r\n",
    "MSG a.b 1 reply.to 0\r\n\r\n",
    "HMSG a.b 12 reply 12 15\r\nNATS/1.0\r\n\r\nabc\r\n",
    "+OK\r\n",
    "-ERR 'Authorization Violation'\r\n",
    "MSG a.b 2 8\r\nPONG\r\nPI\r\n",
    "PONG\r\n",
  ].join(""),
  "latin1",
);

function split(chunks: readonly Uint8Array[]): {
  frames: string[];
  rest: number;
} {
  const frames: string[] = [];
  const splitter = new FrameSplitter((frame: Frame) => {
    frames.push(`${frame.kind}:${Buffer.from(frame.bytes).toString("latin1")}`);
  });
  for (const chunk of chunks) splitter.feed(chunk);
  return { frames, rest: splitter.rest.byteLength };
}

void test("a stream is cut into its operations, payloads that look like operations included", () => {
  const { frames, rest } = split([stream]);
  assert.deepEqual(
    frames.map((frame) => frame.slice(0, frame.indexOf(":"))),
    [
      "info",
      "message",
      "ping",
      "message",
      "message",
      "ok",
      "error",
      "message",
      "pong",
    ],
  );
  assert.equal(
    frames.map((frame) => frame.slice(frame.indexOf(":") + 1)).join(""),
    stream.toString("latin1"),
  );
  assert.equal(rest, 0);
});

void test("however the stream is cut, the frames are the same", () => {
  const whole = split([stream]);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const borders = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const chunks = borders
        .slice(1)
        .map((end, i) => stream.subarray(borders[i], end));
      assert.deepEqual(split(chunks), whole);
    }),
  );
});

void test("a frame that has begun stays in `rest`", () => {
  const { frames, rest } = split([Buffer.from("PONG\r\nMSG a 1 5\r\nhel")]);
  assert.deepEqual(frames, ["pong:PONG\r\n"]);
  assert.equal(rest, "MSG a 1 5\r\nhel".length);
});

void test("what is not NATS is refused", () => {
  assert.throws(
    () => split([Buffer.from("HTTP/1.1 400 Bad Request\r\n")]),
    /unknown operation/,
  );
  assert.throws(
    () => split([Buffer.from("MSG a 1 x\r\n")]),
    /message without a size/,
  );
  assert.throws(
    () => split([Buffer.alloc(maxControlLine + 2, 0x49)]),
    /control line without an end/,
  );
});
