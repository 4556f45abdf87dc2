export type { ControlCounters } from "./control/control-plane.js";
export { callerOf, type Caller } from "./definition/caller-of.js";
export type { ProviderExport } from "./definition/provider-export.js";
export type {
  ProviderContext,
  ProviderDefinition,
  ProviderInstance,
} from "./definition/provider-definition.js";
export {
  providerErrors,
  type ProviderErrorCode,
} from "./errors/provider-errors.js";
export {
  providerChannel,
  type LinkEventFields,
  type ProviderEvent,
} from "./events/provider-events.js";
export type { Health } from "./health/compose-health.js";
export type { LogSettings } from "./host-data/host-data.js";
export { showLink, type Link, type LinkIdentity } from "./links/link.js";
export type { LinkHandler } from "./links/link-slot.js";
export type { LinkCounters } from "./links/link-table.js";
export { exitCodes } from "./process/exit-codes.js";
export { runProvider, type HostlessOptions } from "./process/run-provider.js";
export type {
  ProviderCounters,
  RunningProvider,
  StopReason,
} from "./runtime/running-provider.js";
export { startProvider } from "./runtime/start-provider.js";
export type { Settings } from "./settings/settings.js";
