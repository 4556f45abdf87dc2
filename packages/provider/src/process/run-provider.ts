import type { ProviderDefinition } from "../definition/provider-definition.js";
import { readHostData, type HostData } from "../host-data/host-data.js";
import { hostDataOfInput } from "../host-data/host-data-of-input.js";
import { Provider } from "../runtime/provider.js";
import { guardCrashes } from "./crash-guard.js";
import { exitCodeOf, exitCodes } from "./exit-codes.js";
import { reportFatal } from "./report-fatal.js";
import { watchParent } from "./watch-parent.js";

/** How a provider's process is told what it has to know, where no host starts it. */
export interface HostlessOptions {
  /** Gives HostData JSON in place of a host; it is wiped when it has been read. */
  readonly hostData: () => Promise<Uint8Array>;
}

/**
 * The whole life of a provider's process, as a wasmCloud 1.x host starts it: HostData from
 * standard input, then service until the host, a signal or the host's death ends it. Standard
 * output stays silent; what there is to say is published on `keyturn:provider`.
 *
 * Ends the process; see `exitCodes`.
 *
 * @param hostless given where no host starts it: then standard input is not read, and the process does
 *   not end with the one that has started it
 *
 * @example
 * await runProvider({ name: "counter", create: () => new Counter() });
 */
export async function runProvider(
  definition: ProviderDefinition,
  hostless?: HostlessOptions,
): Promise<never> {
  guardCrashes(definition.name);
  // A host that is gone no longer reads what is logged; that must not get in the way of the end.
  for (const output of [process.stdout, process.stderr])
    output.on("error", () => {});
  let provider: Provider | undefined;
  const onSignal = (): void => {
    if (provider === undefined) process.exit(exitCodes.stopped);
    void provider.stop("signal");
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  const parentOf = hostless === undefined ? () => process.ppid : () => 0;
  watchParent(() => {
    if (provider === undefined) process.exit(exitCodes.stopped);
    void provider.stop("parent-gone");
  }, parentOf);
  try {
    const hostData = await readFrom(
      hostless,
      definition.sensitiveConfigKeys ?? [],
    );
    provider = new Provider(definition, hostData, hostless !== undefined);
    await provider.start();
    await provider.stopped;
  } catch (error) {
    // A lattice lost on the way says more than what that broke.
    end(definition.name, provider?.failure ?? error);
  }
  end(definition.name, provider.failure);
}

async function readFrom(
  hostless: HostlessOptions | undefined,
  sensitiveConfigKeys: readonly string[],
): Promise<HostData> {
  if (hostless === undefined)
    return hostDataOfInput(process.stdin, sensitiveConfigKeys);
  const json = await hostless.hostData();
  try {
    return readHostData(json, sensitiveConfigKeys);
  } finally {
    json.fill(0);
  }
}

function end(program: string, error: unknown): never {
  const code = error === undefined ? exitCodes.stopped : exitCodeOf(error);
  if (code !== exitCodes.stopped) reportFatal(program, error);
  process.exit(code);
}
