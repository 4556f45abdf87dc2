#!/usr/bin/env node
import { runProvider, type ProviderDefinition } from "@keyturn/provider";

import { logEvents, logMessages } from "./log/log-events.js";
import { logLevel } from "./log/log-level.js";
import { Logger } from "./log/logger.js";
import { messagingProvider } from "./messaging-provider.js";
import { version } from "./version.js";

const help = `keyturn-messaging ${version}
The wasmcloud:messaging provider on NATS. A wasmCloud 1.x host starts it, with one line of HostData on
standard input; nobody types that by hand.

  --help      this text
  --version   the version

To see it at work: npm run demo, in a checkout of Keyturn.
`;

const [option, ...more] = process.argv.slice(2);
// Without `await`: a single executable is a script, and a script has none at its top.
if (option === undefined) void serve();
else if (more.length === 0 && option === "--version")
  process.stdout.write(`${version}\n`);
else if (more.length === 0 && (option === "--help" || option === "-h"))
  process.stdout.write(help);
else {
  process.stderr.write(
    `keyturn-messaging takes no argument like \`${[option, ...more].join(" ")}\`. Look at what it takes: keyturn-messaging --help\n`,
  );
  process.exitCode = 2;
}

async function serve(): Promise<never> {
  const colour = process.stderr.isTTY && process.env["NO_COLOR"] === undefined;
  const logger = new Logger(2, colour);
  process.on("exit", () => {
    // Else Node would wait for the thread that writes, for ever perhaps, host or no host.
    if (!logger.end()) process.kill(process.pid, "SIGKILL");
  });
  logEvents(logger);
  return runProvider(withLogger(messagingProvider(), logger));
}

/** How much is logged, and in which form, comes with HostData. */
function withLogger(
  definition: ProviderDefinition,
  logger: Logger,
): ProviderDefinition {
  return {
    ...definition,
    create: (context) => {
      const { structured } = context.log;
      const level = logLevel(context.log.level, process.env["RUST_LOG"]);
      logger.configure({ level, structured });
      if (level === "debug" || level === "trace") logMessages(logger);
      return definition.create(context);
    },
  };
}
