import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/nats-core";
import { natsServer, until, type NatsServer } from "@keyturn/testkit";

import { TestHost } from "./test-host.test.fixture.js";
import { typed, type Typed, type TypedOptions } from "./typed.test.fixture.js";

/** A server with JetStream, keys, a policy, and a host: all that `keyturn secrets` needs. */
export class BackendLab implements AsyncDisposable {
  readonly server: NatsServer;
  readonly folder: string;
  readonly connection: NatsConnection;
  readonly host: TestHost;
  #stop: (() => void) | undefined;
  #served: Promise<Typed> | undefined;

  private constructor(
    server: NatsServer,
    folder: string,
    connection: NatsConnection,
  ) {
    this.server = server;
    this.folder = folder;
    this.connection = connection;
    this.host = new TestHost(connection, "wasmcloud.secrets.v1alpha1.nats-kv");
  }

  /** @param server a server of the test's own */
  static async start(): Promise<BackendLab> {
    const server = await natsServer({ jetstream: true });
    const folder = mkdtempSync(join(tmpdir(), "keyturn-secrets-"));
    const connection = await connect({ servers: server.url });
    const lab = new BackendLab(server, folder, connection);
    for (const file of ["seal.key", "transit.key"])
      await lab.done("keygen", lab.path(file));
    lab.policy({
      issuers: [lab.host.account.getPublicKey()],
      hosts: [lab.host.hostId],
      rules: [
        { name: "shop", entities: [lab.host.provider], keys: ["nats/**"] },
        { name: "mapped", entities: "mapped", keys: ["mapped/*"] },
      ],
    });
    return lab;
  }

  /** Where server and keys are, as commands know it from their environment. */
  get env(): Readonly<Record<string, string>> {
    return {
      NATS_URL: this.server.url,
      KEYTURN_SEAL_KEY_FILE: this.path("seal.key"),
      KEYTURN_TRANSIT_KEY_FILE: this.path("transit.key"),
    };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  policy(policy: unknown): void {
    writeFileSync(this.path("policy.json"), JSON.stringify(policy));
  }

  /** Types `keyturn secrets …`; the server and the seal key are known from the environment. */
  type(args: readonly string[], options: TypedOptions = {}): Promise<Typed> {
    return typed(["secrets", ...args], {
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  /** Types a command that has to work; gives what it printed. */
  async done(...args: readonly string[]): Promise<string> {
    return this.#done(args, {});
  }

  /** Puts a value that has to be taken; gives its version. */
  async put(
    key: string,
    value: string | Uint8Array,
    ...more: readonly string[]
  ): Promise<string> {
    return (await this.#done(["put", key, ...more], { stdin: value })).trim();
  }

  /** Serves until {@link stop}, with the audit log in a file. */
  async serve(...args: readonly string[]): Promise<void> {
    this.#served = this.type(
      [
        "serve",
        `--policy=${this.path("policy.json")}`,
        `--audit=${this.path("audit.jsonl")}`,
        ...args,
      ],
      {
        untilStopped: () =>
          new Promise<void>((resolve) => {
            this.#stop = resolve;
          }),
      },
    );
    const ended = this.#served.then(({ stderr }) => {
      throw new Error(`It did not start: ${stderr}`);
    });
    await Promise.race([
      until("the backend to serve", 8000, () => this.#stop !== undefined),
      ended,
    ]);
    ended.catch(() => undefined);
  }

  /** Ends what serves; gives what it printed. */
  async stop(): Promise<Typed | undefined> {
    this.#stop?.();
    this.#stop = undefined;
    const served = await this.#served;
    this.#served = undefined;
    return served;
  }

  /** Entries of the audit log, without their times. */
  audit(): Record<string, unknown>[] {
    return readFileSync(this.path("audit.jsonl"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const { time, ...entry } = JSON.parse(line) as Record<string, unknown>;
        if (Number.isNaN(Date.parse(String(time)))) throw new Error("no time");
        return entry;
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.connection.close();
    await this.server[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }

  async #done(args: readonly string[], options: TypedOptions): Promise<string> {
    const { code, stdout, stderr } = await this.type(args, options);
    if (code !== 0) throw new Error(`${args.join(" ")}: ${code} ${stderr}`);
    return stdout;
  }
}
