import { homedir } from "node:os";
import { join } from "node:path";

/** Where programs keep their configuration: `$XDG_CONFIG_HOME`, else `~/.config`. */
export function configHome(): string {
  return filled(process.env["XDG_CONFIG_HOME"]) ?? join(homedir(), ".config");
}

/** Where programs keep their data: `$XDG_DATA_HOME`, else `~/.local/share`. */
export function dataHome(): string {
  return (
    filled(process.env["XDG_DATA_HOME"]) ?? join(homedir(), ".local", "share")
  );
}

/** A path as the tools of NATS write it: with `$VARIABLE`, `${VARIABLE}`, and `~` at its beginning. */
export function expandPath(path: string): string {
  const expanded = path.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_, braced: string | undefined, bare: string | undefined) =>
      process.env[braced ?? bare ?? ""] ?? "",
  );
  return expanded.startsWith("~") ? homedir() + expanded.slice(1) : expanded;
}

/** An empty variable is none. */
export function filled(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
