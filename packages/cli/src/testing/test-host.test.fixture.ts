import { headers, type Msg, type NatsConnection } from "@nats-io/nats-core";
import {
  createAccount,
  createCurve,
  createServer,
  type KeyPair,
} from "@nats-io/nkeys";

import { claimsToken } from "./claims-token.test.fixture.js";
import { entityKey } from "./entity-key.test.fixture.js";

/** What a host asks with; what is absent is as an honest host has it. */
export interface Ask {
  readonly key?: string;
  readonly version?: string | null;
  readonly entityJwt?: string;
  readonly hostJwt?: string;
  /** Value of the header; null for none at all. */
  readonly requestKey?: string | null;
  /** In place of the sealed request. */
  readonly body?: Uint8Array;
}

/** What a host makes of the answer. */
export type Got =
  | {
      readonly version: string;
      readonly string_secret: string | null;
      readonly binary_secret: number[] | null;
    }
  | { readonly error: unknown };

/**
 * The client side of a wasmCloud host: made of nkeys' own code, so that ours is not tested against itself.
 */
export class TestHost {
  /** Signs components and providers. */
  readonly account: KeyPair = createAccount();
  /** The provider that secrets are for, `V…`. */
  readonly provider: string = entityKey("V");
  readonly hostId: string = createServer().getPublicKey();
  readonly #connection: NatsConnection;
  readonly #base: string;

  constructor(connection: NatsConnection, base: string) {
    this.#connection = connection;
    this.#base = base;
  }

  /** The token of an entity. */
  entityJwt(
    claims: Readonly<Record<string, unknown>> = {},
    signer: KeyPair = this.account,
  ): string {
    return claimsToken(signer, {
      iss: signer.getPublicKey(),
      sub: this.provider,
      ...claims,
    });
  }

  /** The token of the host: signed by a key of its own making. */
  hostJwt(claims: Readonly<Record<string, unknown>> = {}): string {
    const signer = createAccount();
    return claimsToken(signer, {
      iss: signer.getPublicKey(),
      sub: this.hostId,
      wascap: { name: "host", labels: { self_signed: "true" } },
      ...claims,
    });
  }

  /** Sends anything, and gives the answer as it came. */
  raw(
    operation: string,
    body: Uint8Array | string = "",
    head?: Readonly<Record<string, string>>,
  ): Promise<Msg> {
    const all = headers();
    for (const [name, value] of Object.entries(head ?? {}))
      all.set(name, value);
    return this.#connection.request(`${this.#base}.${operation}`, body, {
      timeout: 5000,
      ...(head !== undefined && { headers: all }),
    });
  }

  async serverKey(): Promise<string> {
    return (await this.raw("server_xkey")).string();
  }

  /** Asks for a secret as a host does. */
  async get(ask: Ask = {}): Promise<Got> {
    const pair = createCurve();
    const request = {
      key: ask.key ?? "nats/prod/seed",
      field: null,
      version: ask.version ?? null,
      context: {
        entity_jwt: ask.entityJwt ?? this.entityJwt(),
        host_jwt: ask.hostJwt ?? this.hostJwt(),
        application: { name: "shop", policy: "{}" },
      },
    };
    const body =
      ask.body ??
      pair.seal(Buffer.from(JSON.stringify(request)), await this.serverKey());
    const requestKey = ask.requestKey ?? pair.getPublicKey();
    const answer = await this.raw(
      "get",
      body,
      ask.requestKey === null
        ? undefined
        : { "WasmCloud-Host-Xkey": requestKey },
    );
    const sealedBy = answer.headers?.get("Server-Response-Xkey") ?? "";
    if (sealedBy === "") return answer.json();
    const opened = pair.open(answer.data, sealedBy);
    if (opened === null) throw new Error("the answer does not open");
    return (JSON.parse(new TextDecoder().decode(opened)) as { secret: Got })
      .secret;
  }
}
