import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { describe, test } from "node:test";

import { readHostDataLine } from "./read-host-data-line.js";

describe("readHostDataLine", () => {
  test("takes the first line, however it is cut, and wipes what it read", async () => {
    const chunks = ["  QU", "JD", "\r", "\nQUJD\r\n"].map((t) =>
      Buffer.from(t),
    );
    const line = await readHostDataLine(Readable.from(chunks));
    assert.equal(Buffer.from(line).toString(), "QUJD");
    for (const chunk of chunks) assert.ok(chunk.every((byte) => byte === 0));
  });

  test("takes what there is when the input ends without a newline", async () => {
    const line = await readHostDataLine(Readable.from([Buffer.from("QUJD")]));
    assert.equal(Buffer.from(line).toString(), "QUJD");
  });

  test("lets the input go", async () => {
    const input = new PassThrough();
    input.write("QQ==\n");
    await readHostDataLine(input);
    assert.ok(input.destroyed);
  });

  test("refuses empty input", async () => {
    for (const text of ["", "\r\n", "  \n"])
      await assert.rejects(
        readHostDataLine(Readable.from([Buffer.from(text)])),
        {
          code: "PROVIDER_HOST_DATA_MISSING",
          message:
            "Standard input held no HostData: it was closed or the first line was empty. Let a wasmCloud host start this program; by hand, write one base64 line of HostData JSON to its standard input.",
        },
      );
  });

  test("refuses a terminal", async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    await assert.rejects(readHostDataLine(input), {
      code: "PROVIDER_HOST_DATA_MISSING",
      message:
        "This program is a wasmCloud capability provider, and its standard input is a terminal. Let a wasmCloud host start this program; by hand, write one base64 line of HostData JSON to its standard input.",
    });
  });

  test("gives up when no line comes in time", async () => {
    const input = new PassThrough();
    input.write("QUJD");
    await assert.rejects(readHostDataLine(input, { deadlineMs: 20 }), {
      code: "PROVIDER_HOST_DATA_MISSING",
      message:
        "No line of HostData came on standard input within 20 ms. Let a wasmCloud host start this program; by hand, write one base64 line of HostData JSON to its standard input.",
    });
    assert.ok(input.destroyed);
  });

  test("refuses a line over the limit", async () => {
    const input = Readable.from([
      Buffer.from("QUJD"),
      Buffer.from("QUJDQUJD\n"),
    ]);
    await assert.rejects(readHostDataLine(input, { maxBytes: 11 }), {
      code: "PROVIDER_HOST_DATA_TOO_LARGE",
      message:
        "The HostData line on standard input is longer than 11 bytes. Give the provider fewer links or smaller configs and secrets.",
    });
  });

  test("tells a broken input", async () => {
    const input = new PassThrough();
    const reading = readHostDataLine(input);
    input.destroy(new Error("EIO"));
    await assert.rejects(reading, {
      code: "PROVIDER_HOST_DATA_MISSING",
      message: /^Standard input could not be read\./,
    });
  });
});
