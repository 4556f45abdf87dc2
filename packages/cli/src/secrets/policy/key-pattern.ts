/** A secret's key, as a JetStream bucket takes it. */
export const keyForm = /^[-/_=.a-zA-Z0-9]{1,1024}$/;

/** Whether a text is a key that a bucket can have: no dot at an end, none after another. */
export function isKeyName(text: string): boolean {
  return (
    keyForm.test(text) &&
    !text.startsWith(".") &&
    !text.endsWith(".") &&
    !text.includes("..")
  );
}

/** Whether a text is a pattern: a key in which `*` and `**` may stand. */
export function isKeyPattern(text: string): boolean {
  return text.length <= 1024 && /^[-/_=.a-zA-Z0-9*]+$/.test(text);
}

/**
 * Whether a key is one of a pattern: `*` stands for any letters but `/` and `.`, `**` for any at all.
 * Both may stand for nothing.
 */
export function patternTest(pattern: string): (key: string) => boolean {
  const source = pattern
    .split(/(\*+)/)
    .map((part) => {
      if (part === "*") return "[^/.]*";
      if (part.startsWith("*")) return ".*";
      return part.replace(/[.=/-]/g, "\\$&");
    })
    .join("");
  const form = new RegExp(`^${source}$`);
  return (key) => form.test(key);
}
