import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Secret } from "@keyturn/nats";
import { makeOperator, natsServer, until } from "@keyturn/testkit";

import { connectLattice } from "./connect-lattice.js";
import { Lab } from "../testing/lab.test.js";

const within = 10_000;
const unreachable =
  " Check that the server at the host's --rpc-host and --rpc-port is up and accepts the host's credential.";

describe("the lattice connection", () => {
  test("signs in with the host's user JWT and seed", async () => {
    const operator = await makeOperator();
    const account = await operator.account("lattice");
    const credential = await account.user("host");
    await using server = await natsServer({
      config: await operator.serverConfig(),
    });
    await using it = await Lab.start({ server, host: { credential } });
    assert.deepEqual(await it.host.health(), { healthy: true });
  });

  test("a credential that cannot be used is refused before any dial", async () => {
    const operator = await makeOperator();
    const account = await operator.account("lattice");
    const good = await account.user("host");
    const other = await account.user("other");
    const old = await account.user("old", { expiresInSeconds: -60 });
    await using server = await natsServer({
      config: await operator.serverConfig(),
    });
    const start = (jwt: string, seed: string): Promise<Lab> =>
      Lab.start({
        server,
        host: {
          credential: good,
          override: { lattice_rpc_user_jwt: jwt, lattice_rpc_user_seed: seed },
        },
      });
    const from =
      "from HostData `lattice_rpc_user_jwt`, `lattice_rpc_user_seed`";
    const cases: [string, string, string, RegExp][] = [
      [
        good.jwt,
        other.seed,
        "CREDENTIAL_PAIR_MISMATCH",
        new RegExp(`The user JWT and the seed ${from} do not belong together`),
      ],
      [
        old.jwt,
        old.seed,
        "CREDENTIAL_EXPIRED",
        new RegExp(`The user JWT ${from} expired at `),
      ],
      ["nonsense", good.seed, "CREDENTIAL_JWT_INVALID", new RegExp(from)],
    ];
    for (const [jwt, seed, code, message] of cases)
      await assert.rejects(
        start(jwt, seed),
        (error: Error & { code: string; cause: { code: string } }) => {
          assert.equal(error.code, "PROVIDER_LATTICE_UNREACHABLE");
          assert.equal(error.cause.code, code);
          assert.match(error.message, message);
          assert.ok(!error.message.includes(seed));
          return true;
        },
      );
  });

  test("jwt and seed are wiped once they are a credential, or refused", async () => {
    const operator = await makeOperator();
    const account = await operator.account("lattice");
    const good = await account.user("host");
    for (const given of [good, { jwt: "nonsense", seed: "nonsense" }]) {
      const jwt = Secret.fromText(given.jwt);
      const seed = Secret.fromText(given.seed);
      const hostData = {
        latticeUrl: "nats://127.0.0.1:1",
        latticeCredential: { jwt, seed },
      };
      await assert.rejects(connectLattice(hostData, "lab"));
      assert.deepEqual([jwt.wiped, seed.wiped], [true, true]);
    }
  });

  test("a server that is not there is an error at once, not a wait", async () => {
    const server = await natsServer();
    await assert.rejects(
      Lab.start({
        server,
        host: { override: { lattice_rpc_url: "nats://127.0.0.1:1" } },
      }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "PROVIDER_LATTICE_UNREACHABLE");
        assert.ok(
          error.message.startsWith(
            "No lattice connection to nats://127.0.0.1:1: ",
          ),
          error.message,
        );
        assert.ok(error.message.endsWith(unreachable), error.message);
        return true;
      },
    );
    await server.stop();
  });

  test("a control subject that is not permitted shows in health and ends nothing", async () => {
    const subject = "wasmbus.rpc.default.provider.config.update";
    const users = [
      { user: "host", password: "host" },
      {
        user: "provider",
        password: "provider",
        permissions: { subscribe: { deny: [subject] } },
      },
    ];
    await using server = await natsServer({
      config: { authorization: { users }, no_auth_user: "provider" },
    });
    await using it = await Lab.start({
      server,
      host: { connection: { user: "host", pass: "host" } },
    });
    assert.deepEqual(await it.host.health(), {
      healthy: false,
      message: `The lattice server refused to subscribe to \`${subject}\`. Give the NATS user of the host's --rpc-jwt permission to subscribe to the subject that the message names.`,
    });
    assert.equal(it.event("control-subscription-refused")?.subject, subject);
    assert.deepEqual(await it.component("echo").ask("x"), {
      tag: "ok",
      val: "x",
    });
  });

  test("comes back with all subscriptions, and warns of what was missed", async () => {
    await using server = await natsServer();
    await using it = await Lab.start({ server });
    await server.restart();
    await it.host.waitHealthy(within);
    await until("the warning", within, () => it.event("lattice-gap"));
    const { message = "", code } = it.event("lattice-gap") ?? {};
    assert.equal(code, "PROVIDER_LATTICE_GAP");
    assert.match(
      message,
      /^The lattice connection is up again after \d+\.\d s\. If links or config changed meanwhile, restart the provider: the host then sends everything again\.$/,
    );
    await it.host.putLink({
      source: "echo",
      target: "provider",
      interfaces: ["lab"],
    });
    await until("the link", within, () => it.handler.operations.length === 1);
    const component = it.component("echo");
    assert.deepEqual(await component.ask("x"), { tag: "ok", val: "x" });
  });

  test("a connection that closes for good ends the provider", async () => {
    await using it = await Lab.start();
    await it.context.connection.close();
    const provider = await it.started;
    assert.equal(await provider.stopped, "lattice-lost");
  });
});
