import { errorChain, isKeyturnError } from "@keyturn/nats";
import {
  showLink,
  type Health,
  type Link,
  type ProviderContext,
  type ProviderDefinition,
  type ProviderInstance,
  type Settings,
} from "@keyturn/provider";

import { sensitiveKeys } from "./config/keys.js";
import { remarks, secretRemarks, type ConfigRemark } from "./config/remarks.js";
import { ConnectionPool, type Lease } from "./connections/connection-pool.js";
import { sameConnection } from "./connections/connection-spec.js";
import { consumerExports } from "./consumer/consumer-exports.js";
import { ConsumerLink } from "./consumer/consumer-link.js";
import { PlaintextWarnings } from "./credentials/warn-plaintext.js";
import { ByteBudget } from "./delivery/byte-budget.js";
import { HandlerLink } from "./delivery/handler-link.js";
import { withContext } from "./errors/in-context.js";
import { fail, messagingErrors } from "./errors/messaging-errors.js";
import { publishEvent } from "./events/messaging-events.js";
import {
  planLink,
  type LinkPlan,
  type ProviderSettings,
} from "./links/plan-link.js";

/** Bytes of messages that may wait, of all links together. */
const waitingBytes = 256 * 1024 * 1024;
/** Remarks on one config that are told; of more, their number. */
const mostRemarks = 20;
/** How long messages that came before a link was deleted may take to be handled, in milliseconds. */
const finishMs = 10_000;

/** The messaging provider, for `runProvider` and `startProvider` of `@keyturn/provider`. */
export function messagingProvider(): ProviderDefinition {
  return {
    // As the stock provider names its lattice connection.
    name: "messaging-nats-provider",
    sensitiveConfigKeys: sensitiveKeys,
    create: (context) => new MessagingProvider(context),
  };
}

type AnyLink = HandlerLink | ConsumerLink;

class MessagingProvider implements ProviderInstance {
  readonly #context: ProviderContext;
  readonly #pool = new ConnectionPool();
  readonly #budget = new ByteBudget(waitingBytes);
  readonly #warnings = new PlaintextWarnings();
  /** Links at work, by key. */
  readonly #links = new Map<string, AnyLink>();
  /** Consumer links at work, by component and link name. */
  readonly #consumers = new Map<string, ConsumerLink>();
  /** Why consumer links do not work, by component and link name. */
  readonly #problems = new Map<string, string>();
  /** Links that are deleted and still hand over what came before. */
  readonly #finishing = new Set<HandlerLink>();
  readonly #told = new Map<string, string>();
  #settings: ProviderSettings;
  /** Why the provider's own config cannot be used. */
  #configFault: Error | undefined;

  readonly exports;

  constructor(context: ProviderContext) {
    this.#context = context;
    this.#settings = context;
    this.#configFault = providerFault(context);
    this.#tellRemarks("provider", context);
    this.exports = [
      consumerExports({
        find: (component, link) => this.#consumers.get(caller(component, link)),
        problem: (component, link) =>
          this.#problems.get(caller(component, link)),
      }),
    ];
  }

  async putLink(link: Link, signal: AbortSignal): Promise<void> {
    try {
      await this.#open(link, signal);
      this.#problems.delete(callerOfLink(link));
    } catch (error) {
      if (link.direction === "target")
        this.#problems.set(callerOfLink(link), errorChain(error));
      throw error;
    }
  }

  async changeLink(
    link: Link,
    previous: Link,
    signal: AbortSignal,
  ): Promise<void> {
    const current = this.#links.get(previous.key);
    if (current === undefined) return this.putLink(link, signal);
    const plan = this.#plan(link);
    const lease = await this.#leaseFor(current.lease, plan, signal);
    const old = current.lease;
    try {
      await current.change(plan.settings, lease);
    } catch (error) {
      if (lease.shared !== old.shared) void this.#pool.release(lease);
      throw error;
    }
    this.#tellPlan(link, plan);
    if (lease.shared !== old.shared) await this.#pool.release(old);
  }

