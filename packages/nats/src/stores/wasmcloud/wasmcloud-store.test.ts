import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { headers } from "@nats-io/nats-core";

import { makeOperator, natsServer, type NatsServer } from "@keyturn/testkit";

import { connect } from "../../connection/connect.js";
import { signingKeyFromSeed, encodeSeed } from "../../credentials/nkey.js";
import { rejects } from "../../errors/refuses.test.fixture.js";
import type { LiveConnection } from "../../handover/live-connection.js";
import { CurveKey } from "../../xkey/curve-key.js";
import { credentialsFrom } from "../registry.js";
import { storeSuite } from "../store-behaviour.test.fixture.js";
import { BackendDouble } from "./backend-double.test.fixture.js";
import { signClaims } from "./claims.js";
import { responseKeyHeader } from "./protocol.js";

const issuer = signingKeyFromSeed(
  Buffer.from(encodeSeed("account", new Uint8Array(32).fill(7))),
);
const entity = signClaims({ sub: "V".padEnd(56, "A") }, issuer);

/** A backend on a server, and a token of one who may ask it. */
class Lab implements AsyncDisposable {
  readonly server: NatsServer;
  readonly connection: LiveConnection;
  readonly backend: BackendDouble;
  readonly #folder: string;

  private constructor(
    server: NatsServer,
    connection: LiveConnection,
    folder: string,
  ) {
    this.server = server;
    this.connection = connection;
    this.backend = new BackendDouble(connection);
    this.#folder = folder;
  }

  static async open(): Promise<Lab> {
    const server = await natsServer({ maxPayload: 16 * 1024 * 1024 });
    const connection = await connect({ servers: server.url });
    const folder = await mkdtemp(join(tmpdir(), "keyturn-wasmcloud-"));
    await writeFile(join(folder, "entity.jwt"), `${entity}\n`);
    return new Lab(server, connection, folder);
  }

