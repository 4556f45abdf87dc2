import { fileURLToPath } from "node:url";

import type { BoundedLog } from "../process/bounded-log.js";
import { ManagedChild, type ChildEnd } from "../process/managed-child.js";

/** How a provider's process is started. */
export interface ProviderProcessOptions {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** Variables of the host's environment; those that a host passes on reach the provider. */
  readonly env: Readonly<Record<string, string>>;
  /** What stands on standard input, which is then closed. */
  readonly input: string;
  /** Puts a process of the host's above the provider. */
  readonly killableHost: boolean;
  readonly stdout: BoundedLog;
  readonly stderr: BoundedLog;
}

const hostProcess = fileURLToPath(new URL("host-process.js", import.meta.url));

/** Starts a provider as a host does. */
export function startProviderProcess(
  options: ProviderProcessOptions,
): Promise<ManagedChild> {
  const { killableHost, input, stdout, stderr } = options;
  const [command, ...args] = killableHost
    ? ([process.execPath, hostProcess, ...options.command] as const)
    : options.command;
  return ManagedChild.start({
    command,
    args,
    env: passedOn(options.env),
    input,
    stdout,
    stderr,
    tellsInnerPid: killableHost,
  });
}

/** Ends a provider as a host does: without a word. */
export async function endProviderProcess(
  child: ManagedChild,
): Promise<ChildEnd> {
  if (process.env["NODE_V8_COVERAGE"] !== undefined) await timeToReport(child);
  child.killInner("SIGKILL");
  return child.ended;
}

function passedOn(
  host: Readonly<Record<string, string>>,
): Record<string, string> {
  const { SYSTEMROOT } = process.env;
  return {
    ...(SYSTEMROOT !== undefined && { SYSTEMROOT }),
    ...Object.fromEntries(
      Object.entries(host).filter(([name]) =>
        /^(RUST_LOG|OTEL_.*)$/.test(name),
      ),
    ),
  };
}

/** Coverage is written when a process ends by itself, which a host does not wait for. */
async function timeToReport(child: ManagedChild): Promise<void> {
  child.killInner("SIGTERM");
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, 2000);
  });
  await Promise.race([child.ended, patience]);
  clearTimeout(timer);
}
