// Encoding and decoding of messages, beside the copy of bytes that nobody can do without.
import { isValidHeader } from "@keyturn/wrpc";
import {
  decode,
  encode,
  list,
  option,
  record,
  string,
  u8,
} from "@keyturn/wrpc/values";
import { Bench } from "tinybench";

const message = record({
  subject: string,
  body: list(u8),
  replyTo: option(string),
});

const bench = new Bench({ time: 300 });
for (const [name, size] of [
  ["64 B", 64],
  ["1 KiB", 1024],
  ["64 KiB", 65_536],
] as const) {
  const value = {
    subject: "orders.eu.created",
    body: new Uint8Array(size).fill(120),
    replyTo: "_INBOX.N4QVZ2.17",
  };
  const bytes = encode(message, value);
  bench
    .add(`copy ${name}`, () => Uint8Array.from(bytes))
    .add(`encode ${name}`, () => encode(message, value))
    .add(`decode ${name}`, () => decode(message, bytes));
}
bench.add("check of a header", () =>
  isValidHeader(
    "traceparent",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  ),
);
await bench.run();

const figures = bench.tasks.map(({ name, result }) => ({
  name,
  ns: "latency" in result ? Math.round(result.latency.p50 * 1e6) : Number.NaN,
}));
if (process.argv.includes("--json"))
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
else
  for (const { name, ns } of figures)
    process.stdout.write(`${name.padEnd(20)} ${String(ns).padStart(7)} ns\n`);
