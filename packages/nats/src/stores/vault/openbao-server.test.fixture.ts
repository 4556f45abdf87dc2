import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeTlsAuthority, ManagedChild, until } from "@keyturn/testkit";

import type { Exchange } from "./exchange.test.fixture.js";

/**
 * A real OpenBao (`KEYTURN_BAO` names its executable), unsealed, in memory, on loopback: once in the
 * clear, once with TLS. Beside it stands what its engines and logins ask: a Kubernetes API that knows
 * one token, and a RabbitMQ management API whose users are told to `onUser`.
 */
export class OpenBao implements AsyncDisposable {
  readonly url: string;
  readonly tlsUrl: string;
  /** Holds `ca.pem`, `client.pem`, `client.key`. */
  readonly folder: string;
  rootToken = "";
  #unsealKey = "";
  /** Told each user that the engine makes, and with no password those that it deletes. */
  onUser: (name: string, password: string | undefined) => Promise<void> | void =
    () => undefined;
  readonly serviceAccountToken: string = serviceAccountToken();
  readonly #child: ManagedChild;
  readonly #stubs: readonly Server[];

  private constructor(
    ports: readonly [number, number],
    folder: string,
    child: ManagedChild,
    stubs: readonly Server[],
  ) {
    this.url = `http://127.0.0.1:${ports[0]}`;
    this.tlsUrl = `https://127.0.0.1:${ports[1]}`;
    this.folder = folder;
    this.#child = child;
    this.#stubs = stubs;
  }

