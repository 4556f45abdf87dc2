import type { Readable } from "node:stream";

import { fail } from "../errors/provider-errors.js";

/** Bounds for reading the line. */
export interface LineLimits {
  /** Longest line, in bytes. Default 64 MiB: about ten thousand links with secrets. */
  readonly maxBytes?: number;
  /** How long the line may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
}

const newline = 0x0a;

/**
 * Reads the one line that a wasmCloud host writes to standard input (base64, CR LF) and lets the
 * stream go. What was buffered on the way is wiped; the caller wipes the result.
 *
 * @throws KeyturnError `PROVIDER_HOST_DATA_MISSING`, `PROVIDER_HOST_DATA_TOO_LARGE`
 */
export async function readHostDataLine(
  input: Readable & { readonly isTTY?: boolean },
  limits: LineLimits = {},
): Promise<Uint8Array> {
  const { maxBytes = 64 * 1024 * 1024, deadlineMs = 5_000 } = limits;
  if (input.isTTY === true)
    throw fail(
      "PROVIDER_HOST_DATA_MISSING",
      "This program is a wasmCloud capability provider, and its standard input is a terminal.",
    );
  const chunks: Uint8Array[] = [];
  try {
    await collectLine(input, chunks, maxBytes, deadlineMs);
    return trimmed(chunks);
  } finally {
    for (const chunk of chunks) chunk.fill(0);
    input.destroy();
  }
}

function collectLine(
  input: Readable,
  chunks: Uint8Array[],
  maxBytes: number,
  deadlineMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let size = 0;
    const timer = setTimeout(() => {
      settle(
        fail(
          "PROVIDER_HOST_DATA_MISSING",
          `No line of HostData came on standard input within ${deadlineMs} ms.`,
        ),
      );
    }, deadlineMs);
    const onData = (chunk: Uint8Array): void => {
      const end = chunk.indexOf(newline);
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
      if (end >= 0) chunk.subarray(end).fill(0);
      size += end < 0 ? chunk.byteLength : end;
      if (size > maxBytes)
        settle(
          fail(
            "PROVIDER_HOST_DATA_TOO_LARGE",
            `The HostData line on standard input is longer than ${maxBytes} bytes.`,
          ),
        );
      else if (end >= 0) settle();
    };
    const onEnd = (): void => settle();
    const onError = (cause: Error): void =>
      settle(
        fail(
          "PROVIDER_HOST_DATA_MISSING",
          "Standard input could not be read.",
          { cause },
        ),
      );
    function settle(error?: Error): void {
      clearTimeout(timer);
      input.pause();
      input.off("data", onData).off("end", onEnd).off("close", onEnd);
      // A stream that is destroyed may still report an error; nobody is interested any more.
      input.off("error", onError).on("error", () => {});
      if (error === undefined) resolve();
      else reject(error);
    }
    input.on("data", onData).on("end", onEnd).on("close", onEnd);
    input.on("error", onError);
  });
}

/** The chunks as one array without blanks around. */
function trimmed(chunks: readonly Uint8Array[]): Uint8Array {
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const line = new Uint8Array(size);
  let length = 0;
  for (const chunk of chunks) {
    line.set(chunk, length);
    length += chunk.byteLength;
  }
  let start = 0;
  let end = length;
  while (start < end && isBlank(line[start])) start++;
  while (end > start && isBlank(line[end - 1])) end--;
  if (start === end)
    throw fail(
      "PROVIDER_HOST_DATA_MISSING",
      "Standard input held no HostData: it was closed or the first line was empty.",
    );
  return line.subarray(start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}
