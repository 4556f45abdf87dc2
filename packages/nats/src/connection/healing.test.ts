import assert from "node:assert/strict";
import dns from "node:dns";
import { describe, mock, test } from "node:test";

import {
  makeOperator,
  makeTlsAuthority,
  natsServer,
  tcpFaultProxy,
  until,
  type NatsServer,
  type TestAccount,
  type TestOperator,
  type UserOptions,
} from "@keyturn/testkit";

import type { Credential } from "../credentials/credential.js";
import { userJwtCredential } from "../credentials/makers.js";
import type { LiveConnection } from "../handover/live-connection.js";
import { connect, type ConnectOptions } from "./connect.js";
import { heals, tells } from "./healing.test.fixture.js";

const origin = { source: "the store", plaintext: false };

/** A server, an account, a connection whose source is at the test's will. */
class Lab implements AsyncDisposable {
  readonly operator: TestOperator;
  readonly account: TestAccount;
  readonly server: NatsServer;
  connection!: LiveConnection;
  read: () => Promise<Credential> = () => this.make();

  private constructor(
    operator: TestOperator,
    account: TestAccount,
    server: NatsServer,
  ) {
    this.operator = operator;
    this.account = account;
    this.server = server;
  }

  static async start(options: Partial<ConnectOptions> = {}): Promise<Lab> {
    const lab = await Lab.prepare();
    await lab.connect(options);
    return lab;
  }

  static async prepare(): Promise<Lab> {
    const operator = await makeOperator();
    const account = await operator.account("APP");
    const server = await natsServer({
      config: await operator.serverConfig("directory"),
    });
    return new Lab(operator, account, server);
  }

  async connect(options: Partial<ConnectOptions> = {}): Promise<void> {
    this.connection = await connect({
      servers: this.server.url,
      credentials: () => this.read(),
      timeout: 1000,
      pingInterval: 200,
      maxPingOut: 2,
      ...options,
    });
  }

  async make(options: UserOptions = {}): Promise<Credential> {
    return userJwtCredential({
      ...(await this.account.user("app", options)),
      origin,
    });
  }

  push(): Promise<void> {
    return this.operator.push(this.server, this.account);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.server.stop();
  }
}

