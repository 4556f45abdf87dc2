import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import {
  makeOperator,
  natsServer,
  until,
  type TestUser,
} from "@keyturn/testkit";

import { connect } from "../../connection/connect.js";
import { rejects } from "../../errors/refuses.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";
import { VaultDouble } from "./vault-double.test.fixture.js";

const { signal } = new AbortController();

/** A double, and files with what the logins need. */
class Lab implements AsyncDisposable {
  readonly vault: VaultDouble;
  readonly folder: string;

  private constructor(vault: VaultDouble, folder: string) {
    this.vault = vault;
    this.folder = folder;
  }

  static async open(): Promise<Lab> {
    const lab = new Lab(
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

storeSuite({
  name: "vault:",
  noticesWithinMs: 3000,
  open: async () => {
    const lab = await Lab.open();
    const { vault } = lab;
    return {
      reference: `${lab.reference()}&poll=1`,
      put: ({ jwt, seed }) => vault.put({ jwt, seed }),
      putHalf: ({ jwt }) => vault.put({ jwt }),
      corrupt: (bytes) =>
        vault.put({ jwt: Buffer.from(bytes).toString("latin1") }),
      remove: () => {
        vault.isDeleted = true;
      },
      deny: async () => {
        vault.isDenied = true;
        return () => {
          vault.isDenied = false;
        };
      },
      stall: async () => {
        let goOn: (() => void) | undefined;
        vault.waiting = new Promise<void>((done) => (goOn = done));
        return () => goOn?.();
      },
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  },
});

async function aUser(): Promise<TestUser> {
  const operator = await makeOperator();
  return (await operator.account("APP")).user("orders");
}

/** From now on the clock stands still, but for {@link later}. */
function freeze({ mock }: TestContext): void {
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
}

function later({ mock }: TestContext, ms: number): void {
  mock.timers.tick(ms);
}

describe("vault: logins", () => {
  test("by token, AppRole and Kubernetes, with what a real server was asked", async () => {
    await using lab = await Lab.open();
    const { vault, folder } = lab;
    const { jwt, seed, publicKey } = await aUser();
    vault.put({ jwt, seed });
    for (const [parameters, login] of [
      [`token-file=${folder}/token`, "lookup"],
      [lab.approle, "approleLogin"],
      [
        `login=kubernetes&role=orders&jwt-file=${folder}/secret-id`,
        "kubernetesLogin",
      ],
    ] as const) {
      const source = credentialsFrom(lab.reference(parameters));
      assert.equal((await source.read(signal)).publicKey, publicKey);
      assert.deepEqual(vault.answered.splice(0), [login, "kvRead"]);
    }
  });

  test("a token comes from the environment if no file is named", async () => {
    await using lab = await Lab.open();
    const { jwt, seed } = await aUser();
    lab.vault.put({ jwt, seed });
    const text = lab.reference("poll=30");
    await rejects(
      Promise.resolve(credentialsFrom(text).read(signal)),
      "STORE_UNREADABLE",
      `There is no token to read ${text} with. Set \`VAULT_TOKEN\` or \`BAO_TOKEN\`, write \`token-file=/path\`, or choose another \`login\`.`,
    );
    process.env["BAO_TOKEN"] = "given";
    try {
      await credentialsFrom(text).read(signal);
    } finally {
      delete process.env["BAO_TOKEN"];
    }
  });

  test("one serves many reads; it is renewed while that helps, and done again when not", async (context) => {
    freeze(context);
    await using lab = await Lab.open();
    const { vault } = lab;
    const { jwt, seed } = await aUser();
    vault.put({ jwt, seed });
    vault.lifeSeconds = 1;
    vault.renewedSeconds = 1;
    const source = credentialsFrom(lab.reference(lab.approle));
    await source.read(signal);
    const end = source.watch?.(() => undefined);
    await source.read(signal);
    assert.deepEqual(vault.answered.splice(0), [
      "approleLogin",
      "kvRead",
      "kvRead",
    ]);
    later(context, 750);
    await source.read(signal);
    assert.deepEqual(vault.answered.splice(0), ["renew", "kvRead"]);
    // The most that the token may live is reached: a renewal gives nothing more.
    vault.renewedSeconds = 0;
    later(context, 750);
    await source.read(signal);
    assert.deepEqual(vault.answered.splice(0), [
      "renew",
      "approleLogin",
      "kvRead",
    ]);
    end?.();
  });

  test("a token that was revoked is replaced; one that may not read is not", async () => {
    await using lab = await Lab.open();
    const { vault } = lab;
    const { jwt, seed } = await aUser();
    vault.put({ jwt, seed });
    const source = credentialsFrom(lab.reference(lab.approle));
    await source.read(signal);
    const end = source.watch?.(() => undefined);
    vault.tokens.clear();
    vault.answered.length = 0;
    await source.read(signal);
    assert.deepEqual(vault.answered.splice(0), [
      "lookupBad",
      "lookupBad",
      "approleLogin",
      "kvRead",
    ]);
    vault.isDenied = true;
    await rejects(
      Promise.resolve(source.read(signal)),
      "STORE_UNREADABLE",
      `What ${lab.reference(lab.approle)} names cannot be read: refused (403, 1 error occurred: * permission denied). Give the policy of the token \`read\` on that path.`,
    );
    assert.deepEqual(vault.answered.splice(0), ["denied", "lookup"]);
    end?.();
  });

  test("a login that fails leaves the token in use until it ends", async (context) => {
    freeze(context);
    await using lab = await Lab.open();
    const { vault } = lab;
    const { jwt, seed } = await aUser();
    vault.put({ jwt, seed });
    vault.lifeSeconds = 2;
    vault.renewedSeconds = 0;
    const source = credentialsFrom(lab.reference(lab.approle));
    await source.read(signal);
    const end = source.watch?.(() => undefined);
    await lab.file("secret-id", "bad");
    later(context, 1400);
    await source.read(signal);
    assert.deepEqual(vault.answered.splice(2), [
      "renew",
      "approleBad",
      "kvRead",
    ]);
    later(context, 700);
    const text = lab.reference(lab.approle);
    await rejects(
      Promise.resolve(source.read(signal)),
      "STORE_UNREADABLE",
      `What ${text} names cannot be read: the login by \`approle\` is refused (400, invalid role or secret ID). Check role, mount and what the login is done with.`,
    );
    end?.();
  });
});

describe("vault: credentials with a lease", () => {
  test("are given again while they are good, and another is issued before they end", async (context) => {
    freeze(context);
    await using lab = await Lab.open();
    const { vault } = lab;
    vault.leaseSeconds = 1;
    const source = credentialsFrom(
      lab.reference(
        `engine=dynamic&token-file=${lab.folder}/token`,
        "rabbitmq/creds/orders",
      ),
    );
    const first = await source.read(signal);
    const end = source.watch?.(() => undefined);
    assert.equal(first.kind, "user-password");
    const left = (first.expiresAt?.getTime() ?? 0) - Date.now();
    assert.ok(left > 0 && left <= 1000, String(left));
    assert.equal(await source.read(signal), first);
    later(context, 750);
    const second = await source.read(signal);
    assert.notEqual(second.fingerprint, first.fingerprint);
    end?.();
  });

  test("end with the token that they were issued to", async (context) => {
    freeze(context);
    await using lab = await Lab.open();
    const { vault } = lab;
    vault.lifeSeconds = 1;
    vault.renewedSeconds = 0;
    const source = credentialsFrom(
      lab.reference(`engine=dynamic&${lab.approle}`, "rabbitmq/creds/orders"),
    );
    const first = await source.read(signal);
    const end = source.watch?.(() => undefined);
    later(context, 750);
    assert.notEqual((await source.read(signal)).fingerprint, first.fingerprint);
    assert.deepEqual(vault.answered, [
      "approleLogin",
      "dynamicRead",
      "renew",
      "approleLogin",
      "dynamicRead",
    ]);
    end?.();
  });
});

test("vault: sealed, wrong or slow, it costs a connection nothing; what changed meanwhile takes over when it is back", async () => {
  await using lab = await Lab.open();
  const { vault } = lab;
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const { jwt, seed, publicKey } = await account.user("first");
  vault.put({ jwt, seed });
  await using connection = await connect({
    servers: server.url,
    credentials: `${lab.reference()}&poll=1`,
    refresh: { deadlineMs: 300 },
  });
  let goOn: (() => void) | undefined;
  const faults: readonly (() => void)[] = [
    () => (vault.isSealed = true),
    () => (vault.instead = () => ({ status: 502, body: "<html>" })),
    () => (vault.waiting = new Promise<void>((done) => (goOn = done))),
  ];
  for (const begin of faults) {
    const before = connection.posture().lastError;
    begin();
    await until(
      "the fault to be told",
      5000,
      () => connection.posture().lastError !== before,
    );
    assert.equal(connection.posture().state, "connected");
    assert.equal(connection.posture().publicKey, publicKey);
  }
  const next = await account.user("next");
  vault.put({ jwt: next.jwt, seed: next.seed });
  vault.isSealed = false;
  vault.instead = undefined;
  vault.waiting = Promise.resolve();
  goOn?.();
  await until(
    "the hand-over",
    5000,
    () => connection.posture().publicKey === next.publicKey,
  );
  assert.equal(connection.posture().lastError, undefined);
});

describe("vault: what is wrong says what, and what to do", () => {
  test("at the server", async () => {
    await using lab = await Lab.open();
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
    await using lab = await Lab.open();
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
