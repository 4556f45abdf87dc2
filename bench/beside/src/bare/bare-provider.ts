import { decoded, encoded } from "./values.js";
import type { Wire } from "./wire.js";

const handler = "wrpc.0.0.1.wasmcloud:messaging/handler@0.2.0.handle-message";
const consumer = "wrpc.0.0.1.wasmcloud:messaging/consumer@0.2.0";
const empty = new Uint8Array();
const ok = Uint8Array.of(0);

/**
 * A provider that does nothing but the exchange: no limits, no deadlines, no errors, one link each
 * way. It shows what the exchange itself costs.
 */
export function bareProvider(
  lattice: Wire,
  backing: Wire,
  names: { readonly provider: string; readonly component: string },
): void {
  const { provider, component } = names;
  const inbox = `_INBOX.bare-${process.pid}`;
  let count = 0;
  const next = (kind: string): string => `${inbox}.${kind}.${count++}`;
  lattice.subscribe(
    `wasmbus.rpc.default.${provider}.health`,
    undefined,
    (_, reply) => {
      if (reply !== undefined)
        lattice.publish(reply, Buffer.from(`{"healthy":true}`));
    },
  );

  const headers = `NATS/1.0\r\nsource-id: ${provider}\r\ntarget-id: ${component}\r\n\r\n`;
  lattice.subscribe(`${inbox}.call.>`, undefined, (_subject, reply) => {
    if (reply !== undefined) lattice.publish(`${reply}.params`, empty);
  });
  backing.subscribe("in.>", undefined, (subject, _reply, body) =>
    lattice.publish(
      `default.${component}.${handler}`,
      encoded({ subject, body }),
      next("call"),
      headers,
    ),
  );

  const prefix = `default.${provider}`;
  const answer = (to: string, result: Uint8Array): void => {
    lattice.publish(`${to}.results`, result);
    lattice.publish(`${to}.results`, empty);
  };
  // As with any server of wRPC, somebody is subscribed to what follows an invocation.
  lattice.subscribe(`${inbox}.serve.>`, undefined, () => undefined);
  lattice.subscribe(
    `${prefix}.${consumer}.publish`,
    prefix,
    (_, reply, data) => {
      if (reply === undefined) return;
      lattice.publish(reply, empty, next("serve"));
      const { subject, body } = decoded(data);
      backing.publish(subject, body);
      answer(reply, ok);
    },
  );

  const asked = new Map<string, string>();
  backing.subscribe(`${inbox}.ask.>`, undefined, (subject, _reply, body) => {
    const caller = asked.get(subject);
    if (caller === undefined) return;
    asked.delete(subject);
    answer(caller, encoded({ subject, body }, [0]));
  });
  lattice.subscribe(
    `${prefix}.${consumer}.request`,
    prefix,
    (_, reply, data) => {
      if (reply === undefined) return;
      lattice.publish(reply, empty, next("serve"));
      const { subject, body } = decoded(data);
      const to = next("ask");
      asked.set(to, reply);
      backing.publish(subject, body, to);
    },
  );
}
