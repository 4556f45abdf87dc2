import type { ClientTls } from "../tls/client-tls.js";

/** What the protocol needs to know from the connection it belongs to. */
export interface ProtocolHooks {
  /** Resolves when a credential may be presented; called before each dial. Never rejects. */
  readonly credentialReady: () => Promise<void>;
  /** Why no credential may be presented right now; undefined if one may. */
  readonly credentialFault: () => Error | undefined;
  /**
   * Signs a server's first INFO, if that takes time; undefined: it can be presented now. Called again
   * when it has been signed.
   */
  readonly sign: (info: Uint8Array) => Promise<void> | undefined;
  /** What to dial with now. */
  readonly clientTls: () => ClientTls | undefined;
  /** The connection stands: for the first time, or again. */
  readonly connected: () => void;
  /** The server sent an error that is no refusal of a subject. */
  readonly serverError: (error: Error) => void;
  /** A server could not be looked up or dialled, refused us, or broke off. */
  readonly dialFailed: (error: unknown) => void;
  /** Something is to be told: the server's lame duck notice. */
  readonly lameDuck: () => void;
  /** The callback of a subscription threw. */
  readonly callbackFailed: (subject: string, error: unknown) => void;
  /** What the server sends makes no sense; the connection is made anew. */
  readonly streamFault: (error: Error) => void;
  /** A private queue group was refused for a plain subscription, which is plain on the wire now. */
  readonly queueRefused: (subject: string) => void;
}
