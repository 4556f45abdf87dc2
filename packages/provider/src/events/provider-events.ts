import { channel } from "node:diagnostics_channel";

/** Fields that events about one link share. */
export interface LinkEventFields {
  readonly component: string;
  readonly link: string;
  readonly direction: "source" | "target";
  /** WIT `namespace:package`. */
  readonly package: string;
}

type Level = "error" | "warn" | "info" | "debug" | "trace";

interface EventBase {
  readonly type: string;
  readonly level: Level;
  /** One sentence for people. Never a secret. */
  readonly message: string;
  /** Stable code, where there is an error. */
  readonly code?: string;
  readonly error?: unknown;
}

/** What happens in a provider, on the diagnostics channel `keyturn:provider`. */
export type ProviderEvent =
  | (EventBase & {
      readonly type: "provider-started";
      readonly providerId: string;
      readonly hostId: string;
      readonly lattice: string;
      readonly links: number;
      /** Milliseconds from the end of HostData to serving. */
      readonly ms: number;
    })
  | (EventBase & {
      readonly type: "provider-stopping";
      readonly reason: string;
    })
  | (EventBase & {
      readonly type: "provider-stopped";
      readonly reason: string;
      /** Calls that were cut off because the budget ended. */
      readonly unfinished: number;
      readonly ms: number;
    })
  | (EventBase & {
      readonly type: "provider-failed" | "provider-close-failed";
    })
  | (EventBase &
      LinkEventFields & {
        readonly type:
          | "link-up"
          | "link-changed"
          | "link-removed"
          | "link-refused"
          | "link-delete-failed"
          | "link-missed"
          | "link-unchanged"
          | "link-unknown";
      })
  | (EventBase &
      LinkEventFields & {
        readonly type: "link-failing";
        readonly attempts: number;
        readonly retryInMs: number;
      })
  | (EventBase & {
      readonly type: "config-updated" | "config-unchanged" | "config-refused";
    })
  | (EventBase & {
      readonly type: "control-message-ignored";
      /** Which control subject it came on. */
      readonly subject: string;
      /** Further ones since the last such event, not reported one by one. */
      readonly suppressed: number;
    })
  | (EventBase & { readonly type: "lattice-gap" })
  | (EventBase & {
      readonly type: "control-subscription-refused";
      readonly subject: string;
    });

/** Subscribe here for everything a provider has to say; nothing is logged by the library. */
export const providerChannel = channel("keyturn:provider");

export function publish(event: ProviderEvent): void {
  if (providerChannel.hasSubscribers) providerChannel.publish(event);
}