  async deleteLink(link: Link): Promise<void> {
    this.#warnings.forget(link);
    this.#told.delete(link.key);
    this.#problems.delete(callerOfLink(link));
    const current = this.#links.get(link.key);
    this.#links.delete(link.key);
    if (current instanceof HandlerLink) {
      await current.stop();
      void this.#finish(current, finishMs);
    } else if (current !== undefined) {
      this.#consumers.delete(callerOfLink(link));
      this.#tellTotals(current);
      await this.#pool.release(current.lease);
    }
  }

  async updateConfig(settings: Settings): Promise<void> {
    const next = { ...settings, secrets: this.#settings.secrets };
    const fault = providerFault(next);
    if (fault !== undefined) throw fault;
    this.#configFault = undefined;
    this.#settings = next;
    this.#tellRemarks("provider", next);
  }

  health(): Health {
    const problems =
      this.#configFault === undefined ? [] : [this.#configFault.message];
    for (const { link, fault } of this.#links.values())
      if (fault !== undefined)
        problems.push(`${showLink(link)}: ${fault.message}`);
    return problems.length === 0
      ? { healthy: true }
      : { healthy: false, message: problems.join(" ") };
  }

  async close(budgetMs: number): Promise<void> {
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#consumers.clear();
    const handlers = links.filter((link) => link instanceof HandlerLink);
    await Promise.all(handlers.map((link) => link.stop()));
    const running = new Set([...handlers, ...this.#finishing]);
    await Promise.all([...running].map((link) => link.finish(budgetMs * 0.7)));
    for (const link of links) this.#tellTotals(link);
    await this.#pool.close();
  }

  async #open(link: Link, signal: AbortSignal): Promise<void> {
    const plan = this.#plan(link);
    const lease = await this.#pool.acquire(plan.connection, signal);
    try {
      signal.throwIfAborted();
      if (link.direction === "target") this.#openConsumer(link, plan, lease);
      else await this.#openHandler(link, plan, lease);
    } catch (error) {
      void this.#pool.release(lease);
      throw error;
    }
    this.#tellPlan(link, plan);
  }

  #openConsumer(link: Link, plan: LinkPlan, lease: Lease): void {
    const made = new ConsumerLink(link, plan.settings, lease);
    this.#links.set(link.key, made);
    this.#consumers.set(callerOfLink(link), made);
  }

  async #openHandler(link: Link, plan: LinkPlan, lease: Lease): Promise<void> {
    try {
      const made = await HandlerLink.open(
        link,
        this.#context,
        this.#budget,
        plan.settings,
        lease,
      );
      this.#links.set(link.key, made);
    } catch (error) {
      // In the stock provider's words, for refused subscriptions too: scripts may look for them.
      throw withContext("failed to connect to NATS", error);
    }
  }

  #plan(link: Link): LinkPlan {
    if (this.#configFault !== undefined) throw this.#configFault;
    return planLink(this.#settings, link);
  }

  /** The lease that a changed link needs: the one it has, moved in place if possible, or another. */
  async #leaseFor(
    lease: Lease,
    plan: LinkPlan,
    signal: AbortSignal,
  ): Promise<Lease> {
    const spec = plan.connection;
    if (sameConnection(lease.spec, spec)) {
      spec.credential.wipe();
      return lease;
    }
    return (
      (await this.#pool.move(lease, spec, signal)) ??
      (await this.#pool.acquire(spec, signal))
    );
  }

  async #finish(link: HandlerLink, ms: number): Promise<void> {
    this.#finishing.add(link);
    await link.finish(ms);
    this.#finishing.delete(link);
    this.#tellTotals(link);
    await this.#pool.release(link.lease);
  }

  #tellPlan(link: Link, plan: LinkPlan): void {
    this.#warnings.warn(link, plan.plaintext);
    this.#tellRemarks(link.key, link, link, [
      ...plan.remarks,
      ...linkRemarks(link, plan),
    ]);
  }

  /** What in config and secrets has no effect: told once, until they change. */
  #tellRemarks(
    key: string,
    { config, exposed, secrets }: ProviderSettings,
    link?: Link,
    more: readonly Remark[] = [],
  ): void {
    const owner = link === undefined ? "provider" : "link";
    const direction =
      link === undefined
        ? "provider"
        : link.direction === "source"
          ? "handler"
          : "consumer";
    const found: readonly Remark[] = [
      ...more,
      ...remarks({ place: `${owner} config`, config, exposed }, direction),
      ...secretRemarks(`${owner} secrets`, secrets),
    ];
    const digest = found.map(({ message }) => message).join("\n");
    if (this.#told.get(key) === digest) return;
    this.#told.set(key, digest);
    for (const { code, message } of bounded(found))
      publishEvent({
        type: "config-remark",
        level: "warn",
        code,
        message:
          link === undefined
            ? message
            : `The link of ${showLink(link)}: ${message}`,
        ...(link !== undefined && { component: link.peer, link: link.name }),
      });
  }

  #tellTotals(link: AnyLink): void {
    const totals = Object.entries(link.totals)
      .map(([what, count]) => `${what} ${count}`)
      .join(", ");
    const isLossy = "givenUp" in link.totals && link.totals.givenUp > 0;
    publishEvent({
      type: "link-totals",
      level: isLossy ? "warn" : "info",
      message: `The link of ${showLink(link.link)} has ended: ${totals}.`,
      component: link.link.peer,
      link: link.link.name,
    });
  }
}

