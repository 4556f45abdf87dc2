import type { NatsEvent } from "@keyturn/nats";

import { defineCommand, type Command } from "../../command/command.js";
import { openConnection } from "../../command/nats-connection.js";
import type { Terminal } from "../../command/terminal.js";
import { AuditLog, fileSink, streamSink } from "../audit/audit-log.js";
import { TokenChecker } from "../claims/token-checker.js";
import { readKey } from "../keys/key-file.js";
import { PolicyFile } from "../policy/policy-file.js";
import {
  Backend,
  defaultConcurrency,
  defaultTopic,
} from "../server/backend.js";
import { Mappings } from "../store/mappings.js";
import { SecretStore } from "../store/secret-store.js";
import {
  mappingOptions,
  sealerOf,
  sealOptions,
  stockOption,
  storeFailed,
  storeOptions,
} from "./with-store.js";

/** The keys are of an account (who signs), and of a provider. */
const examplePolicy = `  {
    "issuers": ["AB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGIFW3"],
    "hosts": "any",
    "rules": [{
      "name": "shop",
      "entities": ["VDT7CYVBBPWFLGX6UGK6JXHIJNUVNDK5FSYJMPVUI3AGQXRLC7ZPBT3I"],
      "keys": ["nats/shop/*"]
    }]
  }`;

export const serve: Command = defineCommand({
  name: "serve",
  summary: "Serve secrets to wasmCloud hosts",
  details: `Speaks v1alpha1, as a wasmCloud 1.x host does. The policy file says who may read what; what it does not\nallow is denied, and it is followed when it changes. Each access is a line of JSON in the audit log.\nRuns until SIGINT or SIGTERM, and answers what it has taken before it ends.\n\nA policy that lets one provider read the keys under nats/shop:\n${examplePolicy}`,
  options: {
    ...storeOptions,
    ...mappingOptions,
    ...sealOptions,
    ...stockOption,
    "transit-key": {
      type: "text",
      value: "PLACE",
      summary:
        "key that hosts seal requests for, for life: a file, or a reference",
      env: "KEYTURN_TRANSIT_KEY_FILE",
      required: true,
    },
    policy: {
      type: "text",
      value: "FILE",
      summary: "who may read what",
      required: true,
    },
    topic: {
      type: "text",
      value: "SUBJECT",
      summary: "what hosts are given as --secrets-topic",
      default: defaultTopic,
    },
    audit: {
      type: "text",
      value: "FILE",
      summary: "append the audit log to a file (default: standard output)",
    },
    concurrency: {
      type: "count",
      summary: "requests answered side by side; 16 times as many may wait",
      min: 1,
      max: 4096,
      default: defaultConcurrency,
    },
  },
  examples: [
    "keyturn secrets serve --policy policy.json --seal-key seal.key --transit-key transit.key",
  ],
  run: async ({ options }, terminal) => {
    const transit = await readKey(
      options["transit-key"],
      "transit key",
      (text) => terminal.warn(text),
    );
    const sealer = await sealerOf(options, options["stock-values"], terminal);
    using policy = new PolicyFile(options.policy, {
      changed: () => terminal.note(`The policy ${options.policy} has changed.`),
      refused: (error) => terminal.fail(error),
    });
    await using audit = new AuditLog(
      options.audit === undefined
        ? streamSink(terminal.surroundings.stdout)
        : await fileSink(options.audit),
    );
    await using connection = await openConnection(
      options,
      "keyturn secrets serve",
      (event) => tell(event, terminal),
    );
    const { name, topic, concurrency } = options;
    const [store, mappings] = await Promise.all([
      SecretStore.open(connection, options.bucket, sealer),
      Mappings.open(connection, name),
    ]).catch((error: unknown) => {
      throw storeFailed(error);
    });
    const vault = {
      transit,
      store,
      mappings,
      policy: () => policy.current,
      tokens: new TokenChecker(),
    };
    await using _ = await Backend.start({
      connection,
      vault,
      audit,
      topic,
      name,
      concurrency,
    });
    terminal.note(
      `Serving ${topic}.v1alpha1.${name} with the public key ${transit.publicKey}.`,
    );
    await terminal.untilStopped();
  },
});

function tell(event: NatsEvent, terminal: Terminal): void {
  if (event.level === "error" || event.level === "warn")
    terminal.warn(event.message);
  else if (event.level === "info") terminal.note(event.message);
}
