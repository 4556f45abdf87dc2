export { configKeys, type ConfigKey, type KeyEntry } from "./config/keys.js";
export { messagingErrors } from "./errors/messaging-errors.js";
export {
  messagesChannelName,
  messagingChannelName,
  type MessagingEvent,
} from "./events/messaging-events.js";
export {
  brokerMessage,
  messagingConsumer,
  messagingHandler,
  type BrokerMessage,
} from "./interface/messaging.js";
export { messagingProvider } from "./messaging-provider.js";

/** The executable in one file, a script for Node.js: what provider archives are made of. */
export const providerScript: URL = new URL(
  "./bundle/keyturn-messaging.cjs",
  import.meta.url,
);
export { version } from "./version.js";
