import { errorChain } from "@keyturn/nats";

import { errorCode } from "../errors/error-code.js";
import { fail } from "../errors/provider-errors.js";
import { publish } from "../events/provider-events.js";
import {
  sameSettings,
  wipeSecrets,
  type Settings,
} from "../settings/settings.js";

/** The provider's own way to take changed config; undefined if it has none. */
export type ApplyConfig = ((settings: Settings) => Promise<void>) | undefined;

/**
 * The provider's config. A host sends it whole, once more right after the start, and once per copy
 * of the provider: so what is equal is ignored, changes are applied one after another, and of
 * those that wait only the newest.
 */
export class ConfigState {
  #applied: Settings;
  #next: Settings | undefined;
  #problem: unknown;
  #begun: { readonly apply: ApplyConfig } | undefined;
  #working = false;

  constructor(initial: Settings) {
    this.#applied = initial;
  }

  /** Why the last change is not in force. */
  get problem(): string | undefined {
    return this.#problem === undefined ? undefined : errorChain(this.#problem);
  }

  update(settings: Settings): void {
    if (this.#next !== undefined) wipeSecrets(this.#next.exposed);
    this.#next = settings;
    void this.#work();
  }

  /** From now on changes are applied; what came before is applied now. */
  begin(apply: ApplyConfig): void {
    this.#begun = { apply };
    void this.#work();
  }

  /** Wipes all secrets. Only after the provider's code is done with them. */
  wipe(): void {
    wipeSecrets(this.#applied.exposed);
    if (this.#next !== undefined) wipeSecrets(this.#next.exposed);
    this.#next = undefined;
    this.#begun = undefined;
  }

  async #work(): Promise<void> {
    if (this.#working || this.#begun === undefined) return;
    this.#working = true;
    const { apply } = this.#begun;
    let settings: Settings | undefined;
    while ((settings = this.#next) !== undefined) {
      this.#next = undefined;
      if (sameSettings(settings, this.#applied)) this.#unchanged(settings);
      else await this.#change(settings, apply);
    }
    this.#working = false;
  }

  #unchanged(settings: Settings): void {
    this.#problem = undefined;
    wipeSecrets(settings.exposed);
    publish({
      type: "config-unchanged",
      level: "debug",
      message: "The provider config came again unchanged.",
    });
  }

  async #change(settings: Settings, apply: ApplyConfig): Promise<void> {
    try {
      await apply?.(settings);
    } catch (cause) {
      wipeSecrets(settings.exposed);
      const error = fail(
        "PROVIDER_CONFIG_FAILED",
        `The changed provider config was refused: ${errorChain(cause)}`,
        { cause },
      );
      this.#problem = error;
      publish({
        type: "config-refused",
        level: "error",
        message: error.message,
        error,
        ...errorCode(error),
      });
      return;
    }
    this.#problem = undefined;
    wipeSecrets(this.#applied.exposed);
    this.#applied = settings;
    publish({
      type: "config-updated",
      level: "info",
      message:
        apply === undefined
          ? "The provider config changed; it takes effect at the next start."
          : "The provider config changed and is in force.",
    });
  }
}
