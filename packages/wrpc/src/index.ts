export { client, clientStats } from "./client/client.js";
export {
  defaultCallMs,
  defaultHandshakeMs,
  defaultMaxOutstanding,
  type CallOptions,
  type Client,
  type ClientDeadlines,
  type ClientLimits,
  type ClientOptions,
  type ClientStats,
} from "./client/options.js";
export {
  WrpcError,
  type ErrorEntry,
  type ErrorTable,
} from "./errors/wrpc-error.js";
export {
  isWrpcError,
  wrpcErrors,
  type WrpcErrorCode,
} from "./errors/wrpc-errors.js";
export { wrpcEventChannel, type WrpcEvent } from "./events/wrpc-events.js";
export { inboxStats, type InboxStats } from "./inbox/inbox.js";
export {
  func,
  wrpcInterface,
  type Func,
  type Funcs,
  type Interface,
  type ParamsOf,
  type ResultOf,
} from "./interface/wrpc-interface.js";
export {
  defaultMaxHeldBytes,
  defaultMaxReceiving,
  defaultMaxRunning,
  defaultMaxWaiting,
  defaultParamsMs,
  implement,
  type Call,
  type Fault,
  type Handler,
  type Handlers,
  type Implementation,
  type Served,
  type ServeOptions,
  type ServerLimits,
  type ServerStats,
} from "./server/options.js";
export { serve } from "./server/serve.js";
export { isValidHeader, type HeaderValues } from "./wire/headers.js";
