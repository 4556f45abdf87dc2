import type { LinkOptions } from "@keyturn/testkit";

import { providerId, shopId } from "./shop.js";

/** What an operator gives a link: config in the clear, secrets sealed by the host. */
export interface LinkSettings {
  readonly config: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
}

/**
 * The two links of the shop: messages in (the provider calls the component) and messages out (the
 * component calls the provider).
 */
export function bothWays({ config, secrets }: LinkSettings): LinkOptions[] {
  return [
    {
      source: providerId,
      target: shopId,
      interfaces: ["handler"],
      sourceConfig: { ...config, subscriptions: "orders.>" },
      ...(secrets !== undefined && { sourceSecrets: secrets }),
    },
    {
      source: shopId,
      target: providerId,
      interfaces: ["consumer"],
      targetConfig: config,
      ...(secrets !== undefined && { targetSecrets: secrets }),
    },
  ];
}
