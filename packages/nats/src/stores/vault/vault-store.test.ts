import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { makeOperator, natsServer, until } from "@keyturn/testkit";

import { connect } from "../../connection/connect.js";
import { rejects } from "../../errors/refuses.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";
import { aUser, VaultLab } from "./vault-lab.test.fixture.js";

const { signal } = new AbortController();

storeSuite({
  name: "vault:",
  noticesWithinMs: 3000,
  open: async () => {
    const lab = await VaultLab.open();
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

/** From now on the clock stands still, but for {@link later}. */
function freeze({ mock }: TestContext): void {
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
}

function later({ mock }: TestContext, ms: number): void {
  mock.timers.tick(ms);
}

describe("vault: logins", () => {
  test("by token, AppRole and Kubernetes, with what a real server was asked", async () => {
    await using lab = await VaultLab.open();
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
    await using lab = await VaultLab.open();
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
    await using lab = await VaultLab.open();
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
    await using lab = await VaultLab.open();
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
    await using lab = await VaultLab.open();
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
    await using lab = await VaultLab.open();
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
    await using lab = await VaultLab.open();
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
  await using lab = await VaultLab.open();
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
