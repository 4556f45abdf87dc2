import { randomBytes } from "node:crypto";

// A token is 22 characters: four that say in which slot its entry is, and 18 random ones. A peer
// learns the tokens of its own calls only, and cannot guess those of others.
const alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const randomChars = 18;
const poolTokens = 512;

/** Characters of a token. */
export const tokenChars: number = 4 + randomChars;

/** How many slots a token can name. */
export const maxSlots: number = 64 ** 4;

const pairs: readonly string[] = Array.from(
  { length: 4096 },
  (_, i) => `${alphabet.charAt(i >> 6)}${alphabet.charAt(i & 63)}`,
);

const digits = new Int8Array(128).fill(-1);
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i;

let pool = "";
let used = 0;

/** A fresh token for a slot. */
export function tokenFor(slot: number): string {
  if (used >= pool.length) {
    pool = randomBytes((poolTokens * randomChars * 3) / 4).toString(
      "base64url",
    );
    used = 0;
  }
  const random = pool.slice(used, used + randomChars);
  used += randomChars;
  return `${pairs[slot >> 12]}${pairs[slot & 4095]}${random}`;
}

/** The slot that the token at `start` names; negative if there is none. */
export function slotAt(text: string, start: number): number {
  if (text.length < start + tokenChars) return -1;
  let slot = 0;
  for (let i = start; i < start + 4; i++) {
    const unit = text.charCodeAt(i);
    const digit = unit < 128 ? (digits[unit] as number) : -1;
    if (digit < 0) return -1;
    slot = slot * 64 + digit;
  }
  return slot;
}
