import { errorChain } from "@keyturn/nats";

import { errorCode } from "../errors/error-code.js";
import {
  publish,
  type LinkEventFields,
  type ProviderEvent,
} from "../events/provider-events.js";
import { showLink, type LinkIdentity } from "./link.js";

/** What is told of a link and needs no field of its own. */
export type LinkEventType = Exclude<
  Extract<ProviderEvent, LinkEventFields>["type"],
  "link-failing"
>;

/** Tells that something has become of a link: `what` completes "The link of … ". */
export function tellLink(
  link: LinkIdentity,
  type: LinkEventType,
  level: ProviderEvent["level"],
  what: string,
  error?: unknown,
): void {
  publish({ type, ...body(link, level, what, error) });
}

/** Tells that an attempt failed, and when the next one is. */
export function tellLinkFailing(
  link: LinkIdentity,
  level: ProviderEvent["level"],
  error: unknown,
  attempts: number,
  retryInMs: number,
): void {
  publish({
    type: "link-failing",
    ...body(link, level, "failed", error),
    attempts,
    retryInMs,
  });
}

function body(
  link: LinkIdentity,
  level: ProviderEvent["level"],
  what: string,
  error: unknown,
) {
  const reason = error === undefined ? "." : `: ${errorChain(error)}`;
  return {
    level,
    message: `The link of ${showLink(link)} ${what}${reason}`,
    ...(error === undefined ? {} : { error, ...errorCode(error) }),
    component: link.peer,
    link: link.name,
    direction: link.direction,
    package: `${link.namespace}:${link.package}`,
  };
}