  reference(keys: string, more = ""): string {
    const joint = keys.includes("?") ? "&" : "?";
    return `wasmcloud://double${keys}${joint}entity-file=${this.#folder}/entity.jwt&servers=${this.server.url}${more}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.server.stop();
    await rm(this.#folder, { recursive: true });
  }
}

const signal = new AbortController().signal;

for (const isPair of [false, true])
  storeSuite({
    name: isPair ? "wasmcloud: with two keys" : "wasmcloud:",
    noticesWithinMs: 3000,
    open: async () => {
      const lab = await Lab.open();
      const { backend, server } = lab;
      return {
        reference: lab.reference(
          isPair ? "?jwt=a/jwt&seed=a/seed" : "/a/creds",
          "&poll=1",
        ),
        put: ({ jwt, seed, creds }) => {
          backend.put("a/jwt", jwt);
          backend.put("a/seed", seed);
          backend.put("a/creds", creds);
        },
        corrupt: (bytes) => {
          for (const key of ["a/jwt", "a/creds"]) backend.put(key, bytes);
        },
        remove: () => {
          backend.secrets.clear();
        },
        putHalf: ({ jwt }) => {
          backend.put("a/jwt", jwt);
          backend.put("a/creds", JSON.stringify({ jwt }));
        },
        deny: async () => {
          backend.fault = { name: "Unauthorized" };
          return () => {
            backend.fault = undefined;
          };
        },
        stall: async () => {
          server.kill("SIGSTOP");
          return () => server.kill("SIGCONT");
        },
        [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
      };
    },
  });

describe("wasmcloud:", () => {
  test("the backend is asked as a host asks it; with another key each time", async () => {
    await using lab = await Lab.open();
    const account = await (await makeOperator()).account("APP");
    const user = await account.user("orders");
    lab.backend.put("a", user.creds);
    const source = credentialsFrom(
      lab.reference(
        "/a",
        `&field=f&version=3&backend-key=${lab.backend.key.publicKey}`,
      ),
    );
    for (let i = 0; i < 2; i++)
      assert.equal((await source.read(signal)).publicKey, user.publicKey);
    const [request] = lab.backend.requests;
    assert.ok(request);
    const { hostJwt, ...rest } = request;
    assert.deepEqual(rest, {
      key: "a",
      field: "f",
      version: "3",
      entityJwt: entity,
      application: { name: undefined, policy: "{}" },
    });
    assert.equal(hostJwt.split(".").length, 3);
    assert.equal(new Set(lab.backend.requestKeys).size, 2);
  });

  test("what goes wrong says what, and what to do", async () => {
    await using lab = await Lab.open();
    const { backend } = lab;
    const reference = lab.reference("/a");
    const refused = async (message: string): Promise<void> =>
      rejects(
        Promise.resolve(credentialsFrom(reference).read(signal)),
        "STORE_UNREADABLE",
        message,
      );
    await rejects(
      Promise.resolve(credentialsFrom(reference).read(signal)),
      "STORE_ABSENT",
      `The secrets backend \`double\` has nothing where ${reference} points. Put the secret there; it is looked for again.`,
    );
    backend.fault = { name: "InvalidEntityJWT", text: "token\nexpired\u0007" };
    await refused(
      `The secrets backend \`double\` refuses to give what ${reference} names: InvalidEntityJWT (token expired). Let the identity in the token of \`entity-file\` have it there.`,
    );
    backend.fault = { name: "UpstreamError", text: "x".repeat(300) };
    await refused(
      `The secrets backend \`double\` has no answer for ${reference}: UpstreamError (${"x".repeat(200)}). Look at the log of the backend; it is tried again.`,
    );
    const answers = (data: Uint8Array | string, key?: string): void => {
      backend.answer = (message) => {
        const marked = headers();
        if (key !== undefined) marked.set(responseKeyHeader, key);
        return message.respond(data, { headers: marked });
      };
    };
    const unusable = (why: string): string =>
      `The answer of the secrets backend \`double\` about ${reference} cannot be used: ${why}. Look whether something else answers in its place.`;
    answers("no JSON");
    await refused(unusable("it is malformed: a value expected at byte 0"));
    answers("{}");
    await refused(
      `The secrets backend \`double\` has no answer for ${reference}: an empty reply. Look at the log of the backend; it is tried again.`,
    );
    answers("xkv1".padEnd(64), "XNOKEY");
    await refused(
      unusable(
        "it is malformed: its checksum is wrong: a character is missing, added or changed",
      ),
    );
    answers("xkv1".padEnd(64), CurveKey.generate().publicKey);
    await refused(unusable("it does not open with the key of the request"));
    const text = lab.reference(
      "/a",
      `&backend-key=${CurveKey.generate().publicKey}`,
    );
    backend.answer = undefined;
    await rejects(
      Promise.resolve(credentialsFrom(text).read(signal)),
      "STORE_UNREADABLE",
      `The secrets backend \`double\` cannot open the request for ${text}: DecryptionError. Check that \`backend-key\` is the public key that it has now.`,
    );
  });

  test("nobody there, no token, no server", async () => {
    await using lab = await Lab.open();
    const nobody = lab.reference("/a").replace("//double", "//other");
    await rejects(
      Promise.resolve(credentialsFrom(nobody).read(signal)),
      "STORE_UNREADABLE",
      `What ${nobody} names cannot be read: nobody answers at \`wasmcloud.secrets.v1alpha1.other.server_xkey\`. Check that a secrets backend \`other\` runs, and that it serves the topic \`wasmcloud.secrets\`.`,
    );
    const noToken = `wasmcloud://double/a?entity-file=/nowhere&servers=${lab.server.url}`;
    await rejects(
      Promise.resolve(credentialsFrom(noToken).read(signal)),
      "STORE_UNREADABLE",
      `The file \`entity-file\` of ${noToken} cannot be read. Put a claims token there.`,
    );
    await lab.server.stop();
    const gone = lab.reference("/a");
    await rejects(
      Promise.resolve(credentialsFrom(gone).read(signal)),
      "STORE_UNREADABLE",
      `The NATS server of ${gone} cannot be used. Check the address, and that the server is running: \`nats server check connection\`.`,
    );
  });

  test("references that name no secret are refused", async () => {
    for (const [text, why] of [
      [
        "wasmcloud://b/a",
        "it does not say as whom the backend is asked. Give the file of a claims token: `entity-file=/etc/orders/entity.jwt`.",
      ],
      [
        "wasmcloud://b.c/a?entity-file=/e",
        "it names no backend (letters, digits, `_`, `-`). Write it as `wasmcloud://backend/key`.",
      ],
      [
        "wasmcloud://b?jwt=a&entity-file=/e",
        "it has neither one key nor `jwt` and `seed`. Write it as `wasmcloud://backend/key`, or as `wasmcloud://backend?jwt=key&seed=key`.",
      ],
      [
        "wasmcloud://b/a?entity-file=/e&topic=a.*",
        "its `topic` is no subject. Write it as the hosts have it: `wasmcloud.secrets`.",
      ],
      [
        "wasmcloud://b/a?entity-file=/e&backend-key=X",
        "its `backend-key` is no public curve key. Write what the backend answers at `server_xkey`: `X` and 55 more characters.",
      ],
      [
        "wasmcloud://b/a?entity-file=/e&poll=0",
        "`poll` is no number of seconds. Write whole seconds, 1 at least: `?poll=10`.",
      ],
    ] as const)
      await rejects(
        Promise.resolve(credentialsFrom(text).read(signal)),
        "REFERENCE_INVALID",
        `The credential reference \`wasmcloud:\` cannot be used: ${why}`,
      );
  });
});
