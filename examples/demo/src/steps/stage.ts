import type {
  HostDouble,
  MessagingComponent,
  NatsServer,
} from "@keyturn/testkit";
import type { NatsConnection } from "@nats-io/nats-core";

import type { Screen } from "../screen.js";

/** What the steps work with. */
export interface Stage {
  readonly screen: Screen;
  /** The server that messages come from and go to. */
  readonly backing: NatsServer;
  readonly host: HostDouble;
  /** The component. */
  readonly shop: MessagingComponent;
  /** An ordinary NATS client's connection to the backing server. */
  readonly customer: NatsConnection;
}

/** Ends the demo, and with it the exit code, when something is not as it should be. */
export function expect(
  condition: boolean,
  otherwise: string,
): asserts condition {
  if (!condition) throw new Error(otherwise);
}
