const sigma = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/** Each row: the two words that are added, the word that is changed, and by how much it turns. */
const quarter = [
  [0, 12, 4, 7],
  [4, 0, 8, 9],
  [8, 4, 12, 13],
  [12, 8, 0, 18],
] as const;

/**
 * The key of a NaCl box from the shared secret of its two keys: HSalsa20 with an input of zeros
 * (D. J. Bernstein, "Extending the Salsa20 nonce", and NaCl's `crypto_box_beforenm`).
 */
export function hsalsa20(secret: Uint8Array): Uint8Array {
  const key = new DataView(secret.buffer, secret.byteOffset, 32);
  const state = new Uint32Array(16);
  for (const [i, word] of sigma.entries()) {
    state[5 * i] = word;
    state[1 + i] = key.getUint32(4 * i, true);
    state[11 + i] = key.getUint32(16 + 4 * i, true);
  }
  for (let round = 0; round < 20; round += 2) {
    for (let i = 0; i < 4; i++) turn(state, (word) => (word + 5 * i) & 15);
    // The same on the transposed square.
    for (let i = 0; i < 4; i++)
      turn(state, (word) => transposed((word + 5 * i) & 15));
  }
  const out = new Uint8Array(32);
  const view = new DataView(out.buffer);
  for (let i = 0; i < 4; i++) {
    view.setUint32(4 * i, state[5 * i] as number, true);
    view.setUint32(16 + 4 * i, state[6 + i] as number, true);
  }
  state.fill(0);
  return out;
}

function turn(state: Uint32Array, at: (word: number) => number): void {
  for (const [a, b, changed, bits] of quarter) {
    const sum = ((state[at(a)] as number) + (state[at(b)] as number)) | 0;
    const index = at(changed);
    state[index] =
      (state[index] as number) ^ ((sum << bits) | (sum >>> (32 - bits)));
  }
}

function transposed(word: number): number {
  return ((word & 3) << 2) | (word >> 2);
}
