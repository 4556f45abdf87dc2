import { createCurve, createServer, type KeyPair } from "@nats-io/nkeys";

/** Identities of one host process and of one provider that it has started. */
export interface HostKeys {
  /** `N…` */
  readonly hostId: string;
  /** Curve key of the host, new for every host process. */
  readonly host: KeyPair;
  /** Curve key of the provider, new for every start command and kept when the process restarts. */
  readonly provider: KeyPair;
}

export function makeHostKeys(): HostKeys {
  return {
    hostId: createServer().getPublicKey(),
    host: createCurve(),
    provider: createCurve(),
  };
}
