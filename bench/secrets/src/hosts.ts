// Hosts that ask for a secret over and over, in a process of their own.
import { CurveKey } from "@keyturn/nats";
import {
  backendSubject,
  readAnswer,
  requestKeyHeader,
  responseKeyHeader,
  writeRequest,
} from "@keyturn/nats/wasmcloud-secrets";
import { headers, type MsgHdrs } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

/** What hosts ask for, and how. */
export interface Load {
  readonly key: string;
  readonly entityJwt: string;
  readonly hostJwt: string;
  /** Requests that are under way at a time. */
  readonly atOnce: number;
  readonly count: number;
}

/** What came of it. */
export interface Measured {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

const subject = (operation: string): string =>
  backendSubject("wasmcloud.secrets", "nats-kv", operation);
const connection = await connect({ servers: process.argv[2] ?? "" });
const serverKey = (await connection.request(subject("server_xkey"))).string();

process.on("message", (load: Load) => {
  void measure(load).then((result) => process.send?.(result));
});
process.on("disconnect", () => void connection.close());
process.send?.("ready");

interface Asked {
  readonly key: CurveKey;
  readonly body: Uint8Array;
  readonly head: MsgHdrs;
}

async function measure(load: Load): Promise<Measured> {
  const { atOnce, count } = load;
  // Sealed before the clock runs: it is the backend that is measured, not the hosts.
  const asked = Array.from({ length: 256 }, () => ask(load));
  const times: number[] = [];
  let next = 0;
  let failed = 0;
  const began = performance.now();
  const host = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const { body, head, key } = asked[i % asked.length] as Asked;
      const start = performance.now();
      const answer = await connection.request(subject("get"), body, {
        headers: head,
        // nats.js looks at its clock before it reads what has come: where a busy machine leaves this
        // process alone for as long, answers that are there count as late.
        timeout: 60_000,
      });
      times.push(performance.now() - start);
      const sealedBy = answer.headers?.get(responseKeyHeader) ?? "";
      if (sealedBy === "") failed++;
      // Now and then, one is opened.
      else if (i % 100 === 0) {
        const opened = key.open(answer.data, sealedBy);
        if (opened === undefined || readAnswer(opened) === undefined) failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, host));
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  return {
    perSecond: Math.round(count / seconds),
    p50: at(times, 0.5),
    p99: at(times, 0.99),
    failed,
  };
}

function ask({ key: wanted, entityJwt, hostJwt }: Load): Asked {
  const key = CurveKey.generate();
  const request = writeRequest({ key: wanted, entityJwt, hostJwt });
  const head = headers();
  head.set(requestKeyHeader, key.publicKey);
  return { key, body: key.seal(request, serverKey), head };
}

function at(sorted: readonly number[], share: number): number {
  const time = sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return Math.round(time * 100) / 100;
}
