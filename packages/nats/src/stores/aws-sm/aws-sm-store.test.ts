import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { makeOperator } from "@keyturn/testkit";

import { rejects } from "../../errors/refuses.test.fixture.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";
import { withTestIdentity } from "./aws-environment.test.fixture.js";
import {
  fault,
  SecretsManagerDouble,
} from "./secrets-manager-double.test.fixture.js";

withTestIdentity();

const { signal } = new AbortController();

function referenceTo({ url }: SecretsManagerDouble, more = ""): string {
  return `aws-sm://eu-central-1/nats/orders?endpoint=${url}${more}`;
}

storeSuite({
  name: "aws-sm:",
  noticesWithinMs: 3000,
  corruptCode: "STORE_VALUE_INVALID",
  open: async () => {
    const double = await SecretsManagerDouble.start();
    return {
      reference: referenceTo(double, "&poll=1"),
      put: ({ jwt, seed }) => double.put(JSON.stringify({ jwt, seed })),
      putHalf: ({ jwt }) => double.put(JSON.stringify({ jwt })),
      corrupt: (bytes) => double.put(bytes),
      remove: () => {
        double.value = undefined;
      },
      deny: async () => {
        double.instead = fault("AccessDeniedException", "no");
        return () => {
          double.instead = undefined;
        };
      },
      stall: async () => {
        let goOn: (() => void) | undefined;
        double.waiting = new Promise<void>((done) => (goOn = done));
        return () => goOn?.();
      },
      [Symbol.asyncDispose]: () => double[Symbol.asyncDispose](),
    };
  },
});

describe("aws-sm:", () => {
  test("the version, the stage, or the current one is asked for; bytes are as good as text", async () => {
    await using double = await SecretsManagerDouble.start();
    const account = await (await makeOperator()).account("APP");
    const { creds, publicKey } = await account.user("orders");
    double.put(Buffer.from(creds));
    for (const [more, which] of [
      ["", { VersionStage: "AWSCURRENT" }],
      ["&stage=AWSPENDING", { VersionStage: "AWSPENDING" }],
      ["&version=v1", { VersionId: "v1" }],
    ] as const) {
      const source = credentialsFrom(referenceTo(double, more));
      assert.equal((await source.read(signal)).publicKey, publicKey);
      assert.deepEqual(double.requests.splice(0), [
        [
          "secretsmanager.GetSecretValue",
          { SecretId: "nats/orders", ...which },
        ],
      ]);
    }
  });

  test("what is wrong says what, and what to do", async () => {
    await using double = await SecretsManagerDouble.start();
    const text = referenceTo(double);
    for (const [type, message, code, expected] of [
      [
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
        "STORE_ABSENT",
        `There is nothing where ${text} points, or it is to be deleted. Put the secret there, and check region and account; it is looked for again.`,
      ],
      [
        "AccessDeniedException",
        "User is not authorized",
        "STORE_UNREADABLE",
        `What ${text} names cannot be read (AccessDeniedException). Allow the identity \`secretsmanager:GetSecretValue\` on the secret, and \`kms:Decrypt\` on its key if that is not the account's own.`,
      ],
      [
        "SomethingNewException",
        "?",
        "STORE_UNREADABLE",
        `What ${text} names cannot be read (SomethingNewException). Mend the way to the store; it is tried again, and the present credential is kept meanwhile.`,
      ],
    ] as const) {
      double.instead = fault(type, message);
      await rejects(
        Promise.resolve(credentialsFrom(text).read(signal)),
        code,
        expected,
      );
    }
    const nowhere = `aws-sm:///orders?endpoint=${double.url}`;
    await rejects(
      Promise.resolve(credentialsFrom(nowhere).read(signal)),
      "STORE_UNREADABLE",
      `What ${nowhere} names cannot be read: no region is known. Write it as \`aws-sm://eu-central-1/name\`, or set \`AWS_REGION\`.`,
    );
  });

  test("references that name no secret are refused", async () => {
    for (const [text, why] of [
      [
        "aws-sm://eu-central-1",
        "it names no secret. Write it as `aws-sm://region/name`, or `aws-sm:///name` with the region of the environment.",
      ],
      [
        "aws-sm://Frankfurt/orders",
        "what stands after `//` is no region. Write it as `aws-sm://eu-central-1/name`.",
      ],
      [
        "aws-sm:///orders?stage=a&version=b",
        "it has both `stage` and `version`. Give one of them.",
      ],
      [
        "aws-sm:///orders?endpoint=http://store.example",
        "the server's address is `http:`, so that tokens and secrets would be open to the network. Use `https:`, or an agent on this machine (`http://127.0.0.1:8200`).",
      ],
    ] as const)
      await rejects(
        (async () => credentialsFrom(text).read(signal))(),
        "REFERENCE_INVALID",
        `The credential reference \`aws-sm:\` cannot be used: ${why}`,
      );
  });

  test("without the SDK it says what to type", async () => {
    const hook = `export async function resolve(name, context, next) {
      if (name.startsWith("@aws-sdk/")) throw new Error("not installed");
      return next(name, context);
    }`;
    const program = `
      import { register } from "node:module";
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
      const { credentialsFrom } = await import(${JSON.stringify(import.meta.resolve("../registry.js"))});
      await credentialsFrom("aws-sm://eu-central-1/orders").read(new AbortController().signal)
        .catch(({ code, message }) => console.log(code + ": " + message));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--input-type=module",
      "--eval",
      program,
    ]);
    assert.equal(
      stdout,
      "STORE_CLIENT_MISSING: References `aws-sm:` need the package `@aws-sdk/client-secrets-manager`, which cannot be loaded. Install it: `npm install @aws-sdk/client-secrets-manager@3`.\n",
    );
  });
});
