import type { LinkOptions } from "@keyturn/testkit";

/** A provider that takes part. */
export interface Contender {
  /** Short, as in a column's head. */
  readonly name: string;
  /** What it is, with its version. */
  readonly what: string;
  readonly command: readonly [string, ...string[]];
  /** Ends by itself when asked to, and is given the time: a profile is written at the end. */
  readonly isProfiled?: boolean;
}

export const providerId = "messaging";
export const componentId = "shop";

/** One link each way for the component that the driver plays. */
export function linksTo(backing: { readonly url: string }): LinkOptions[] {
  return [
    handlerLink(backing, componentId, "in.>"),
    {
      source: componentId,
      target: providerId,
      interfaces: ["consumer"],
      targetConfig: { cluster_uris: backing.url },
    },
  ];
}

export function handlerLink(
  backing: { readonly url: string },
  target: string,
  subscriptions: string,
): LinkOptions {
  return {
    source: providerId,
    target,
    interfaces: ["handler"],
    sourceConfig: { cluster_uris: backing.url, subscriptions },
  };
}
