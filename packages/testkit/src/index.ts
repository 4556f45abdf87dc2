export {
  ComponentDouble,
  type ComponentClientOptions,
  type ComponentDoubleOptions,
} from "./component/component-double.js";
export {
  MessagingComponent,
  type MessagingComponentOptions,
  type ReceivedMessage,
} from "./component/messaging-component.js";
export {
  messagingConsumer,
  messagingHandler,
  type BrokerMessage,
  type HandlerResult,
} from "./component/messaging-interface.js";
export type { ControlSubjects } from "./host/control-subjects.js";
export {
  buildHostData,
  hostDataLine,
  type HostDataOptions,
} from "./host/host-data.js";
export type { HealthAnswer } from "./host/health.js";
export {
  HostDouble,
  type HostDoubleOptions,
  type ShutdownReport,
} from "./host/host-double.js";
export { makeHostKeys, type HostKeys } from "./host/host-keys.js";
export {
  linkDefinition,
  type LinkDefinition,
  type LinkOptions,
  type LinkSecrets,
} from "./host/link.js";
export type { SecretValues } from "./host/secrets.js";
export {
  findServerBinary,
  oldestServerVersion,
  searchServerBinary,
  serverCacheFolder,
  type ServerBinary,
  type ServerSearch,
} from "./server/binary.js";
export { natsCluster, type NatsCluster } from "./server/nats-cluster.js";
export { natsServer, type NatsServer } from "./server/nats-server.js";
export type {
  NatsServerOptions,
  ServerSettings,
  ServerTlsOptions,
} from "./server/settings.js";
export type { TestAccount } from "./operator/account.js";
export {
  badCredentials,
  type CredentialFault,
} from "./operator/bad-credentials.js";
export {
  makeOperator,
  type AccountResolver,
  type TestOperator,
} from "./operator/operator.js";
export { claimsOf, signedJwt, type JwtClaims } from "./operator/signed-jwt.js";
export { credsText, type TestUser, type UserOptions } from "./operator/user.js";
export { BoundedLog } from "./process/bounded-log.js";
export {
  ManagedChild,
  type ChildEnd,
  type ManagedChildOptions,
} from "./process/managed-child.js";
export { isRunning } from "./process/is-running.js";
export { until } from "./wait/until.js";
export { tortureFaults, type TortureFault } from "./torture/faults.js";
export {
  rotateUnderTraffic,
  type RotateOptions,
} from "./torture/rotate-under-traffic.js";
export {
  rotationTorture,
  type Rotatable,
  type TortureOptions,
} from "./torture/rotation-torture.js";
export { Site, type TortureSite } from "./torture/site.js";
export type { MessageFault, StreamReport } from "./torture/stream-report.js";
export type { Step } from "./torture/timeline.js";
export type {
  FaultReport,
  RequestReport,
  TortureReport,
} from "./torture/torture-report.js";
export type { TortureRates } from "./torture/traffic.js";
export {
  makeTlsAuthority,
  type CertificateOptions,
  TlsAuthority,
  type TlsCertificate,
} from "./tls/tls-authority.js";
export {
  tcpFaultProxy,
  type Direction,
  type TcpFaultProxy,
  type TcpFaultProxyOptions,
} from "./proxy/tcp-fault-proxy.js";
export {
  CanaryScanner,
  type Finding,
  type ScanSources,
} from "./canary/canary-scanner.js";
