/**
 * Calls `gone` once when this process gets another parent, which means that the one that started
 * it is dead: a host that is killed leaves its providers behind.
 *
 * The timer holds the process, whose life ends by a decision and not because nothing is left to
 * wait for (while the lattice is away).
 */
export function watchParent(
  gone: () => void,
  parentOf: () => number = () => process.ppid,
  intervalMs = 1_000,
): { stop(): void } {
  const parent = parentOf();
  const timer = setInterval(() => {
    if (parentOf() === parent) return;
    clearInterval(timer);
    gone();
  }, intervalMs);
  return { stop: () => clearInterval(timer) };
}
