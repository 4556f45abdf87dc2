import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { readTar, tarEnd, tarFile, TarFault } from "./tar.js";

const archive = Buffer.concat([
  ...tarFile("claims.jwt", 0o644, Buffer.from("abc")),
  ...tarFile("x86_64-linux.bin", 0o755, Buffer.alloc(512, 1)),
  tarEnd(),
]);

describe("tar", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "keyturn-tar-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const tar = (...args: string[]): string =>
    execFileSync("tar", args, { cwd: folder, encoding: "utf8" });

  test("what is written, tar reads, modes and all", () => {
    writeFileSync(join(folder, "made.tar"), archive);
    const listed = tar("--list", "--verbose", "--utc", "-f", "made.tar");
    assert.match(
      listed,
      /^-rw-r--r-- 0\/0 +3 1970-01-01 00:00 claims\.jwt\n-rwxr-xr-x 0\/0 +512 1970-01-01 00:00 x86_64-linux\.bin\n$/,
    );
    assert.equal(tar("-xOf", "made.tar", "claims.jwt"), "abc");
  });

  for (const format of ["gnu", "pax", "ustar", "v7"])
    test(`what tar writes as ${format} is read`, () => {
      const name = "n".repeat(format === "gnu" || format === "pax" ? 180 : 90);
      mkdirSync(join(folder, format));
      writeFileSync(join(folder, format, name), "abc");
      symlinkSync("a", join(folder, format, "link"));
      tar(
        `--format=${format}`,
        "--sort=name",
        "-cf",
        `${format}.tar`,
        "-C",
        format,
        ".",
      );
      const entries = readTar(readFileSync(join(folder, `${format}.tar`)));
      assert.deepEqual(
        entries.map((entry) => [entry.name, entry.type, String(entry.data)]),
        [
          ["./", "5", ""],
          ["./link", "2", ""],
          [`./${name}`, "0", "abc"],
        ],
      );
    });

  test("a long path in two parts is read", () => {
    const path = `${"d".repeat(60)}/${"n".repeat(60)}`;
    mkdirSync(join(folder, "long", "d".repeat(60)), { recursive: true });
    writeFileSync(join(folder, "long", path), "abc");
    tar("--format=ustar", "-cf", "long.tar", "-C", "long", path);
    const [entry] = readTar(readFileSync(join(folder, "long.tar")));
    assert.equal(entry?.name, path);
  });

  const damaged: [string, Buffer, string][] = [
    ["nothing", Buffer.alloc(0), "it is no tar"],
    ["some text", Buffer.alloc(2000, "text "), "it is no tar"],
    ["half a file", archive.subarray(0, 514), "it is cut off"],
    ["no end", archive.subarray(0, 1024), "it is cut off"],
    [
      "a bit changed",
      Buffer.concat([archive.subarray(0, 1024), Buffer.alloc(512, 7)]),
      "what follows `claims.jwt` is no tar",
    ],
  ];
  for (const [what, bytes, message] of damaged)
    test(`${what}: ${message}`, () => {
      assert.throws(() => readTar(bytes), new TarFault(message));
    });
});
