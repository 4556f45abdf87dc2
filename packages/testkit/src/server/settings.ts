/** Settings as nats-server's configuration file names them. */
export type ServerSettings = Readonly<Record<string, unknown>>;

/** The server's side of TLS, as PEM text. */
export interface ServerTlsOptions {
  /** Certificate, followed by those of intermediate authorities. */
  readonly certificate: string;
  /** Private key of the certificate. */
  readonly key: string;
  /** Clients must show a certificate of this authority. Default: they need none. */
  readonly clientAuthority?: string;
  /**
   * TLS from the first byte on, before INFO. Default false. Servers before 2.10.4 do not know this
   * and do not start with it.
   */
  readonly handshakeFirst?: boolean | "auto";
}

/** How a server is started; everything not named is as `nats-server` has it. */
export interface NatsServerOptions {
  /**
   * Further top-level settings: `authorization`, `accounts`, `operator`, … What is set here wins
   * over the other options. Relative paths start in the server's temporary folder.
   */
  readonly config?: ServerSettings;
  /** Shown in INFO, and in the logs of a cluster's other members. */
  readonly name?: string;
  /** Largest payload with headers, in bytes. Default: 1 MiB. */
  readonly maxPayload?: number;
  /** Switches JetStream on, with its store in the server's temporary folder. Default false. */
  readonly jetstream?: boolean;
  /** Debug lines in the log. Default true: a test that fails wants them. */
  readonly debug?: boolean;
  readonly tls?: ServerTlsOptions;
  /** Takes WebSockets too, on a port of their own; with `tls`, if that is set. */
  readonly webSocket?: {
    /** Compresses for clients that offer it. Default false. */
    readonly compression?: boolean;
  };
  /** Whether members of a cluster tell clients of one another. Default true. */
  readonly advertise?: boolean;
  /** Makes it a member of a cluster, see `natsCluster`. */
  readonly cluster?: {
    readonly name: string;
    /** Cluster URLs of other members, or of all. */
    readonly routes: readonly string[];
    /** Default: any that is free. */
    readonly port?: number;
  };
}

/** Ports of a server; -1 before it has got them, and for what it does not listen to. */
export interface ServerPorts {
  readonly client: number;
  readonly monitor: number;
  readonly cluster: number;
  readonly webSocket: number;
}

const certificateFile = "certificate.pem";
const keyFile = "key.pem";
const authorityFile = "client-authority.pem";

/** The whole configuration of a server whose working folder is its own. */
export function serverSettings(
  options: NatsServerOptions,
  ports: ServerPorts,
  config: ServerSettings,
): ServerSettings {
  const {
    name,
    maxPayload,
    jetstream,
    debug = true,
    tls,
    webSocket,
    cluster,
  } = options;
  return {
    listen: `127.0.0.1:${ports.client}`,
    http: `127.0.0.1:${ports.monitor}`,
    ports_file_dir: ".",
    debug,
    logtime: false,
    ...(name !== undefined && { server_name: name }),
    ...(maxPayload !== undefined && { max_payload: maxPayload }),
    ...(jetstream === true && { jetstream: { store_dir: "store" } }),
    ...(tls !== undefined && { tls: tlsSettings(tls) }),
    ...(webSocket !== undefined && {
      websocket: {
        listen: `127.0.0.1:${ports.webSocket}`,
        ...(tls === undefined ? { no_tls: true } : { tls: tlsOf(tls) }),
        ...webSocket,
      },
    }),
    ...(cluster !== undefined && {
      cluster: {
        name: cluster.name,
        listen: `127.0.0.1:${ports.cluster < 0 ? (cluster.port ?? -1) : ports.cluster}`,
        routes: cluster.routes,
        no_advertise: options.advertise === false,
      },
    }),
    ...config,
  };
}

function tlsSettings(tls: ServerTlsOptions): ServerSettings {
  const { handshakeFirst } = tls;
  return {
    ...tlsOf(tls),
    ...(handshakeFirst !== undefined && { handshake_first: handshakeFirst }),
  };
}

/** What every listener with TLS knows. */
function tlsOf(tls: ServerTlsOptions): ServerSettings {
  return {
    cert_file: certificateFile,
    key_file: keyFile,
    timeout: 5,
    ...(tls.clientAuthority !== undefined && {
      ca_file: authorityFile,
      verify: true,
    }),
  };
}

/** Name and content of each file that the TLS settings speak of. */
export function tlsFiles(
  tls: ServerTlsOptions | undefined,
): readonly (readonly [string, string])[] {
  if (tls === undefined) return [];
  return [
    [certificateFile, tls.certificate],
    [keyFile, tls.key],
    ...(tls.clientAuthority === undefined
      ? []
      : [[authorityFile, tls.clientAuthority] as const]),
  ];
}
