import type { Link } from "../links/link.js";
import type { LinkHandler } from "../links/link-slot.js";

/** One operation that the SDK asked of a {@link ScriptedHandler}. */
export interface Operation {
  readonly name: "put" | "change" | "delete";
  readonly link: Link;
  readonly previous?: Link;
  readonly signal?: AbortSignal;
  succeed(): void;
  fail(error: Error): void;
}

/**
 * A link handler whose operations end when the test says so, not even by their signal; or at once,
 * if it is `obedient`.
 */
export class ScriptedHandler implements LinkHandler {
  readonly operations: Operation[] = [];
  declare changeLink?: NonNullable<LinkHandler["changeLink"]>;

  readonly #obedient: boolean;

  constructor(options: {
    readonly change: boolean;
    readonly obedient?: boolean;
  }) {
    this.#obedient = options.obedient ?? false;
    if (options.change)
      this.changeLink = (link, previous, signal) =>
        this.#begin({ name: "change", link, previous, signal });
  }

  putLink(link: Link, signal: AbortSignal): Promise<void> {
    return this.#begin({ name: "put", link, signal });
  }

  deleteLink(link: Link): Promise<void> {
    return this.#begin({ name: "delete", link });
  }

  /** `put a`, `change a`, …: what was begun, with the config value `v`. */
  get log(): string[] {
    return this.operations.map(
      ({ name, link }) => `${name} ${link.config["v"] ?? ""}`,
    );
  }

  /** The operation begun last. */
  get last(): Operation {
    const last = this.operations.at(-1);
    if (last === undefined) throw new Error("nothing was begun");
    return last;
  }

  #begin(begun: Omit<Operation, "succeed" | "fail">): Promise<void> {
    return new Promise((resolve, reject) => {
      this.operations.push({ ...begun, succeed: resolve, fail: reject });
      if (this.#obedient) resolve();
    });
  }
}
