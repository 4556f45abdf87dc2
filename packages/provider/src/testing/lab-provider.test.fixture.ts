// A provider executable for the tests of runProvider. Its config says how it misbehaves.
import { writeHeapSnapshot } from "node:v8";

import { implement } from "@keyturn/wrpc";

import { providerChannel } from "../events/provider-events.js";
import { runProvider } from "../process/run-provider.js";
import { lab } from "./lab-interface.test.fixture.js";

if (process.env["RUST_LOG"] !== undefined)
  providerChannel.subscribe((event) => {
    process.stderr.write(`${JSON.stringify(event)}\n`);
  });

await runProvider({
  name: "lab-provider",
  sensitiveConfigKeys: ["client_seed"],
  create: async ({ config, connection }) => {
    if (config["create"] === "lose-lattice") await connection.close();
    if (config["create"] === "fail") throw new Error("No disk.");
    return {
      exports: [
        implement(lab, {
          ask: async (question) => {
            const [verb, arg = ""] = question.split(" ");
            if (verb === "wait")
              await new Promise((resolve) => setTimeout(resolve, Number(arg)));
            if (verb === "throw")
              setTimeout(() => {
                throw new TypeError("SUACANARY is not a function");
              });
            if (verb === "reject")
              void Promise.reject(new Error("SUACANARY\\n    at SUACANARY"));
            if (verb === "lose-lattice") void connection.close();
            if (verb === "snapshot") writeHeapSnapshot(arg);
            return { tag: "ok", val: question };
          },
        }),
      ],
      putLink: async ({ config: { put } }) => {
        if (put === "fail") throw new Error("The server said no.");
        if (put === "hang") await new Promise(() => {});
      },
      deleteLink: async () => {},
      close: async () => {
        if (config["close"] === "hang") await new Promise(() => {});
        process.stderr.write("closed\n");
      },
    };
  },
});