  static async start(command: string): Promise<OpenBao> {
    const folder = await mkdtemp(join(tmpdir(), "keyturn-openbao-"));
    const authority = makeTlsAuthority("store");
    const [own, client] = [authority.server(), authority.client("orders")];
    const files = {
      "ca.pem": authority.certificate,
      "server.pem": own.certificate,
      "server.key": own.key,
      "client.pem": client.certificate,
      "client.key": client.key,
    };
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder, name), text);
    const ports = [await freePort(), await freePort()] as const;
    const config = `
      storage "inmem" {}
      disable_mlock = true
      api_addr = "http://127.0.0.1:${ports[0]}"
      listener "tcp" { address = "127.0.0.1:${ports[0]}", tls_disable = true }
      listener "tcp" {
        address = "127.0.0.1:${ports[1]}"
        tls_cert_file = "${folder}/server.pem"
        tls_key_file = "${folder}/server.key"
      }`.replace(", tls_disable", "\n tls_disable");
    await writeFile(join(folder, "bao.hcl"), config);
    const child = await ManagedChild.start({
      command,
      args: ["server", `-config=${folder}/bao.hcl`],
    });
    let bao: OpenBao | undefined;
    const stub = createTlsServer(
      { cert: own.certificate, key: own.key },
      (request, response) => {
        let text = "";
        request.setEncoding("utf8").on("data", (piece) => (text += piece));
        request.on("end", () => {
          void bao
            ?.stub(request.method ?? "", request.url ?? "", text)
            .then(([status, body]) => {
              response.writeHead(status, {
                "content-type": "application/json",
              });
              response.end(body === undefined ? "" : JSON.stringify(body));
            });
        });
      },
    );
    const plain = createServer((request, response) =>
      stub.emit("request", request, response),
    );
    for (const server of [stub, plain])
      await new Promise<void>((done) =>
        server.listen(0, "127.0.0.1", () => done()),
      );
    bao = new OpenBao(ports, folder, child, [stub, plain]);
    await bao.#initialise();
    return bao;
  }

  /** Address of what stands beside it. */
  get stubUrl(): string {
    return `https://127.0.0.1:${portOf(this.#stubs[0])}`;
  }

  get plainStubUrl(): string {
    return `http://127.0.0.1:${portOf(this.#stubs[1])}`;
  }

  /** A request with the root token, or another, or none (`""`). */
  async call(
    method: string,
    path: string,
    request?: unknown,
    token: string = this.rootToken,
    namespace?: string,
  ): Promise<Pick<Exchange, "status" | "body">> {
    const response = await fetch(`${this.url}/v1/${path}`, {
      method,
      headers: {
        connection: "close",
        ...(token === "" ? {} : { "X-Vault-Token": token }),
        ...(namespace === undefined ? {} : { "X-Vault-Namespace": namespace }),
      },
      ...(request === undefined ? {} : { body: JSON.stringify(request) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? undefined : JSON.parse(text),
    };
  }

  /** As {@link call}, and it has to succeed. */
  async must(
    method: string,
    path: string,
    request?: unknown,
    namespace?: string,
  ): Promise<Record<string, Record<string, unknown>>> {
    const { status, body } = await this.call(
      method,
      path,
      request,
      this.rootToken,
      namespace,
    );
    if (status >= 300)
      throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return (body ?? {}) as Record<string, Record<string, unknown>>;
  }

  async seal(): Promise<void> {
    await this.must("PUT", "sys/seal");
  }

  async unseal(): Promise<void> {
    await this.must("PUT", "sys/unseal", { key: this.#unsealKey });
    await until("the server to be active", 10_000, async () => {
      const { status } = await this.call("GET", "sys/health");
      return status === 200;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop();
    for (const stub of this.#stubs) {
      stub.closeAllConnections();
      await new Promise((done) => stub.close(done));
    }
    await rm(this.folder, { recursive: true });
  }

  async stub(
    method: string,
    path: string,
    text: string,
  ): Promise<[number, unknown?]> {
    if (path.endsWith("/tokenreviews")) {
      const { spec } = JSON.parse(text) as { spec: { token: string } };
      const authenticated = spec.token === this.serviceAccountToken;
      return [
        201,
        {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenReview",
          status: {
            authenticated,
            user: {
              username: "system:serviceaccount:shop:orders",
              uid: "1",
              groups: ["system:serviceaccounts"],
            },
          },
        },
      ];
    }
    const user = /^\/api\/users\/([^/]+)$/.exec(path)?.[1];
    if (user !== undefined) {
      const { password } =
        method === "PUT"
          ? (JSON.parse(text) as { password: string })
          : { password: undefined };
      await this.onUser(decodeURIComponent(user), password);
    }
    return [method === "PUT" ? 201 : 204];
  }

  async #initialise(): Promise<void> {
    await until("the server", 30_000, () =>
      this.call("GET", "sys/init", undefined, "").then(
        () => true,
        () => false,
      ),
    );
    const { body } = await this.call(
      "PUT",
      "sys/init",
      { secret_shares: 1, secret_threshold: 1 },
      "",
    );
    const made = body as { root_token: string; keys: [string] };
    this.rootToken = made.root_token;
    this.#unsealKey = made.keys[0];
    await this.unseal();
    const policy = (name: string, path: string): Promise<unknown> =>
      this.must("PUT", `sys/policies/acl/${name}`, {
        policy: `path "${path}" { capabilities = ["read"] }`,
      });
    await policy("reader", "+/data/nats/*");
    await policy("dynamic", "rabbitmq/creds/orders");
    const token_policies = ["reader", "dynamic"];
    await this.must("POST", "sys/mounts/kv", {
      type: "kv",
      options: { version: "2" },
    });
    for (const type of ["approle", "kubernetes", "cert"])
      await this.must("POST", `sys/auth/${type}`, { type });
    await this.must("POST", "auth/approle/role/orders", {
      token_policies,
      token_ttl: "1h",
      role_id: "orders",
    });
    await this.must("POST", "auth/approle/role/orders/role-id", {
      role_id: "orders",
    });
    await this.must("POST", "auth/kubernetes/config", {
      kubernetes_host: this.stubUrl,
      kubernetes_ca_cert: await readFile(join(this.folder, "ca.pem"), "utf8"),
      token_reviewer_jwt: "reviewer",
      disable_local_ca_jwt: true,
    });
    await this.must("POST", "auth/kubernetes/role/orders", {
      bound_service_account_names: ["orders"],
      bound_service_account_namespaces: ["shop"],
      token_policies,
      token_ttl: "1h",
    });
    await this.must("POST", "auth/cert/certs/orders", {
      certificate: await readFile(join(this.folder, "ca.pem"), "utf8"),
      allowed_common_names: ["orders"],
      token_policies,
      token_ttl: "1h",
    });
    await this.must("POST", "sys/mounts/rabbitmq", { type: "rabbitmq" });
    await this.must("POST", "rabbitmq/config/connection", {
      connection_uri: this.plainStubUrl,
      username: "manager",
      password: "manager",
      verify_connection: false,
    });
    await this.must("POST", "rabbitmq/roles/orders", {
      vhosts: '{"/":{"configure":"","write":".*","read":".*"}}',
    });
  }

  /** A file with a new token that may read what is below `nats/` in any KV engine. */
  async tokenFile(name: string, options: object = {}): Promise<string> {
    const { auth } = await this.must("POST", "auth/token/create", {
      policies: ["reader", "dynamic"],
      ...options,
    });
    const file = join(this.folder, name);
    await writeFile(file, `${String(auth?.["client_token"])}\n`);
    return file;
  }

  /** A new secret id of the role `orders`, in a file. */
  async secretIdFile(): Promise<string> {
    const { data } = await this.must(
      "POST",
      "auth/approle/role/orders/secret-id",
      {},
    );
    const file = join(this.folder, "secret-id");
    await writeFile(file, `${String(data?.["secret_id"])}\n`);
    return file;
  }
}

/** As a kubelet has it, but for its signature: the Kubernetes API is who checks that. */
function serviceAccountToken(): string {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: "https://kubernetes.default.svc",
    sub: "system:serviceaccount:shop:orders",
    iat: now,
    nbf: now,
    exp: now + 3600,
    "kubernetes.io": {
      namespace: "shop",
      serviceaccount: { name: "orders", uid: "1" },
    },
  };
  return `${encode({ alg: "RS256" })}.${encode(claims)}.${encode("signature")}`;
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return typeof address === "object" ? (address?.port ?? -1) : -1;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((done) =>
    server.listen(0, "127.0.0.1", () => done()),
  );
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
