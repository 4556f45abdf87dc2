/**
 * The word that was probably meant: the same in other letter case, or at most three edits away
 * (fewer for short words). Undefined if none is that near.
 */
export function nearest(
  word: string,
  known: Iterable<string>,
): string | undefined {
  const plain = word.toLowerCase().slice(0, longest);
  let best: string | undefined;
  let bestDistance = Math.min(4, Math.ceil(plain.length / 2));
  for (const candidate of known) {
    const distance = editDistance(plain, candidate.toLowerCase());
    if (distance < bestDistance || distance === 0) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

/** More of a mistyped word says nothing about what was meant. */
const longest = 64;

/** Edits from one word to another: a letter more, less, or another, or two neighbours swapped. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          replaced,
          isSwapped ? (before[j - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
