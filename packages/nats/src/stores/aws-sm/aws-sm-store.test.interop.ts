import { after, before } from "node:test";

import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";

import { ManagedChild, tcpFaultProxy } from "@keyturn/testkit";

import { storeSuite } from "../store-behaviour.test.fixture.js";
import { withTestIdentity } from "./aws-environment.test.fixture.js";

const command = process.env["KEYTURN_MOTO"];
/** The service takes no larger value. */
const longestValue = 65_536;

withTestIdentity();

let moto: ManagedChild;
let port = 0;
before(async () => {
  if (command === undefined) return;
  moto = await ManagedChild.start({
    command,
    args: ["-H", "127.0.0.1", "-p", "0"],
  });
  const [, found] = await moto.stderr.waitFor(/127\.0\.0\.1:(\d+)/, 60_000);
  port = Number(found);
});
after(async () => {
  if (command !== undefined) await moto.stop();
});

let secrets = 0;

if (command !== undefined)
  storeSuite({
    name: "aws-sm: with moto",
    noticesWithinMs: 4000,
    corruptCode: "STORE_VALUE_INVALID",
    open: async () => {
      const SecretId = `nats/orders-${++secrets}`;
      const client = new SecretsManagerClient({
        region: "eu-central-1",
        endpoint: `http://127.0.0.1:${port}`,
      });
      const proxy = await tcpFaultProxy({ port });
      const put = async (value: {
        SecretString?: string;
        SecretBinary?: Uint8Array;
      }): Promise<void> => {
        const name = SecretId;
        await client
          .send(new PutSecretValueCommand({ SecretId, ...value }))
          .catch(() =>
            client.send(new CreateSecretCommand({ Name: name, ...value })),
          );
      };
      return {
        reference: `aws-sm://eu-central-1/${SecretId}?endpoint=http://127.0.0.1:${proxy.port}&poll=1`,
        put: ({ jwt, seed }) =>
          put({ SecretString: JSON.stringify({ jwt, seed }) }),
        putHalf: ({ jwt }) => put({ SecretString: JSON.stringify({ jwt }) }),
        // What is empty, the service does not take either.
        corrupt: (bytes) =>
          put({
            SecretBinary:
              bytes.length === 0
                ? Uint8Array.of(10)
                : bytes.slice(0, longestValue),
          }),
        remove: async () => {
          await client.send(
            new DeleteSecretCommand({
              SecretId,
              ForceDeleteWithoutRecovery: true,
            }),
          );
        },
        deny: async () => {
          proxy.refuse();
          proxy.cut();
          return () => proxy.heal();
        },
        stall: async () => {
          proxy.pause();
          return () => proxy.resume();
        },
        [Symbol.asyncDispose]: async () => {
          client.destroy();
          await proxy.close();
        },
      };
    },
  });
