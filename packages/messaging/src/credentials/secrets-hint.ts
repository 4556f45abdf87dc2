/**
 * What to type to get values out of plain text and into a secrets backend. `wash secrets put NAME`
 * makes the config `SECRET_NAME`, which is referred to like any other.
 *
 * @param refer the command that takes the reference, up to its option: `wash link put … --source-config`
 */
export function secretsHint(keys: readonly string[], refer: string): string {
  const puts = keys.map((key) => `\`wash secrets put ${key} BACKEND KEY\``);
  const [command, option] = splitLast(refer);
  const options = keys.map((key) => `${option} SECRET_${key}`).join(" ");
  return `Store ${keys.length === 1 ? "it" : "them"} in a secrets backend: ${puts.join(", ")}; then refer to ${keys.length === 1 ? "it" : "them"}: \`${command} ${options}\`.`;
}

function splitLast(text: string): [string, string] {
  const at = text.lastIndexOf(" ");
  return [text.slice(0, at), text.slice(at + 1)];
}
