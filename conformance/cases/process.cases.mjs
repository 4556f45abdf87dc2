// The provider as a process: identity, start, shutdown, and what it says when it cannot start.
import { isRunning } from "@keyturn/testkit";
import {
  comes,
  connectionsOf,
  logOf,
  outcome,
  quiet,
  soon,
  subscriptionsOf,
  yesNo,
} from "./site.mjs";

/** How a process ended: its exit code or signal, and whether what it printed has a text. */
const endOf = async (host) => {
  const over = await comes(() => !host.running, 5000);
  if (!over) return "goes on";
  const { code, signal } = await host.ended;
  return `ends with ${signal ?? code}`;
};

export const processCases = [
  {
    id: "A.1 exports",
    says: "functions that are served on the lattice",
    both: "consumer@0.2.0.publish, consumer@0.2.0.request",
    act: async (site) => {
      await site.host();
      return (await subscriptionsOf(await site.lattice()))
        .filter((one) => one.includes("wrpc"))
        .map((one) => one.split("|")[0].split("/").at(-1))
        .sort()
        .join(", ");
    },
  },
  {
    id: "A.1 queue group",
    says: "queue group of the functions",
    both: "default.messaging",
    act: async (site) => {
      await site.host();
      return (await subscriptionsOf(await site.lattice()))
        .filter((one) => one.includes("publish"))
        .map((one) => one.split("|")[1])
        .join();
    },
  },
  {
    id: "A.1 names",
    says: "names of the connections: lattice; link",
    both: "messaging-nats-provider; NATS Messaging Provider",
    act: async (site) => {
      const { nats } = await site.publishing();
      const names = async (server) =>
        (await connectionsOf(server))
          .map(({ name }) => name)
          .filter((name) => !/^(host-double|component .*)$/.test(name))
          .join();
      return `${await names(await site.lattice())}; ${await names(nats)}`;
    },
  },
  {
    id: "A.9 health",
    says: "health of a provider without links",
    both: '{"healthy":true}',
    act: async (site) => {
      const host = await site.host();
      const { connection, subjects } = host;
      const answer = await connection.request(subjects.health, "");
      const { healthy } = answer.json();
      return JSON.stringify({ healthy });
    },
  },
  {
    id: "A.9 shutdown",
    says: "the answer to the host's shutdown",
    both: "shutting down",
    act: async (site) => {
      const host = await site.host();
      const { connection, subjects, keys } = host;
      const request = JSON.stringify({ host_id: keys.hostId });
      return (await connection.request(subjects.shutdown, request)).string();
    },
  },
  {
    id: "A.9 shutdown of another host",
    says: "a shutdown with another host's id",
    both: "no answer",
    act: async (site) => {
      const host = await site.host();
      const { connection, subjects } = host;
      const request = JSON.stringify({ host_id: "NOTHER" });
      return connection
        .request(subjects.shutdown, request, { timeout: 500 })
        .then(
          (answer) => answer.string(),
          () => "no answer",
        );
    },
  },
  {
    id: "B61",
    says: "a shutdown that wants no answer: the process",
    ours: "ends with 0",
    rust: "goes on",
    act: async (site) => {
      const host = await site.host();
      const { connection, subjects, keys } = host;
      connection.publish(
        subjects.shutdown,
        JSON.stringify({ host_id: keys.hostId }),
      );
      return endOf(host);
    },
  },
  {
    id: "B62",
    says: "a request under way when the host ends the provider; its answer comes 20 ms later",
    ours: "pong",
    rust: "no answer",
    act: async (site) => {
      const { shop, client, host } = await site.publishing();
      let asked = false;
      client.subscribe("ask", {
        callback: (_error, message) => {
          asked = true;
          void quiet(20).then(() => message.respond("pong"));
        },
      });
      await client.flush();
      const answer = outcome(shop.request("ask", "?"));
      await soon("the request", () => asked);
      await host.shutdown();
      // An end without an answer, or none at all: as it happens.
      const done = await Promise.race([answer, quiet(3000)]);
      return done === "pong" ? "pong" : "no answer";
    },
  },
  {
    id: "B60",
    says: "a lattice seed that is none",
    ours: "ends with 69, a message",
    rust: "ends with 101, panic",
    act: async (site) => {
      const host = await site.startHost({
        override: {
          lattice_rpc_user_jwt: "x.y.z",
          lattice_rpc_user_seed: "SUANONSENSE",
        },
      });
      const end = await endOf(host);
      return `${end}, ${yesNo(/panicked/.test(logOf(host)), "panic", "a message")}`;
    },
  },
  {
    id: "B64",
    says: "the host is killed: the provider",
    ours: "ends",
    rust: "goes on",
    act: async (site) => {
      const host = await site.host({ killableHost: true });
      const { pid } = host;
      site.defer(() => {
        if (isRunning(pid)) process.kill(pid, "SIGKILL");
      });
      host.killHost();
      return yesNo(await comes(() => !isRunning(pid), 6000), "ends", "goes on");
    },
  },
  {
    id: "H HostData",
    says: "HostData that cannot be parsed: a seed in it, on standard error",
    ours: "not shown",
    rust: "shown",
    act: async (site) => {
      const seed = "SUACANARYCANARYCANARY";
      const text = `{"lattice_rpc_user_seed":"${seed}",`;
      const host = await site.startHost({
        input: `${Buffer.from(text).toString("base64")}\r\n`,
      });
      await endOf(host);
      const log = logOf(host);
      const shown =
        log.includes(seed) ||
        log.includes(Buffer.from(text).toString("base64"));
      return yesNo(shown, "shown", "not shown");
    },
  },
  {
    id: "H RUST_LOG",
    says: "`RUST_LOG` of the host over the log level of HostData",
    both: "debug",
    act: async (site) => {
      const { host, client, shop } = await site.delivering({
        host: { env: { RUST_LOG: "debug" }, logLevel: "error" },
      });
      client.publish("orders.new", "x");
      await soon("the message", () => shop.calls > 0);
      await quiet(200);
      return yesNo(/DEBUG/.test(logOf(host)), "debug", "error");
    },
  },
];
