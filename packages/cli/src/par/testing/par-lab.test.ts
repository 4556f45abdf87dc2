// What the tests of `keyturn par` share: a folder with keys, and archives of all sorts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { signingKeyFromSeed, type SigningKey } from "@keyturn/nats";
import { signClaims } from "@keyturn/nats/wasmcloud-secrets";

import { typed, type Typed } from "../../testing/typed.test.fixture.js";
import { tarEnd, tarFile } from "../tar.js";

/** The executable of the reference's test vector. */
export const script: Buffer = Buffer.from("#!/usr/bin/env node\n");
export const scriptHash =
  "A59C47872B71F12589942892464E764C0DB350C20B72228645615CC36E0A0725";

export class ParLab implements Disposable {
  readonly folder: string;
  readonly issuer: SigningKey;
  readonly provider: SigningKey;

  private constructor(folder: string) {
    this.folder = folder;
    const key = (name: string): SigningKey =>
      signingKeyFromSeed(readFileSync(this.at(name)).subarray(0, 58));
    this.issuer = key("issuer.nk");
    this.provider = key("provider.nk");
    writeFileSync(this.at("script"), script);
  }

  static async make(): Promise<ParLab> {
    const folder = mkdtempSync(join(tmpdir(), "keyturn-par-"));
    for (const kind of ["issuer", "provider"])
      await typed(["par", "keygen", kind, join(folder, `${kind}.nk`)]);
    return new ParLab(folder);
  }

  /** Path of a file in the folder. */
  at(name: string): string {
    return join(this.folder, name);
  }

  create(out: string, ...more: string[]): Promise<Typed> {
    return typed([
      "par",
      "create",
      "--out",
      this.at(out),
      "--issuer",
      this.at("issuer.nk"),
      "--provider",
      this.at("provider.nk"),
      ...more,
    ]);
  }

  /** An archive of these entries; its path. */
  archive(name: string, entries: Readonly<Record<string, Buffer>>): string {
    const files = Object.entries(entries).flatMap(([entry, data]) => [
      ...tarFile(entry, 0o644, data),
    ]);
    writeFileSync(this.at(name), Buffer.concat([...files, tarEnd()]));
    return this.at(name);
  }

  /** A token for the script, except for what is given. */
  token(
    wascap: Readonly<Record<string, unknown>> = {},
    claims: Readonly<Record<string, unknown>> = {},
  ): Buffer {
    const target_hashes = { "x86_64-linux": scriptHash };
    const token = signClaims(
      {
        sub: this.provider.publicKey,
        ...claims,
        wascap: { name: "n", vendor: "v", target_hashes, ...wascap },
      },
      this.issuer,
    );
    return Buffer.from(token);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
