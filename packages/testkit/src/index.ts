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
export { until } from "./wait/until.js";
export { Ledger, type Fault, type StreamReport } from "./torture/ledger.js";
export {
  rotationTorture,
  type RequestReport,
  type TortureOptions,
  type TortureReport,
} from "./torture/rotation-torture.js";
