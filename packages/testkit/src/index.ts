export {
  findServerBinary,
  serverCacheFolder,
  type ServerBinary,
} from "./server/binary.js";
export {
  natsServer,
  type NatsServer,
  type NatsServerOptions,
} from "./server/nats-server.js";
export {
  makeOperator,
  type TestAccount,
  type TestOperator,
  type TestUser,
  type UserOptions,
} from "./operator/operator.js";
export { until } from "./wait/until.js";
