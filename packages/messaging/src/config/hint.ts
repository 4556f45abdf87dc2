import { configKeys, isConfigKey } from "./keys.js";

/** The key that was probably meant: the same in other letter case, or at most three edits away. */
export function nearestKey(name: string): string | undefined {
  const plain = name.toLowerCase().replaceAll("-", "_");
  if (isConfigKey(plain)) return plain;
  let best: string | undefined;
  let bestDistance = Math.min(4, Math.ceil(plain.length / 2));
  for (const key of Object.keys(configKeys)) {
    const distance = editDistance(plain.slice(0, 64), key);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = key;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
