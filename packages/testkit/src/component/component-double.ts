import {
  client,
  serve,
  type Client,
  type ClientDeadlines,
  type Funcs,
  type Handlers,
  type Interface,
  type Served,
} from "@keyturn/wrpc";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";

/** Where a component runs, and under which id. */
export interface ComponentDoubleOptions {
  /** URL of the lattice's server: a `NatsServer` will do. */
  readonly lattice: { readonly url: string };
  /** Default `default`. */
  readonly latticeName?: string;
  readonly id: string;
  /** Options of the connection to the lattice: credentials, TLS. */
  readonly connection?: NodeConnectionOptions;
}

/** What a component calls, and how. */
export interface ComponentClientOptions {
  /** Id of the provider (or component) that is called. */
  readonly target: string;
  /** Link name in use. Default `default`. */
  readonly link?: string;
  readonly deadlines?: ClientDeadlines;
}

/**
 * What a provider sees of a component on a wasmCloud 1.9 host: a wRPC peer that serves the
 * component's exports in its queue group, and calls with the headers `source-id` and `link-name`.
 * It has no limit on instances, and traps when a handler throws.
 */
export class ComponentDouble implements AsyncDisposable {
  readonly id: string;
  readonly connection: NatsConnection;
  readonly #lattice: string;
  readonly #served: Served[] = [];

  private constructor(
    options: ComponentDoubleOptions,
    connection: NatsConnection,
  ) {
    this.id = options.id;
    this.#lattice = options.latticeName ?? "default";
    this.connection = connection;
  }

  static async start(
    options: ComponentDoubleOptions,
  ): Promise<ComponentDouble> {
    const connection = await connect({
      ...options.connection,
      servers: options.lattice.url,
      name: `component ${options.id}`,
    });
    return new ComponentDouble(options, connection);
  }

  /** Exports an interface: ready to be called when the promise resolves. */
  async export<F extends Funcs>(
    exported: Interface<F>,
    handlers: Handlers<NoInfer<F>>,
  ): Promise<Served> {
    const served = await serve<F>(this.connection, {
      prefix: `${this.#lattice}.${this.id}`,
      interface: exported,
      handlers,
    });
    this.#served.push(served);
    return served;
  }

  /** Imports an interface from the other end of a link. Any number of imports may be open. */
  import<F extends Funcs>(
    imported: Interface<F>,
    { target, link = "default", deadlines }: ComponentClientOptions,
  ): Client<F> {
    return client<F>(this.connection, {
      prefix: `${this.#lattice}.${target}`,
      interface: imported,
      headers: { "source-id": this.id, "link-name": link },
      ...(deadlines !== undefined && { deadlines }),
    });
  }

  /** Ends calls under way without a result, and the connection. */
  async close(): Promise<void> {
    await Promise.all(this.#served.map((served) => served.close()));
    await this.connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
