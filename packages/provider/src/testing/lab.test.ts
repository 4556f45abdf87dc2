// What the tests against a real lattice share: a server, a host, and a provider in this process.
import {
  HostDouble,
  natsServer,
  type HostDoubleOptions,
  type NatsServer,
} from "@keyturn/testkit";
import { client, implement, type Call, type Client } from "@keyturn/wrpc";

import type {
  ProviderContext,
  ProviderDefinition,
  ProviderInstance,
} from "../definition/provider-definition.js";
import {
  providerChannel,
  type ProviderEvent,
} from "../events/provider-events.js";
import type { RunningProvider } from "../runtime/running-provider.js";
import { startProvider } from "../runtime/start-provider.js";
import { lab } from "./lab-interface.test.fixture.js";
import { ScriptedHandler } from "./scripted-handler.test.fixture.js";

export { lab };

export interface LabOptions {
  readonly server?: NatsServer;
  readonly host?: Partial<HostDoubleOptions>;
  /** Links are made at once. Default true; else the test ends each operation itself. */
  readonly obedient?: boolean;
  readonly change?: boolean;
  readonly ask?: (question: string, call: Call) => Promise<string>;
  readonly instance?: Partial<ProviderInstance>;
  readonly definition?: Partial<ProviderDefinition>;
  /** Do not wait for the start. */
  readonly starting?: boolean;
}

/** A provider on a lattice of its own. */
export class Lab implements AsyncDisposable {
  readonly server: NatsServer;
  readonly host: HostDouble;
  readonly handler: ScriptedHandler;
  readonly events: ProviderEvent[] = [];
  readonly #options: LabOptions;
  readonly #onEvent = (event: unknown): void => {
    this.events.push(event as ProviderEvent);
  };
  started: Promise<RunningProvider> = Promise.reject(new Error("not yet"));
  #context: ProviderContext | undefined;

  private constructor(
    server: NatsServer,
    host: HostDouble,
    options: LabOptions,
  ) {
    this.server = server;
    this.host = host;
    this.#options = options;
    this.handler = new ScriptedHandler({
      change: options.change ?? true,
      obedient: options.obedient ?? true,
    });
    this.started.catch(() => undefined);
    providerChannel.subscribe(this.#onEvent);
  }

  static async start(options: LabOptions = {}): Promise<Lab> {
    const server = options.server ?? (await natsServer());
    const host = await HostDouble.start({ lattice: server, ...options.host });
    const made = new Lab(server, host, options);
    made.started = startProvider(made.#definition(), host.hostDataBytes());
    made.started.catch(() => undefined);
    if (options.starting !== true)
      await made.started.catch(async (error: unknown) => {
        await made[Symbol.asyncDispose]();
        throw error;
      });
    return made;
  }

  get context(): ProviderContext {
    if (this.#context === undefined) throw new Error("not created yet");
    return this.#context;
  }

  /** The lab's interface, called as a component calls it. */
  component(
    id: string,
    headers: Record<string, string> = {},
  ): Client<typeof lab.funcs> {
    return client(this.host.connection, {
      prefix: "default.provider",
      interface: lab,
      headers: { "source-id": id, "link-name": "default", ...headers },
    });
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  event<T extends ProviderEvent["type"]>(
    type: T,
  ): (ProviderEvent & { readonly type: T }) | undefined {
    return this.events.find(
      (event): event is ProviderEvent & { readonly type: T } =>
        event.type === type,
    );
  }

  #definition(): ProviderDefinition {
    const { ask, instance } = this.#options;
    return {
      name: "lab",
      create: (context) => {
        this.#context = context;
        const { handler } = this;
        return {
          exports: [
            implement(lab, {
              ask: async (question, call) => ({
                tag: "ok",
                val: await (ask ?? (async () => question))(question, call),
              }),
            }),
          ],
          putLink: (link, signal) => handler.putLink(link, signal),
          ...(handler.changeLink === undefined
            ? {}
            : { changeLink: handler.changeLink }),
          deleteLink: (link) => handler.deleteLink(link),
          close: async () => {},
          ...instance,
        };
      },
      ...this.#options.definition,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const operation of this.handler.operations) operation.succeed();
    await this.started.then(
      (provider) => provider.stop(),
      () => undefined,
    );
    await this.host.close();
    if (this.#options.server === undefined) await this.server.stop();
    providerChannel.unsubscribe(this.#onEvent);
  }
}
