import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeOperator, type TestUser } from "@keyturn/testkit";

import { VaultDouble } from "./vault-double.test.fixture.js";

/** A double, and files with what the logins need. */
export class VaultLab implements AsyncDisposable {
  readonly vault: VaultDouble;
  readonly folder: string;

  private constructor(vault: VaultDouble, folder: string) {
    this.vault = vault;
    this.folder = folder;
  }

  static async open(): Promise<VaultLab> {
    const lab = new VaultLab(
      await VaultDouble.start(),
      await mkdtemp(join(tmpdir(), "keyturn-vault-")),
    );
    await lab.file("token", "given\n");
    await lab.file("secret-id", `${lab.vault.secretId}\n`);
    await lab.file("bad", "bad");
    return lab;
  }

  file(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text);
  }

  reference(
    parameters = `token-file=${this.folder}/token`,
    path = "kv/nats/orders",
  ): string {
    return `vault://${path}?address=${this.vault.url}&${parameters}`;
  }

  get approle(): string {
    return `login=approle&role-id=orders&secret-id-file=${this.folder}/secret-id`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vault[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }
}

export async function aUser(): Promise<TestUser> {
  const operator = await makeOperator();
  return (await operator.account("APP")).user("orders");
}
