import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import {
  makeOperator,
  natsServer,
  tcpFaultProxy,
  until,
} from "@keyturn/testkit";

import { connect } from "../../connection/connect.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";
import { OpenBao } from "./openbao-server.test.fixture.js";
import { recordExchanges } from "./record-exchanges.test.fixture.js";

const command = process.env["KEYTURN_BAO"];
const skip = command === undefined && "OpenBao is not installed";

let bao: OpenBao;
before(async () => {
  if (command !== undefined) bao = await OpenBao.start(command);
});
after(async () => {
  if (command !== undefined) await bao[Symbol.asyncDispose]();
});

const { signal } = new AbortController();
let places = 0;

if (command !== undefined)
  storeSuite({
    name: "vault: with a real OpenBao",
    noticesWithinMs: 4000,
    open: async () => {
      const name = `suite-${++places}`;
      const put = (data: unknown): Promise<unknown> =>
        bao.must("POST", `kv/data/nats/${name}`, { data });
      const tokenFile = await bao.tokenFile(name);
      const proxy = await tcpFaultProxy({
        port: Number(new URL(bao.url).port),
      });
      return {
        reference: `vault://kv/nats/${name}?address=http://127.0.0.1:${proxy.port}&token-file=${tokenFile}&poll=1`,
        put: async ({ jwt, seed }) => {
          await put({ jwt, seed });
        },
        putHalf: async ({ jwt }) => {
          await put({ jwt });
        },
        corrupt: async (bytes) => {
          await put({ jwt: Buffer.from(bytes).toString("latin1") });
        },
        remove: async () => {
          await bao.must("DELETE", `kv/data/nats/${name}`);
        },
        deny: async () => {
          const token = (await readFile(tokenFile, "utf8")).trim();
          await bao.must("POST", "auth/token/revoke", { token });
          return async () => {
            await bao.tokenFile(name);
          };
        },
        stall: async () => {
          proxy.pause();
          return () => proxy.resume();
        },
        [Symbol.asyncDispose]: () => proxy.close(),
      };
    },
  });

void describe("vault: with a real OpenBao", { skip }, () => {
  test("each login, over TLS, and in a namespace", async () => {
    const account = await (await makeOperator()).account("APP");
    const { jwt, seed, publicKey } = await account.user("orders");
    const data = { jwt, seed };
    await bao.must("POST", "kv/data/nats/orders", { data });
    await bao.must("POST", "sys/namespaces/team", {});
    const mount = { type: "kv", options: { version: "2" } };
    await bao.must("POST", "sys/mounts/kv", mount, "team");
    await bao.must("POST", "kv/data/nats/orders", { data }, "team");
    const { folder } = bao;
    await writeFile(join(folder, "jwt"), bao.serviceAccountToken);
    await writeFile(join(folder, "root"), bao.rootToken);
    for (const parameters of [
      `token-file=${folder}/root`,
      `token-file=${folder}/root&namespace=team`,
      `login=approle&role-id=orders&secret-id-file=${await bao.secretIdFile()}`,
      `login=kubernetes&role=orders&jwt-file=${folder}/jwt`,
      `login=cert&cert-file=${folder}/client.pem&key-file=${folder}/client.key`,
    ]) {
      const text = `vault://kv/nats/orders?address=${bao.tlsUrl}&ca-file=${folder}/ca.pem&${parameters}`;
      const credential = await credentialsFrom(text).read(signal);
      assert.equal(credential.publicKey, publicKey, parameters);
    }
  });

  test("credentials that are issued, each with a lease, take over from one another", async () => {
    const users: Record<string, string> = {};
    const settings = () => ({
      authorization: {
        users: [
          { user: "nobody", password: "nobody" },
          ...Object.entries(users).map(([user, password]) => ({
            user,
            password,
          })),
        ],
      },
    });
    await using server = await natsServer({ config: settings() });
    bao.onUser = async (name, password) => {
      if (password === undefined) delete users[name];
      else users[name] = password;
      await server.reload(settings());
    };
    await bao.must("POST", "rabbitmq/config/lease", { ttl: 6, max_ttl: 12 });
    const token = await bao.tokenFile("dynamic");
    await using connection = await connect({
      servers: server.url,
      credentials: `vault://rabbitmq/creds/orders?engine=dynamic&address=${bao.url}&token-file=${token}&poll=1`,
    });
    const seen = new Set<string | undefined>();
    await until("three hand-overs", 30_000, () => {
      seen.add(connection.posture().expiresAt?.toISOString());
      return connection.posture().handovers >= 3;
    });
    assert.ok(seen.size >= 3, [...seen].join());
    assert.equal(connection.posture().state, "connected");
    // Those that ran out are gone.
    await until(
      "the end of a lease",
      15_000,
      () => Object.keys(users).length < 4,
    );
    bao.onUser = () => undefined;
  });

  test("what we have recorded is what the server says", async () => {
    const recorded = await recordExchanges(bao);
    const file = new URL(
      "../../../src/stores/vault/openbao-exchanges.test.fixture.ts",
      import.meta.url,
    );
    if (process.env["KEYTURN_RECORD"] !== undefined)
      await writeFile(
        file,
        `// Written by \`npm run interop -- --record\`, from a real OpenBao.\nimport type { Exchange } from "./exchange.test.fixture.js";\n\nexport const exchanges = ${JSON.stringify(recorded, undefined, 2)} as const satisfies Record<string, Exchange>;\n`,
      );
    else {
      const { exchanges } = await import("./openbao-exchanges.test.fixture.js");
      assert.deepEqual(recorded, exchanges);
    }
  });
});
