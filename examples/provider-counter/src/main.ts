#!/usr/bin/env node
import {
  callerOf,
  providerChannel,
  runProvider,
  type Link,
  type ProviderInstance,
} from "@keyturn/provider";
import { implement } from "@keyturn/wrpc";

import { counter } from "./counter-interface.js";

/** Counts for each linked component, in memory. The link's config has the `step` (default 1). */
class Counter implements ProviderInstance {
  readonly #steps = new Map<string, bigint>();
  readonly #counts = new Map<string, bigint>();

  readonly exports = [
    implement(counter, {
      increment: (key, call) => {
        const { component, link } = callerOf(call);
        const step = this.#steps.get(`${component}/${link}`);
        if (step === undefined)
          return {
            tag: "err",
            val: `component ${component} has no link named ${link} to this provider`,
          };
        const id = `${component}/${link}/${key}`;
        const count = (this.#counts.get(id) ?? 0n) + step;
        this.#counts.set(id, count);
        return { tag: "ok", val: count };
      },
    }),
  ];

  async putLink(link: Link): Promise<void> {
    const step = link.config["step"] ?? "1";
    // What is thrown here shows in the provider's health, and the link is tried again.
    if (!/^[1-9]\d{0,8}$/.test(step))
      throw new Error(
        "`step` is not a positive number. Correct the link's config.",
      );
    this.#steps.set(`${link.peer}/${link.name}`, BigInt(step));
  }

  changeLink(link: Link): Promise<void> {
    return this.putLink(link);
  }

  async deleteLink(link: Link): Promise<void> {
    this.#steps.delete(`${link.peer}/${link.name}`);
  }

  async close(): Promise<void> {
    this.#counts.clear();
  }
}

providerChannel.subscribe((event) => {
  const { level, message } = event as { level: string; message: string };
  process.stderr.write(`${level.toUpperCase().padEnd(5)} ${message}\n`);
});

await runProvider({ name: "counter", create: () => new Counter() });
