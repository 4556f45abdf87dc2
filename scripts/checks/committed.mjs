// What must not be in the repository: names of one machine or one registry, and secrets.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const what =
  "nothing is committed that is secret or of one machine only";

/** What is looked for in each file. `matches` may look closer than a pattern can. */
const rules = [
  {
    what: "the address of a registry",
    next: "Run npm install again: .npmrc keeps addresses out of the lock.",
    files: /(^|\/)(package-lock\.json|\.npmrc)$/,
    pattern: /(?:"resolved": "|registry ?= ?)https?:/g,
  },
  {
    what: "a path of one machine",
    next: "Use a relative path, or one below a temporary folder.",
    pattern: /(?<![\w.\-/}])\/(?:work|root|home|Users)\/[\w.-]+/g,
  },
  {
    what: "a private key",
    next: "Make the key in the test.",
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n)+[A-Za-z0-9+/]{40}/g,
  },
  {
    what: "an nkey seed",
    next: "Make the key in the test, with the testkit.",
    pattern: /(?<![A-Z2-7])S[A-Z2-7]{57}(?![A-Z2-7])/g,
    matches: isSeed,
  },
  {
    what: "a JWT",
    next: "Make it in the test, with the testkit.",
    pattern: /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{40,}/g,
  },
];

/** @returns {string[]} A line for each finding. The finding itself is not shown if it is a secret. */
export function check(base) {
  return trackedFiles(base).flatMap((file) =>
    findings(file, readFileSync(join(base, file), "utf8")),
  );
}

/** What is in git, and what the next `git add` would take. */
export function trackedFiles(base) {
  return execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: base,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  })
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(base, file)));
}

export function findings(file, text) {
  return rules
    .filter((rule) => rule.files?.test(file) ?? true)
    .flatMap((rule) =>
      [...text.matchAll(rule.pattern)]
        .filter(([found]) => rule.matches?.(found) ?? true)
        .map(({ index }) => {
          const line = text.slice(0, index).split("\n").length;
          return `${file}:${line} holds ${rule.what}. ${rule.next}`;
        }),
    );
}

/** Whether the text is a real nkey seed: base32 with a CRC-16 (XMODEM) at its end, little endian. */
export function isSeed(text) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bytes = [];
  let bits = 0;
  let count = 0;
  for (const character of text) {
    bits = (bits << 5) | alphabet.indexOf(character);
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 0xff);
      bits &= (1 << count) - 1;
    }
  }
  const [low, high] = bytes.splice(-2);
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let i = 0; i < 8; i++) {
      crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
    }
  }
  return crc === (low | (high << 8));
}
