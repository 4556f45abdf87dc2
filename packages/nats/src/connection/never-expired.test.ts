import assert from "node:assert/strict";
import { once } from "node:events";
import {
  connect as dial,
  createServer,
  type AddressInfo,
  type Socket,
} from "node:net";
import { test } from "node:test";
import { inspect } from "node:util";

import { claimsOf, makeOperator, natsServer, until } from "@keyturn/testkit";

import { signerCredential, userJwtCredential } from "../credentials/makers.js";
import type { Credential } from "../credentials/credential.js";
import { connect } from "./connect.js";

const origin = { source: "this test", plaintext: false };

/** A CONNECT line on its way to a server. */
interface Presented {
  readonly at: number;
  /** Undefined if nothing was presented. */
  readonly expiresAt: number | undefined;
}

/** Passes everything on, and writes down what CONNECT lines carry, and when. */
class Recorder implements AsyncDisposable {
  readonly presented: Presented[] = [];
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#pipe(socket));

  constructor(target: number) {
    this.#target = target;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #pipe(socket: Socket): void {
    const upstream = dial(this.#target, "127.0.0.1");
    let text = "";
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.on("data", (data: Buffer) => {
        if (one === socket) text = this.#read(text + data.toString("latin1"));
        other.write(data);
      });
    }
  }

  #read(text: string): string {
    const lines = text.split("\r\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("CONNECT ")) continue;
      const { jwt } = JSON.parse(line.slice(8)) as { jwt?: string };
      const exp = jwt === undefined ? undefined : Number(claimsOf(jwt)["exp"]);
      this.presented.push({
        at: Date.now(),
        expiresAt: exp === undefined ? undefined : exp * 1000,
      });
    }
    return rest;
  }
}

test("no CONNECT carries an expired JWT, nor none, however often it is dialled around the expiry", async (t) => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  await using recorder = new Recorder(server.port);
  const servers = await recorder.listen();
  const users = await Promise.all(
    [2, 4].map((expiresInSeconds) => account.user("u", { expiresInSeconds })),
  );
  const last = await account.user("last");
  // The source is late: it gives what has expired, for a second more.
  const current = (): (typeof users)[number] =>
    users.find(({ jwt }) => {
      return Date.now() < Number(claimsOf(jwt)["exp"]) * 1000 + 1000;
    }) ?? last;
  const local = (): Credential => userJwtCredential({ ...current(), origin });
  const elsewhere = (): Credential => {
    const { jwt, publicKey, keys } = current();
    return signerCredential({
      jwt,
      origin,
      signer: {
        publicKey,
        sign: async (nonce) => {
          // Long enough for an expiry to fall between.
          await new Promise((resolve) => setTimeout(resolve, 150));
          return keys.sign(nonce);
        },
      },
    });
  };
  const connections = await Promise.all(
    [local, local, elsewhere].map((read) =>
      connect({ servers, credentials: () => read(), timeout: 1000 }),
    ),
  );
  const cutting = setInterval(() => recorder.cut(), 60);
  const moving = setInterval(() => {
    for (const connection of connections)
      void connection.refreshCredentials().catch(() => undefined);
  }, 100);
  try {
    const end = Number(claimsOf(users[1]?.jwt ?? "")["exp"]) * 1000 + 2000;
    await until("the end", 9000, () => Date.now() > end);
    clearInterval(cutting);
    for (const connection of connections) {
      await until("the connection", 5000, () => {
        const { state, publicKey } = connection.posture();
        return state === "connected" && publicKey === last.publicKey;
      }).catch((error: unknown) => {
        assert.fail(inspect([error, connection.posture()]));
      });
    }
  } finally {
    clearInterval(cutting);
    clearInterval(moving);
    await Promise.all(connections.map((connection) => connection.close()));
  }
  const { presented } = recorder;
  const late = presented.filter(
    ({ at, expiresAt }) =>
      expiresAt !== undefined && !Number.isNaN(expiresAt) && at >= expiresAt,
  );
  t.diagnostic(
    `${presented.length} CONNECT lines, ${late.length} expired; the closest to its expiry: ${Math.min(...presented.map(({ at, expiresAt }) => (expiresAt ?? Infinity) - at).filter((ms) => ms > 0))} ms before`,
  );
  assert.deepEqual(late, []);
  assert.equal(
    presented.filter(({ expiresAt }) => expiresAt === undefined).length,
    0,
  );
  assert.ok(presented.length > 15, `${presented.length} CONNECT lines`);
});
