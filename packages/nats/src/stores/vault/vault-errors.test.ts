import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { rejects } from "../../errors/refuses.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { VaultDouble } from "./vault-double.test.fixture.js";
import { aUser, VaultLab } from "./vault-lab.test.fixture.js";

const { signal } = new AbortController();

describe("vault: what is wrong says what, and what to do", () => {
  test("at the server", async () => {
    await using lab = await VaultLab.open();
    const { vault } = lab;
    const { jwt, seed } = await aUser();
    vault.put({ jwt, seed });
    const refused = async (
      code: string,
      what: (text: string) => string,
      parameters?: string,
    ): Promise<void> => {
      const text = lab.reference(parameters);
      await rejects(
        Promise.resolve(credentialsFrom(text).read(signal)),
        code,
        what(text),
      );
    };
    const token = `token-file=${lab.folder}/token`;
    await refused(
      "STORE_ABSENT",
      (text) =>
        `There is no field \`creds\` where ${text} points. Put it there, or correct \`field\`; it is looked for again.`,
      `${token}&field=creds`,
    );
    await refused(
      "STORE_UNREADABLE",
      (text) =>
        `What ${text} names cannot be read: the login by \`kubernetes\` is refused (403, permission denied). Check role, mount and what the login is done with.`,
      `login=kubernetes&role=orders&jwt-file=${lab.folder}/bad`,
    );
    await refused(
      "STORE_UNREADABLE",
      (text) =>
        `The file \`secret-id-file\` of ${text} cannot be read. Put it there, readable by this program.`,
      "login=approle&role-id=orders&secret-id-file=/nowhere",
    );
    vault.isSealed = true;
    await refused(
      "STORE_UNREADABLE",
      (text) =>
        `What ${text} names cannot be read: the server answers 503, Vault is sealed. Look at the server: it may be sealed or starting; it is tried again.`,
    );
    vault.isSealed = false;
    vault.instead = () => ({ status: 200, body: "<html>" });
    await refused(
      "STORE_UNREADABLE",
      (text) =>
        `What answers for ${text} does not speak as Vault and OpenBao do: a value expected at byte 0. Check the address, and that no proxy answers in the server's place.`,
    );
    vault.instead = () => ({ status: 200, body: '{"data":{"ttl":0.5}}' });
    await refused(
      "STORE_UNREADABLE",
      (text) =>
        `What answers for ${text} does not speak as Vault and OpenBao do: \`data.ttl\` must be a whole number. Check the address, and that no proxy answers in the server's place.`,
    );
    vault.instead = () => ({ status: 200, body: '{"data":{"jwt":"a"}}' });
    await refused(
      "STORE_VALUE_INVALID",
      (text) =>
        `What ${text} names is not in version 2 of the KV engine. Move it to such an engine: \`bao secrets enable -version=2 kv\`.`,
    );
    const lookup = '{"data":{"ttl":0}}';
    vault.instead = ({ url = "" }) => ({
      status: 200,
      body: url.endsWith("lookup-self") ? lookup : `"${"x".repeat(2 ** 20)}"`,
    });
    await refused(
      "STORE_VALUE_INVALID",
      (text) =>
        `What ${text} names is too long: the answer has more than 1048576 bytes. Put the text of a \`.creds\` file there, or fields \`jwt\` and \`seed\`.`,
    );
  });

  test("a standby's word who is active is followed, but not for ever", async () => {
    await using lab = await VaultLab.open();
    await using active = await VaultDouble.start();
    const { jwt, seed, publicKey } = await aUser();
    active.put({ jwt, seed });
    lab.vault.instead = ({ url = "" }) => ({
      status: 307,
      body: "",
      location: `${active.url}${url}`,
    });
    const source = credentialsFrom(lab.reference());
    assert.equal((await source.read(signal)).publicKey, publicKey);
    let asked = 0;
    lab.vault.instead = () => {
      asked++;
      return { status: 307, body: "", location: lab.vault.url };
    };
    await rejects(
      Promise.resolve(source.read(signal)),
      "STORE_UNREADABLE",
      `What ${lab.reference()} names cannot be read: the server answers 307. Look at the server: it may be sealed or starting; it is tried again.`,
    );
    assert.equal(asked, 4);
  });

  test("in the reference", async () => {
    for (const [text, why] of [
      [
        "vault:kv/nats",
        "it does not name a mount and a path. Write it as `vault://mount/path`.",
      ],
      [
        "vault://kv/a",
        "it does not say where the server is. Set `VAULT_ADDR` or `BAO_ADDR`, or write `address=https://vault.example:8200`.",
      ],
      [
        "vault://kv/a?address=vault.example",
        "the server's address is none. Write it as `https://store.example:8200`.",
      ],
      [
        "vault://kv/a?address=http://vault.example:8200",
        "the server's address is `http:`, so that tokens and secrets would be open to the network. Use `https:`, or an agent on this machine (`http://127.0.0.1:8200`).",
      ],
      [
        "vault://kv/a?address=https://v&engine=v1",
        "its `engine` is unknown. Write `engine=kv` for version 2 of the KV engine, `engine=dynamic` where each read issues a credential.",
      ],
      [
        "vault://kv/a?address=https://v&version=0",
        "its `version` is no number of a version in a KV engine. Write `version=3`, or leave it out for the newest.",
      ],
      [
        "vault://kv/a?address=https://v&login=ldap",
        "its `login` is unknown. Write `login=token`, `login=approle`, `login=kubernetes` or `login=cert`.",
      ],
      [
        "vault://kv/a?address=https://v&login=approle",
        "for `login=approle` it lacks `role-id`. Write `role-id=…`.",
      ],
      [
        "vault://kv/a?address=https://v&role=orders",
        "`role` has no part in `login=token`. Leave it out, or choose another login; this one takes `token-file`.",
      ],
      [
        "vault://kv/a?address=https://v&cert-file=/c",
        "of `cert-file` and `key-file` it has one only. Give both, or neither.",
      ],
    ] as const)
      await rejects(
        Promise.resolve(credentialsFrom(text).read(signal)),
        "REFERENCE_INVALID",
        `The credential reference \`vault:\` cannot be used: ${why}`,
      );
  });
});
