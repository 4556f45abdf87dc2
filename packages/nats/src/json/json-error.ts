/** One step into a JSON value: a property name or an index. */
export type PathStep = string | number;

/**
 * Bytes that are not the JSON that was expected. The message says what was expected and where,
 * and never quotes the input, which may hold secrets.
 */
export class JsonError extends Error {
  override readonly name = "JsonError";
}

/**
 * `config.cluster_uris`, `link_definitions[2].target`. Names that do not look like names are shown
 * as `?`, as a value in a wrong place could be a secret. The bound of 48 is below the length of
 * every nkey seed (58).
 */
export function showPath(path: readonly PathStep[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else
      text +=
        (text === "" ? "" : ".") + (/^[\w:@/-]{1,48}$/.test(step) ? step : "?");
  }
  return text;
}
