import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { filled, normalised, type Exchange } from "./exchange.test.fixture.js";
import { exchanges } from "./openbao-exchanges.test.fixture.js";

type Name = keyof typeof exchanges;

/**
 * Answers as a real OpenBao has answered our client before (see `openbao-exchanges`), with the secrets
 * of this test in the places of the recorded ones. A request that is not as then fails the test.
 */
export class VaultDouble implements AsyncDisposable {
  /** What the KV engine has, at every path. */
  fields: Readonly<Record<string, unknown>> | undefined;
  version = 0;
  isDeleted = false;
  isSealed = false;
  isDenied = false;
  /** Waits before each answer. */
  waiting: Promise<unknown> = Promise.resolve();
  /** Life of tokens from now on, in seconds. */
  lifeSeconds = 3600;
  /** Life of tokens once they are renewed. */
  renewedSeconds = 3600;
  leaseSeconds = 3600;
  /** What is good at the logins. */
  readonly tokens = new Set<string>(["given"]);
  readonly secretId = "a-secret-id";
  /** Answered exchanges, by name. */
  readonly answered: Name[] = [];
  readonly problems: unknown[] = [];
  /** Answers in the place of all else. */
  instead:
    | ((request: IncomingMessage) => {
        status: number;
        body: string;
        location?: string;
      })
    | undefined;
  #made = 0;
  readonly #server = createServer();

  static async start(): Promise<VaultDouble> {
    const double = new VaultDouble();
    double.#server.on("request", (request, response) => {
      void (async () => {
        const { status, body, location } = await double.#answer(request);
        response
          .writeHead(status, {
            connection: "close",
            ...(location === undefined ? {} : { location }),
          })
          .end(body);
      })();
    });
    await new Promise<void>((done) =>
      double.#server.listen(0, "127.0.0.1", () => done()),
    );
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  put(fields: Readonly<Record<string, unknown>>): void {
    this.fields = fields;
    this.isDeleted = false;
    this.version++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    assert.deepEqual(this.problems, []);
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body: string; location?: string }> {
    const { method = "", url: path = "", headers } = request;
    const json = await text(request);
    await this.waiting;
    if (this.instead !== undefined) return this.instead(request);
    const token = headers["x-vault-token"];
    const body: unknown = json === "" ? undefined : JSON.parse(json);
    const name = this.#choose(path, String(token), body);
    this.answered.push(name);
    const known: Exchange = exchanges[name];
    try {
      assert.equal(method, known.method);
      assert.equal(token !== undefined, known.hasToken);
      assert.deepEqual(normalised(body), known.request);
    } catch (problem) {
      this.problems.push(problem);
    }
    return { status: known.status, body: this.#fill(name, known) };
  }

  #choose(path: string, token: string, body: unknown): Name {
    const isKnown = this.tokens.has(token);
    const given = (body ?? {}) as Record<string, unknown>;
    if (this.isSealed) return "sealed";
    switch (path) {
      case "/v1/auth/token/lookup-self":
        return isKnown ? "lookup" : "lookupBad";
      case "/v1/auth/token/renew-self":
        return isKnown ? "renew" : "lookupBad";
      case "/v1/auth/approle/login":
        return given["secret_id"] === this.secretId
          ? "approleLogin"
          : "approleBad";
      case "/v1/auth/kubernetes/login":
        return given["jwt"] === this.secretId
          ? "kubernetesLogin"
          : "kubernetesBad";
      default:
    }
    if (!isKnown) return "lookupBad";
    if (this.isDenied) return "denied";
    if (path === "/v1/rabbitmq/creds/orders") return "dynamicRead";
    if (this.isDeleted) return "kvDeleted";
    return this.fields === undefined ? "kvAbsent" : "kvRead";
  }

  #fill(name: Name, { body }: Exchange): string {
    const isLogin = name.endsWith("Login");
    const token = isLogin ? `token-${++this.#made}` : "given";
    if (isLogin) this.tokens.add(token);
    const answer = JSON.parse(
      filled(body, {
        token,
        user: `user-${++this.#made}`,
        password: `password-${this.#made}`,
      }),
    ) as Record<string, Record<string, unknown>>;
    const { auth, data } = answer;
    if (isLogin && auth) auth["lease_duration"] = this.lifeSeconds;
    if (name === "renew" && auth) auth["lease_duration"] = this.renewedSeconds;
    if (name === "lookup" && data) data["ttl"] = this.lifeSeconds;
    if (name === "dynamicRead")
      return JSON.stringify({ ...answer, lease_duration: this.leaseSeconds });
    if (name === "kvRead")
      return JSON.stringify({
        ...answer,
        data: { data: this.fields, metadata: { version: this.version } },
      });
    return JSON.stringify(answer);
  }
}
