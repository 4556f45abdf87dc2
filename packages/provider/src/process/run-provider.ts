import type { ProviderDefinition } from "../definition/provider-definition.js";
import { hostDataOfInput } from "../host-data/host-data-of-input.js";
import { Provider } from "../runtime/provider.js";
import { guardCrashes } from "./crash-guard.js";
import { exitCodeOf, exitCodes } from "./exit-codes.js";
import { reportFatal } from "./report-fatal.js";
import { watchParent } from "./watch-parent.js";

/**
 * The whole life of a provider's process, as a wasmCloud 1.x host starts it: HostData from
 * standard input, then service until the host, a signal or the host's death ends it. Standard
 * output stays silent; what there is to say is published on `keyturn:provider`.
 *
 * Ends the process; see `exitCodes`.
 *
 * @example
 * await runProvider({ name: "counter", create: () => new Counter() });
 */
export async function runProvider(
  definition: ProviderDefinition,
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
  watchParent(() => {
    if (provider === undefined) process.exit(exitCodes.stopped);
    void provider.stop("parent-gone");
  });
  try {
    const hostData = await hostDataOfInput(
      process.stdin,
      definition.sensitiveConfigKeys ?? [],
    );
    provider = new Provider(definition, hostData);
    await provider.start();
    await provider.stopped;
  } catch (error) {
    // A lattice lost on the way says more than what that broke.
    end(definition.name, provider?.failure ?? error);
  }
  end(definition.name, provider.failure);
}

function end(program: string, error: unknown): never {
  const code = error === undefined ? exitCodes.stopped : exitCodeOf(error);
  if (code !== exitCodes.stopped) reportFatal(program, error);
  process.exit(code);
}
