import type { ConnectionState } from "../connection/condition.js";
import type { HandoverReport } from "./report.js";

/** What may be known of a client certificate. */
export interface CertificatePosture {
  readonly subject: string;
  readonly serialNumber: string | undefined;
  readonly source: string;
  /** When the first of it and its intermediate certificates ends. */
  readonly expiresAt: Date | undefined;
}

/** What an operator may know of a connection and its credential; never a secret. */
export interface Posture {
  readonly state: ConnectionState;
  /** What is not as it should be, and what to do about it; undefined while all is well. */
  readonly lastError: Error | undefined;
  readonly kind: string;
  /** Where the credential came from, as its maker named it. */
  readonly source: string;
  /** Which version of the value it was there, if the source tells them apart. */
  readonly version: string | undefined;
  /** Whether the secret lay in plain text at its source. */
  readonly plaintext: boolean;
  /** The subject's public key (`U…`). */
  readonly publicKey: string | undefined;
  /** The account's public key (`A…`). */
  readonly account: string | undefined;
  readonly expiresAt: Date | undefined;
  /** The client certificate that the present connection was made with; undefined without one. */
  readonly certificate: CertificatePosture | undefined;
  readonly lastRefresh: Date | undefined;
  readonly nextRefresh: Date | undefined;
  /** By how much the servers' clock is ahead of this machine's, as far as it has shown; milliseconds. */
  readonly clockAheadMs: number;
  /** Hand-overs since the connection was made. */
  readonly handovers: number;
  readonly lastHandover: HandoverReport | undefined;
  readonly outbox: {
    readonly messages: number;
    readonly bytes: number;
    readonly dropped: number;
  };
}

/** What went wrong on a connection, apart from its credential. */
export type ConnectionFault =
  | {
      readonly type: "callbackFailed";
      readonly subject: string;
      readonly error: unknown;
    }
  | { readonly type: "streamFault"; readonly error: Error };

/** What a hand-over is for: what is another one after it. */
export type HandoverReason = "credential" | "certificate" | "server";

/** What happened to a connection's credential, or client certificate. */
export type CredentialChange =
  | { readonly type: "connected" }
  | {
      /** The source gave another credential. */
      readonly type: "refreshed";
      readonly publicKey: string | undefined;
      readonly source: string;
    }
  | {
      /** Nothing may be presented now: the connection is down until the source gives something. */
      readonly type: "waiting";
      readonly error: Error;
    }
  | {
      readonly type: "handedOver";
      /** What is another one now. */
      readonly of: HandoverReason;
      readonly report: HandoverReport;
      readonly publicKey: string | undefined;
      /** Name and source of the certificates in use; undefined without any. */
      readonly certificate: string | undefined;
    }
  | {
      readonly type: "handoverFailed";
      readonly error: unknown;
      /** Whether the same was told the last time. */
      readonly isRepeat: boolean;
    }
  | {
      readonly type: "reconnectedInstead";
      readonly gapMs: number;
      readonly cause: unknown;
    }
  | {
      readonly type: "refreshFailed";
      readonly error: unknown;
      readonly retryInMs: number;
      /** Whether the last one failed in the same words: a store may be down for long. */
      readonly isRepeat: boolean;
    }
  | {
      /** Other certificates have come: the client's, or those of authorities. */
      readonly type: "certificateCame";
      /** Their subject and source. */
      readonly name: string;
    }
  | {
      /** Certificates could not be read again; the present ones stay. */
      readonly type: "certificateFailed";
      readonly error: unknown;
      /** Whether the same was told the last time. */
      readonly isRepeat: boolean;
    }
  | {
      /** The client certificate is about to expire, or has; `error` says which. */
      readonly type: "certificateExpiry";
      readonly error: Error;
    }
  | {
      readonly type: "dialFailed";
      readonly error: unknown;
      /** Whether the server refused the credential. */
      readonly isRefusal: boolean;
    }
  | { readonly type: "queueRefused"; readonly subject: string }
  | {
      readonly type: "outboxDropped";
      readonly count: number;
      readonly why: string;
    };
