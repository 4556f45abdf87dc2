import { showLink } from "../links/link.js";
import type { LinkProblem } from "../links/link-slot.js";

/** The answer to the host's health request. */
export interface Health {
  readonly healthy: boolean;
  /** What is wrong; absent when healthy, unless the provider has something to say. */
  readonly message?: string;
}

/** What health is made of. */
export interface HealthParts {
  /** Set until the provider serves, and while it stops. */
  readonly phase?: string | undefined;
  /** Why control messages do not reach the provider. */
  readonly control?: string | undefined;
  readonly links: readonly LinkProblem[];
  /** Why the last provider config was refused. */
  readonly config?: string | undefined;
  readonly instance?: Health | undefined;
}

const maxLinksShown = 5;
/** Room for what is wrong and for the command that puts it right. */
const maxReasonLength = 800;
const maxLength = 4_096;

/**
 * One answer from all parts: healthy if every part is. The message names each link that is not
 * well with its component and the reason; it is bounded, as it goes into events and screens.
 */
export function composeHealth(parts: HealthParts): Health {
  const problems: string[] = [];
  if (parts.phase !== undefined) problems.push(parts.phase);
  if (parts.control !== undefined) problems.push(parts.control);
  for (const link of parts.links.slice(0, maxLinksShown))
    problems.push(linkProblem(link));
  const more = parts.links.length - maxLinksShown;
  if (more > 0) problems.push(`${more} more links are not well.`);
  if (parts.config !== undefined)
    problems.push(`provider config: ${clip(parts.config, maxReasonLength)}`);
  const { instance } = parts;
  if (instance?.healthy === false)
    problems.push(
      clip(instance.message ?? "The provider is not well.", maxReasonLength),
    );
  if (problems.length > 0)
    return { healthy: false, message: clip(problems.join(" "), maxLength) };
  return instance?.message === undefined
    ? { healthy: true }
    : { healthy: true, message: clip(instance.message, maxLength) };
}

function linkProblem(link: LinkProblem): string {
  const name = showLink(link);
  const reason = clip(link.reason, maxReasonLength);
  return reason.includes(name) ? reason : `${name}: ${reason}`;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
