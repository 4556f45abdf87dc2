/** What can be changed over NATS, besides what hosts read. */
export const operations = [
  "put_secret",
  "add_mapping",
  "remove_mapping",
] as const;
export type Operation = (typeof operations)[number];

/** Lets some entities read some keys. */
export interface Rule {
  /** As the audit log names it. */
  readonly name: string;
  /** Public keys `M…` and `V…`; `mapped`: whoever has the key in its mapping. */
  readonly entities: ReadonlySet<string> | "mapped";
  /** Whether a key is one of this rule. */
  readonly matches: (key: string) => boolean;
}

/** Who asks, and for what. */
export interface AccessRequest {
  /** Public key of the component or provider. */
  readonly entity: string;
  /** Public key of the account that signed its token. */
  readonly issuer: string;
  /** Public key that the host calls itself. */
  readonly host: string;
  readonly key: string;
}

/** Whether access is given, and why. */
export interface Decision {
  readonly allowed: boolean;
  /** Name of the rule that gives it, or what is missing. */
  readonly reason: string;
}

/** Who may read what. What no rule gives is denied. */
export class Policy {
  readonly #issuers: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string> | "any";
  readonly #rules: readonly Rule[];
  readonly #operations: ReadonlySet<string>;

  constructor(parts: {
    readonly issuers: readonly string[];
    readonly hosts: readonly string[] | "any";
    readonly rules: readonly Rule[];
    readonly operations: readonly Operation[];
  }) {
    this.#issuers = new Set(parts.issuers);
    this.#hosts = parts.hosts === "any" ? "any" : new Set(parts.hosts);
    this.#rules = parts.rules;
    this.#operations = new Set(parts.operations);
  }

  /**
   * Decides on a request.
   *
   * @param isMapped asks whether the mapping of the entity has the key; only asked if it matters
   */
  async decide(
    request: AccessRequest,
    isMapped: () => Promise<boolean>,
  ): Promise<Decision> {
    const { entity, issuer, host, key } = request;
    if (!this.#issuers.has(issuer)) return denied("issuer is not pinned");
    if (this.#hosts !== "any" && !this.#hosts.has(host))
      return denied("host is not pinned");
    const matching = this.#rules.filter(({ matches }) => matches(key));
    for (const { name, entities } of matching)
      if (entities !== "mapped" && entities.has(entity))
        return { allowed: true, reason: name };
    const mapped = matching.find(({ entities }) => entities === "mapped");
    if (mapped === undefined) return denied("no rule gives it");
    return (await isMapped())
      ? { allowed: true, reason: mapped.name }
      : denied("no rule gives it, and it is not mapped");
  }

  /** Whether secrets and mappings may be changed over NATS by whoever may publish there. */
  permits(operation: string): boolean {
    return this.#operations.has(operation);
  }
}

function denied(reason: string): Decision {
  return { allowed: false, reason };
}
