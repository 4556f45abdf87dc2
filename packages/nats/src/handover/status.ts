import type { CredentialChange } from "./posture.js";

const types: ReadonlySet<string> = new Set<CredentialChange["type"]>([
  "refreshed",
  "refreshFailed",
  "handedOver",
  "handoverFailed",
  "reconnectedInstead",
  "waiting",
  "dialFailed",
  "queueRefused",
  "outboxDropped",
  "certificateCame",
  "certificateFailed",
  "certificateExpiry",
]);

/**
 * What a status of a connection tells of its credential; undefined if it is one of nats.js' own, whose type
 * knows of no others.
 */
export function credentialChange(status: {
  readonly type: string;
}): CredentialChange | undefined {
  return types.has(status.type) ? (status as CredentialChange) : undefined;
}