describe(
  "within 5 s a connection is well again after",
  { concurrency: 3 },
  () => {
    test("a store that was down over the expiry", async () => {
      await using lab = await Lab.prepare();
      lab.read = () => lab.make({ expiresInSeconds: 2 });
      await lab.connect();
      lab.read = () => Promise.reject(new Error("the store is down"));
      await tells(
        lab.connection,
        "waiting",
        "CREDENTIAL_UNAVAILABLE",
        /^The credential at hand may not be presented \(CREDENTIAL_EXPIRED\), and its source gives no other: the store is down\./,
      );
      await heals(lab.connection, () => {
        lab.read = () => lab.make();
      });
    });

    test("a revocation", async () => {
      await using lab = await Lab.prepare();
      const user = await lab.account.user("app");
      const credential = userJwtCredential({ ...user, origin });
      lab.read = () => Promise.resolve(credential);
      await lab.connect();
      lab.account.revoke(user.publicKey);
      await lab.push();
      await tells(
        lab.connection,
        "reconnecting",
        "CONNECT_REFUSED",
        /refused the credential U\w+ of account A\w+, from the store/,
      );
      await heals(lab.connection, () => {
        lab.account.restore(user.publicKey);
        return lab.push();
      });
    });

    test("the account's removal", async () => {
      await using lab = await Lab.start();
      await lab.operator.remove(lab.server, lab.account);
      await tells(
        lab.connection,
        "reconnecting",
        "CONNECT_REFUSED",
        /refused the credential/,
      );
      await heals(lab.connection, () => {
        // A server takes a JWT that it has seen in this second for the one it has removed.
        lab.account.change({ limits: { subs: 1000 } });
        return lab.push();
      });
    });

    test("the removal of the signing key", async () => {
      await using lab = await Lab.prepare();
      const key = lab.account.signingKey();
      await lab.push();
      const user = await lab.account.user("app", { signer: key });
      const signed = userJwtCredential({ ...user, origin });
      lab.read = () => Promise.resolve(signed);
      await lab.connect();
      lab.account.removeSigningKey(key);
      await lab.push();
      await tells(
        lab.connection,
        "reconnecting",
        "CONNECT_REFUSED",
        /refused the credential/,
      );
      await heals(lab.connection, () => {
        lab.account.change({ signing_keys: [key.getPublicKey()] });
        return lab.push();
      });
    });

    test("a limit of connections", async () => {
      await using lab = await Lab.start();
      lab.account.change({ limits: { conn: 0 } });
      await lab.push();
      await tells(
        lab.connection,
        "reconnecting",
        "CONNECT_LIMIT",
        /has no room: maximum account active connections exceeded/,
      );
      await heals(lab.connection, () => {
        lab.account.change({ limits: { conn: -1 } });
        return lab.push();
      });
    });

    test("permissions that take a subscription away, kept out by the hand-over", async () => {
      await using lab = await Lab.start();
      const heard: string[] = [];
      lab.connection.subscribe("orders", {
        callback: (_, message) => void heard.push(message.string()),
      });
      await lab.connection.flush();
      lab.read = () => lab.make({ claims: { sub: { deny: ["orders"] } } });
      await assert.rejects(lab.connection.refreshCredentials(), {
        code: "HANDOVER_REFUSED",
      });
      await tells(lab.connection, "connected", "HANDOVER_REFUSED", /`orders`/);
      await heals(lab.connection, () => {
        lab.read = () => lab.make();
      });
      lab.connection.publish("orders", "x");
      await lab.connection.flush();
      assert.deepEqual(heard, ["x"]);
    });

    test("a credential whose signing key the server comes to know later, without being asked", async () => {
      await using lab = await Lab.start();
      const credential = await lab.make({ signer: lab.account.signingKey() });
      lab.read = () => Promise.resolve(credential);
      await assert.rejects(lab.connection.refreshCredentials(), {
        code: "HANDOVER_REFUSED",
      });
      await heals(lab.connection, () => lab.push());
      assert.equal(lab.connection.posture().publicKey, credential.publicKey);
    });

    test("an end of what it has, when there is but a credential of another account", async () => {
      await using lab = await Lab.prepare();
      lab.read = () => lab.make({ expiresInSeconds: 3 });
      await lab.connect();
      const other = await lab.operator.account("OTHER");
      await lab.operator.push(lab.server, other);
      const user = await other.user("app");
      lab.read = () => Promise.resolve(userJwtCredential({ ...user, origin }));
      await assert.rejects(lab.connection.refreshCredentials(), {
        code: "CREDENTIAL_OTHER_ACCOUNT",
      });
      await until("the other account", 5000, () => {
        const { state, account } = lab.connection.posture();
        return state === "connected" && account === other.publicKey;
      });
    });

    test("a server that is down, with a new credential that it does not take", async () => {
      await using lab = await Lab.start();
      const { publicKey } = lab.connection.posture();
      const refused = await lab.make({ claims: { src: ["10.9.8.0/24"] } });
      lab.read = () => Promise.resolve(refused);
      await assert.rejects(lab.connection.refreshCredentials(), {
        code: "HANDOVER_REFUSED",
      });
      await lab.server.stop();
      await tells(
        lab.connection,
        "reconnecting",
        "CONNECT_UNREACHABLE",
        /nothing listens there/,
      );
      await lab.server.restart();
      // The one before is still good, so it serves.
      await until("the connection", 5000, () => {
        const { state, publicKey: now } = lab.connection.posture();
        return state === "connected" && now === publicKey;
      });
      await tells(lab.connection, "connected", "HANDOVER_REFUSED", /refused/);
      await heals(lab.connection, () => {
        lab.read = () => lab.make();
      });
    });

    test("a server that was down for long", async () => {
      await using lab = await Lab.start();
      await lab.server.stop();
      await tells(
        lab.connection,
        "reconnecting",
        "CONNECT_UNREACHABLE",
        /could not be reached: nothing listens there/,
      );
      // Long enough for the pauses to have grown to their longest.
      await new Promise((resolve) => setTimeout(resolve, 3500));
      await heals(lab.connection, () => lab.server.restart());
    });

    test("a network that hangs, while requests wait", async () => {
      await using lab = await Lab.prepare();
      await using proxy = await tcpFaultProxy(lab.server);
      await lab.connect({ servers: proxy.url });
      await using peer = await connect({
        servers: lab.server.url,
        credentials: await lab.make(),
      });
      peer.subscribe("q", {
        callback: (_, message) => void message.respond("a"),
      });
      await peer.flush();
      proxy.swallow();
      await tells(
        lab.connection,
        "reconnecting",
        "CONNECT_TIMEOUT",
        /did not complete the connection in time/,
      );
      const answer = lab.connection.request("q", "", { timeout: 9000 });
      await heals(lab.connection, () => {
        proxy.heal();
        proxy.cut();
      });
      assert.equal((await answer).string(), "a");
    });

    test("a network that hangs, without a reset", async () => {
      await using lab = await Lab.prepare();
      await using proxy = await tcpFaultProxy(lab.server);
      await lab.connect({ servers: proxy.url });
      proxy.swallow();
      await tells(lab.connection, "reconnecting", "CONNECT_TIMEOUT", /in time/);
      await heals(lab.connection, () => proxy.heal());
    });

    test("a certificate of an authority that nobody trusts", async () => {
      const good = makeTlsAuthority();
      const bad = makeTlsAuthority();
      await using server = await natsServer({ tls: good.server() });
      await using proxy = await tcpFaultProxy(server);
      await using other = await natsServer({ tls: bad.server() });
      await using connection = await connect({
        servers: `127.0.0.1:${proxy.port}`,
        tls: { ca: good.certificate },
      });
      proxy.retarget(other);
      proxy.cut();
      await tells(
        connection,
        "reconnecting",
        "CONNECT_TLS_FAILED",
        /has a certificate of an authority that is not trusted here/,
      );
      await heals(connection, () => proxy.retarget(server));
    });
  },
);

test("a name that cannot be looked up is asked for with pauses, and heals", async () => {
  const lookup = dns.lookup.bind(dns);
  let isGone = false;
  let asked = 0;
  const fake = mock.method(dns, "lookup", ((...args: unknown[]) => {
    const done = args.at(-1) as (error: Error | null, list?: unknown) => void;
    if (args[0] !== "nats.test") {
      (lookup as (...all: unknown[]) => void)(...args);
      return;
    }
    asked++;
    if (isGone) done(Object.assign(new Error("gone"), { code: "ENOTFOUND" }));
    else done(null, [{ address: "127.0.0.1", family: 4 }]);
  }) as typeof dns.lookup);
  try {
    await using server = await natsServer();
    await using proxy = await tcpFaultProxy(server);
    await using connection = await connect({
      servers: `nats.test:${proxy.port}`,
    });
    // What the server tells of itself is an address that works; a real one would be gone, too.
    proxy.refuse();
    isGone = true;
    asked = 0;
    proxy.cut();
    await tells(
      connection,
      "reconnecting",
      "CONNECT_UNREACHABLE",
      /its name is unknown/,
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.ok(asked < 30, `asked ${asked} times in a second`);
    await heals(connection, () => {
      isGone = false;
      proxy.heal();
    });
  } finally {
    fake.mock.restore();
  }
});
