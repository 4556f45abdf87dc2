import type { Secret } from "@keyturn/nats";

/** What a value is: UTF-8 text, or any bytes. Hosts tell the two apart. */
export type SecretKind = "text" | "binary";

/** A value of a secret. */
export interface SecretValue {
  readonly kind: SecretKind;
  /** For its owner to wipe. */
  readonly value: Secret;
}
