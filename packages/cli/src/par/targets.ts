/** The targets that hosts know: `<arch>-<os>` as Rust names them. One name an OS, whatever the libc. */
export const knownTargets: readonly string[] = [
  "x86_64-linux",
  "aarch64-linux",
  "x86_64-macos",
  "aarch64-macos",
  "x86_64-windows",
];

/** What the bytes of an executable tell about it. */
export interface ExecutableForm {
  /** For a reader, for example `ELF of x86_64-linux`. */
  readonly what: string;
  /** The only target that it runs on; `undefined` if that is not known. */
  readonly target?: string;
  /** Why no host can start it; a sentence. */
  readonly fault?: string;
}

/** Looks at the first bytes of an executable. */
export function executableForm(bytes: Buffer): ExecutableForm {
  if (bytes.length === 0)
    return { what: "empty", fault: "There is nothing in it." };
  if (bytes.toString("latin1", 0, 2) === "#!") return scriptForm(bytes);
  const magic = bytes.length < 20 ? 0 : bytes.readUInt32BE(0);
  if (magic === 0x7f454c46)
    return nativeForm("ELF", "linux", bytes.readUInt16LE(18), [62, 183]);
  // Mach-O of 64 bits.
  if (magic === 0xcffaedfe)
    return nativeForm(
      "Mach-O",
      "macos",
      bytes.readUInt32LE(4),
      [0x0100_0007, 0x0100_000c],
    );
  if (bytes.toString("latin1", 0, 2) === "MZ")
    return { what: "Windows executable", target: "x86_64-windows" };
  return {
    what: "unknown",
    fault: "It is neither an executable nor a script that begins with `#!`.",
  };
}

function scriptForm(bytes: Buffer): ExecutableForm {
  const line = bytes.toString("latin1", 2, 258).split("\n", 1)[0] ?? "";
  const what = `script of ${line.trim()}`;
  if (line.endsWith("\r"))
    return {
      what,
      fault:
        "Its first line ends with CR LF: the kernel looks for an interpreter with a CR in its name.",
    };
  return line.trim().startsWith("/")
    ? { what }
    : { what, fault: "Its first line names no interpreter by its whole path." };
}

function nativeForm(
  form: string,
  os: string,
  machine: number,
  [x86, arm]: readonly [number, number],
): ExecutableForm {
  const arch =
    machine === x86 ? "x86_64" : machine === arm ? "aarch64" : undefined;
  return arch === undefined
    ? { what: `${form} of another processor`, target: "another" }
    : { what: `${form} of ${arch}-${os}`, target: `${arch}-${os}` };
}
