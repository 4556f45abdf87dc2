import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

import { makeOperator } from "@keyturn/testkit";

import { credentialsFrom } from "../registry.js";
import { normalised, type Exchange } from "./exchange.test.fixture.js";
import type { OpenBao } from "./openbao-server.test.fixture.js";

/** Reads by references of every kind, and gives what went to and fro between our client and the server. */
export async function recordExchanges(
  bao: OpenBao,
): Promise<Record<string, Exchange>> {
  await using recorder = await Recorder.start(bao);
  const recorded: Record<string, Exchange> = {};
  const account = await (await makeOperator()).account("APP");
  const { jwt, seed } = await account.user("orders");
  await bao.call("DELETE", "kv/metadata/nats/orders");
  await bao.must("POST", "rabbitmq/config/lease", { ttl: 3600, max_ttl: 3600 });
  await bao.must("POST", "kv/data/nats/orders", { data: { jwt, seed } });
  await bao.must("POST", "kv/data/nats/deleted", { data: { jwt, seed } });
  await bao.must("DELETE", "kv/data/nats/deleted");
  const read = async (
    path: string,
    parameters: string,
    names: readonly string[],
  ): Promise<void> => {
    const source = credentialsFrom(
      `vault://${path}?address=${recorder.url}&${parameters}`,
    );
    await Promise.resolve(source.read(new AbortController().signal)).catch(
      () => undefined,
    );
    keep(names);
  };
  const keep = (names: readonly string[]): void => {
    for (const [i, exchange] of recorder.exchanges.splice(0).entries()) {
      const name = names[i];
      if (name === undefined)
        throw new Error(`${exchange.method} ${exchange.path} was not expected`);
      if (name !== "") recorded[name] = exchange;
    }
  };
  const { folder } = bao;
  const token = `token-file=${await bao.tokenFile("token", { ttl: "1h" })}`;
  await writeFile(join(folder, "jwt"), bao.serviceAccountToken);
  await writeFile(join(folder, "bad"), "bad");
  const root = join(folder, "root");
  await writeFile(root, bao.rootToken);

  await read("kv/nats/orders", token, ["lookup", "kvRead"]);
  await read("kv/nats/none", token, ["", "kvAbsent"]);
  await read("kv/nats/deleted", token, ["", "kvDeleted"]);
  await read("kv/other/secret", token, ["", "denied"]);
  await read("kv/nats/orders", `token-file=${root}`, ["lookupForever", ""]);
  await read("kv/nats/orders", `token-file=${folder}/bad`, ["lookupBad", ""]);
  const approle = "login=approle&role-id=orders&secret-id-file";
  await read("kv/nats/orders", `${approle}=${await bao.secretIdFile()}`, [
    "approleLogin",
    "",
  ]);
  await read("kv/nats/orders", `${approle}=${folder}/bad`, ["approleBad"]);
  const kubernetes = "login=kubernetes&role=orders&jwt-file";
  await read("kv/nats/orders", `${kubernetes}=${folder}/jwt`, [
    "kubernetesLogin",
    "",
  ]);
  await read("kv/nats/orders", `${kubernetes}=${folder}/bad`, [
    "kubernetesBad",
  ]);
  await read(
    "kv/nats/orders",
    `login=cert&cert-file=${folder}/client.pem&key-file=${folder}/client.key`,
    ["certLogin", ""],
  );
  await read("rabbitmq/creds/orders", `engine=dynamic&${token}`, [
    "",
    "dynamicRead",
  ]);

  const short = await bao.tokenFile("short", { ttl: "3s" });
  const source = credentialsFrom(
    `vault://kv/nats/orders?address=${recorder.url}&token-file=${short}`,
  );
  const { signal } = new AbortController();
  await source.read(signal);
  const end = source.watch?.(() => undefined);
  await pause(2200);
  await source.read(signal);
  end?.();
  keep(["", "", "renew", ""]);

  await bao.seal();
  await read("kv/nats/orders", token, ["", "sealed"]);
  await bao.unseal();
  return recorded;
}

/** Passes requests on to the server, and keeps them with their answers. */
class Recorder implements AsyncDisposable {
  readonly exchanges: Exchange[] = [];
  readonly #server = createServer();

  static async start(bao: OpenBao): Promise<Recorder> {
    const recorder = new Recorder();
    const read = (name: string): Promise<string> =>
      readFile(join(bao.folder, name), "utf8");
    const agent = new Agent({
      ca: await read("ca.pem"),
      cert: await read("client.pem"),
      key: await read("client.key"),
    });
    const server = recorder.#server;
    server.on("request", (request, response) => {
      void (async () => {
        const { method = "", url: path = "", headers } = request;
        const body = await buffer(request);
        const onward = httpsRequest(`${bao.tlsUrl}${path}`, {
          agent,
          method,
          headers,
        });
        onward.end(body);
        const [answer] = (await once(onward, "response")) as [typeof request];
        const text = await buffer(answer);
        const status = answer.statusCode ?? 0;
        const parse = (json: Buffer): unknown => JSON.parse(json.toString());
        recorder.exchanges.push({
          method,
          path,
          hasToken: headers["x-vault-token"] !== undefined,
          ...(body.length === 0 ? {} : { request: normalised(parse(body)) }),
          status,
          body: normalised(parse(text)),
        });
        response.writeHead(status, { connection: "close" }).end(text);
      })();
    });
    await new Promise<void>((done) =>
      server.listen(0, "127.0.0.1", () => done()),
    );
    return recorder;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