interface Remark {
  readonly code: ConfigRemark["code"] | keyof typeof messagingErrors;
  readonly message: string;
}

function bounded(found: readonly Remark[]): readonly Remark[] {
  const more = found.length - mostRemarks;
  if (more <= 0) return found;
  const message = `${more} more keys have no effect. Correct their names, or remove them.`;
  return [
    ...found.slice(0, mostRemarks),
    { code: "MESSAGING_CONFIG_UNKNOWN", message },
  ];
}

/** What is odd about a link as a whole. */
function linkRemarks(link: Link, plan: LinkPlan): Remark[] {
  const found: Remark[] = [];
  const wanted = link.direction === "source" ? "handler" : "consumer";
  const isOurs =
    link.namespace === "" ||
    (`${link.namespace}:${link.package}` === "wasmcloud:messaging" &&
      (link.interfaces.length === 0 || link.interfaces.includes(wanted)));
  if (!isOurs)
    found.push({
      code: "MESSAGING_LINK_UNFIT",
      message: `It asks for ${link.namespace}:${link.package} [${link.interfaces.join(", ")}], and this provider ${wanted === "handler" ? "calls" : "has"} \`${wanted}\` of wasmcloud:messaging. ${messagingErrors.MESSAGING_LINK_UNFIT.next}`,
    });
  if (link.direction === "source" && plan.settings.subscriptions.length === 0)
    found.push({
      code: "MESSAGING_NO_SUBSCRIPTIONS",
      message: `It delivers messages and has no subscriptions. ${messagingErrors.MESSAGING_NO_SUBSCRIPTIONS.next}`,
    });
  return found;
}

const passing = new Set(["CREDENTIAL_EXPIRED", "CREDENTIAL_NOT_YET_VALID"]);

/** What is wrong with the provider's own settings: no link could be made from them. */
function providerFault(settings: ProviderSettings): Error | undefined {
  try {
    planLink(settings, undefined).connection.credential.wipe();
    return undefined;
  } catch (cause) {
    // What is only a matter of time concerns the links that use it: others have their own.
    if (isKeyturnError(cause) && passing.has(cause.code)) return undefined;
    return fail(
      "MESSAGING_PROVIDER_CONFIG_INVALID",
      `The provider's config cannot be used: ${errorChain(cause)}`,
      { cause },
    );
  }
}

/** Component and link name can hold no line break: a host refuses such names. */
function caller(component: string, link: string): string {
  return `${component}\n${link}`;
}

function callerOfLink(link: Link): string {
  return caller(link.peer, link.name);
}
