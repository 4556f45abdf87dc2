const longestChain = 2000;
const deepestChain = 8;

/**
 * An error with everything that caused it, on one line, for logs and health texts:
 * `what broke: because of this: because of that`. Bounded in length and depth; a cause that the text
 * before it already tells is left out.
 */
export function errorChain(error: unknown): string {
  let text = "";
  let current = error;
  for (
    let depth = 0;
    depth < deepestChain && current !== undefined && current !== null;
    depth++
  ) {
    const part = messageOf(current).replace(/\s+/g, " ").trim();
    if (part !== "" && !text.includes(part))
      text = text === "" ? part : `${text}: ${part}`;
    current = current instanceof Error ? current.cause : undefined;
  }
  return text.length > longestChain ? `${text.slice(0, longestChain)} …` : text;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(messageOf).join("; ");
  if (error instanceof Error)
    return error.message === "" ? error.name : error.message;
  return typeof error === "string" ? error : `a thrown ${typeof error}`;
}
