export {
  errorFactory,
  isKeyturnError,
  KeyturnError,
  type ErrorDetails,
  type ErrorEntry,
  type ErrorTable,
} from "./errors/keyturn-error.js";
export { errorChain } from "./errors/error-chain.js";
export { natsErrors } from "./errors/nats-errors.js";
export { Secret } from "./secret/secret.js";
export {
  Credential,
  type CredentialKind,
  type CredentialOrigin,
} from "./credentials/credential.js";
export {
  credsCredential,
  nkeyCredential,
  noCredential,
  passwordCredential,
  signerCredential,
  tokenCredential,
  userJwtCredential,
} from "./credentials/makers.js";
export type { CredentialText } from "./credentials/text.js";
export {
  connect,
  defaultMaxPingOut,
  defaultPingIntervalMs,
  defaultTimeoutMs,
  type ConnectOptions,
} from "./connection/connect.js";
export {
  parseServers,
  type ServerList,
  type UrlUser,
} from "./connection/servers.js";
export {
  assertTlsUsable,
  type TlsSettings,
  type TlsSource,
} from "./tls/tls-options.js";
export type { TlsMaterial } from "./tls/client-tls.js";
export { defaultMaxControlLine } from "./handover/connect-line.js";
export {
  confirmSubscriptions,
  defaultConfirmMs,
} from "./connection/confirm.js";
export { watchConnection } from "./connection/watch.js";
export { natsChannelName, type NatsEvent } from "./events/nats-events.js";
export type { ConnectionState } from "./connection/condition.js";
export { signDeadlineMs, type Signer } from "./signers/signer.js";
export {
  childSigner,
  SigningHost,
  workerSigner,
} from "./signers/signing-host.js";
export { LiveConnection } from "./handover/live-connection.js";
export type {
  CertificatePosture,
  CredentialChange,
  HandoverReason,
  Posture,
} from "./handover/posture.js";
export { credentialChange } from "./handover/status.js";
export {
  defaultHandoverDeadlines,
  type HandoverDeadlines,
  type HandoverReport,
  type HandoverStep,
} from "./handover/report.js";
export {
  defaultJitterShare,
  defaultLeadShare,
  type RefreshOptions,
} from "./keeper/refresh-plan.js";
export {
  chain,
  ChainError,
  type CredentialPlace,
  type PlaceReason,
} from "./sources/chain.js";
export type {
  CredentialReader,
  Credentials,
  CredentialSource,
} from "./sources/credential-source.js";
export {
  PlaintextGuard,
  type CredentialsPolicy,
  type PlaintextGuardOptions,
  type PlaintextWarning,
} from "./sources/plaintext-guard.js";
export {
  defaultOutboxAgeMs,
  defaultOutboxBytes,
  type OutboxOptions,
} from "./outbox/outbox.js";
export { nearest } from "./text/nearest.js";
export {
  generateSeed,
  NkeyFault,
  publicKeyBytes,
  readPublicKey,
  signingKeyFromSeed,
  verifyingKey,
  type NkeyKind,
  type SigningKey,
} from "./credentials/nkey.js";
export { CurveKey } from "./xkey/curve-key.js";
export { curveKeyFrom, type KeptKey } from "./stores/curve-key-source.js";
export {
  credentialsFrom,
  knownSchemes,
  registerSource,
} from "./stores/registry.js";
export { parseReference, type Reference } from "./stores/reference.js";
export type {
  StoreDefinition,
  StoreLoader,
} from "./stores/store-definition.js";
export {
  credentialFrom,
  fieldsToMaterial,
  type Material,
} from "./stores/material.js";
export { readCredsBlocks, type CredsBlocks } from "./credentials/creds.js";
export { readFileSecret } from "./files/read-file.js";
