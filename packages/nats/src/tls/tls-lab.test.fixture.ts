import {
  makeTlsAuthority,
  natsServer,
  until,
  type NatsServer,
  type NatsServerOptions,
  type TlsCertificate,
} from "@keyturn/testkit";

import { connect, type ConnectOptions } from "../connection/connect.js";
import type { NatsEvent } from "../events/nats-events.js";
import type { LiveConnection } from "../handover/live-connection.js";
import {
  kubeletWrites,
  tempFolder,
  type TempFolder,
} from "../stores/file/file-lab.test.fixture.js";

export const authority = makeTlsAuthority();
export const ca = authority.certificate;

/** A server that demands client certificates, files with one, and a connection that uses these. */
export interface Room extends AsyncDisposable {
  readonly server: NatsServer;
  readonly folder: TempFolder;
  readonly connection: LiveConnection;
  readonly events: NatsEvent[];
  told(pattern: RegExp): Promise<NatsEvent>;
  /** Waits for a hand-over to this certificate. */
  moved(serial: string): Promise<void>;
}

export const write = (
  folder: TempFolder,
  client: TlsCertificate,
): Promise<void> =>
  kubeletWrites(folder, {
    "tls.crt": client.certificate,
    "tls.key": client.key,
    "ca.crt": ca,
  });

export const paths = (folder: TempFolder): ConnectOptions["tls"] & object => ({
  certFile: folder.at("tls.crt"),
  keyFile: folder.at("tls.key"),
  caFile: folder.at("ca.crt"),
});

export async function room(
  first: TlsCertificate,
  { tls, ...options }: NatsServerOptions = {},
  more: Partial<ConnectOptions> = {},
): Promise<Room> {
  const server = await natsServer({
    tls: { ...authority.server(), clientAuthority: ca, ...tls },
    debug: false,
    ...options,
  });
  const folder = await tempFolder();
  await write(folder, first);
  const events: NatsEvent[] = [];
  const connection = await connect({
    servers: server.webSocketUrl ?? server.url,
    onEvent: (event) => events.push(event),
    ...more,
    tls: { ...paths(folder), ...more.tls },
  });
  return {
    server,
    folder,
    connection,
    events,
    told: (pattern) =>
      until(String(pattern), 5000, () =>
        events.find(({ message }) => pattern.test(message)),
      ),
    moved: async (serial) => {
      await until("the certificate", 5000, () =>
        connection.posture().certificate?.serialNumber === serial
          ? true
          : undefined,
      );
    },
    [Symbol.asyncDispose]: async () => {
      await connection.close();
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}
