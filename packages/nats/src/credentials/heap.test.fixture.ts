import { getHeapSnapshot } from "node:v8";

/** Whether a snapshot of the heap, as a debugger would take it, holds one of the texts. */
export async function heapHolds(
  texts: readonly Uint8Array[],
): Promise<boolean[]> {
  const found = texts.map(() => false);
  let before = Buffer.alloc(0);
  for await (const chunk of getHeapSnapshot()) {
    const window = Buffer.concat([before, chunk as Buffer]);
    for (const [i, text] of texts.entries())
      found[i] ||= window.includes(Buffer.from(text).toString("latin1"));
    before = window.subarray(-200);
  }
  return found;
}
