import {
  HostDouble,
  MessagingComponent,
  natsServer,
  type LinkOptions,
  type NatsServer,
} from "@keyturn/testkit";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";

export const providerId = "messaging";

/** A provider in a process of its own, with a component and a client that both live here. */
export class Room implements AsyncDisposable {
  readonly lattice: NatsServer;
  readonly backing: NatsServer;
  readonly host: HostDouble;
  readonly component: MessagingComponent;
  readonly client: NatsConnection;
  /** What the component does with a message. */
  handle: (text: string, replyTo: string | undefined) => Promise<void> | void =
    () => undefined;

  private constructor(
    lattice: NatsServer,
    backing: NatsServer,
    host: HostDouble,
    component: MessagingComponent,
    client: NatsConnection,
  ) {
    this.lattice = lattice;
    this.backing = backing;
    this.host = host;
    this.component = component;
    this.client = client;
  }

  static async open(
    program: string,
    config: Readonly<Record<string, string>> = {},
  ): Promise<Room> {
    const lattice = await natsServer();
    const backing = await natsServer();
    let room: Room | undefined;
    const component = await MessagingComponent.start({
      lattice,
      id: "shop",
      provider: providerId,
      handle: ({ text, replyTo }) => room?.handle(text, replyTo),
    });
    const host = await HostDouble.start({
      lattice,
      provider: [process.execPath, program],
      providerId,
      links: links(backing, config),
    });
    const client = await connect({ servers: backing.url });
    room = new Room(lattice, backing, host, component, client);
    await host.waitHealthy();
    return room;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.component.close();
    await this.host.close();
    await this.backing.stop();
    await this.lattice.stop();
  }
}

export function links(
  backing: { readonly url: string },
  config: Readonly<Record<string, string>> = {},
): LinkOptions[] {
  const cluster_uris = backing.url;
  return [
    {
      source: providerId,
      target: "shop",
      interfaces: ["handler"],
      sourceConfig: { cluster_uris, subscriptions: "in.>", ...config },
    },
    {
      source: "shop",
      target: providerId,
      interfaces: ["consumer"],
      targetConfig: { cluster_uris },
    },
  ];
}
