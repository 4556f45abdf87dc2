import type { Screen } from "../screen.js";

/**
 * Quotes what was said of each link. What says the same of the other link, but for the end of the
 * link that the provider is at, is only mentioned.
 */
export function quoteEach(screen: Screen, texts: readonly string[]): void {
  const [first = "", ...more] = texts;
  screen.quote(first);
  for (const text of more) {
    const end = /--(source|target)-config/.exec(text)?.[0];
    if (end !== undefined && without(text) === without(first))
      screen.line("", `and the same of the other link, with \`${end}\``);
    else screen.quote(text);
  }
}

/** A text without what differs from link to link. */
function without(text: string): string {
  return text
    .replace(/^[\d-]+T[\d:.]+Z/, "")
    .replace(/--(source|target)-config/g, "--END-config")
    .replace(/\bdirection=\w+/, "")
    .replace(/\bretryInMs=\d+/, "");
}
