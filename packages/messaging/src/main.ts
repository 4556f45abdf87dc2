#!/usr/bin/env node
// First: what is loaded while it is there makes the young generation grow.
import { keepYoungGenerationSmall } from "./memory/young-generation.js";
import { errorChain } from "@keyturn/nats";
import { runProvider, type ProviderDefinition } from "@keyturn/provider";

import { logEvents, logMessages } from "./log/log-events.js";
import { logLevel } from "./log/log-level.js";
import { Logger } from "./log/logger.js";
import { messagingProvider } from "./messaging-provider.js";
import { version } from "./version.js";

const help = `keyturn-messaging ${version}
The wasmcloud:messaging provider on NATS. A wasmCloud 1.x host starts it, with one line of HostData on
standard input; nobody types that by hand. Where there is no host, a config says what it would say.

  --config FILE            serve without a host, as FILE says
                           (or the text in the variable KEYTURN_CONFIG)
  --config FILE --health   ask the provider of that config whether it is healthy; ends with 0 if it is
  --help                   this text
  --version                the version

To see it at work: npm run demo, in a checkout of Keyturn.
`;

keepYoungGenerationSmall();

const configVariable = "KEYTURN_CONFIG";
const args = process.argv.slice(2);
const [option, value, ...more] = args;
const hasConfig = option === "--config" && value !== undefined;
// Without `await`: a single executable is a script, and a script has none at its top.
if (option === undefined)
  void serve(process.env[configVariable] === undefined ? undefined : "");
else if (hasConfig && more.length === 0) void serve(value);
else if (hasConfig && more.join() === "--health") void health(value);
else if (args.join() === "--health") void health("");
else if (args.join() === "--version") process.stdout.write(`${version}\n`);
else if (args.join() === "--help" || args.join() === "-h")
  process.stdout.write(help);
else {
  process.stderr.write(
    `keyturn-messaging takes no argument like \`${args.join(" ")}\`. Look at what it takes: keyturn-messaging --help\n`,
  );
  process.exitCode = 2;
}

/** @param configFile where there is no host; "" for the variable */
async function serve(configFile: string | undefined): Promise<never> {
  const colour = process.stderr.isTTY && process.env["NO_COLOR"] === undefined;
  const logger = new Logger(2, colour);
  process.on("exit", () => {
    // Else Node would wait for the thread that writes, for ever perhaps, host or no host.
    if (!logger.end()) process.kill(process.pid, "SIGKILL");
  });
  logEvents(logger);
  const definition = withLogger(messagingProvider(), logger);
  if (configFile === undefined) return runProvider(definition);
  const hostData = async (): Promise<Uint8Array> => {
    const { readConfig, hostDataOf } = await import("./container/index.js");
    return hostDataOf(await readConfig(configFile, configVariable));
  };
  return runProvider(definition, { hostData });
}

async function health(configFile: string): Promise<void> {
  const { askHealth, readConfig } = await import("./container/index.js");
  let unhealthy: string;
  try {
    const answer = await askHealth(
      await readConfig(configFile, configVariable),
    );
    if (answer.healthy) return;
    unhealthy = answer.message;
  } catch (error) {
    unhealthy = errorChain(error);
  }
  process.stderr.write(`${unhealthy}\n`);
  process.exitCode = 1;
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
