import type { ReplyPermission } from "../credentials/replies.js";

/** What reply subjects of JetStream messages begin with. */
const jetStream = "$JS.";
/** Most requests that are remembered; the oldest are forgotten first. */
const mostOpen = 65_536;

/**
 * Requests that came on a socket and have not been answered: a server lets some users answer on the very
 * connection that got the request, and nowhere else.
 */
export class OpenReplies {
  readonly #permission: ReplyPermission;
  /** When a request came, and how often it has been answered, by its reply subject. */
  readonly #open = new Map<string, { readonly at: number; answers: number }>();

  constructor(permission: ReplyPermission) {
    this.#permission = permission;
  }

  /** Requests that may still be answered. */
  get size(): number {
    return this.#open.size;
  }

  /** A request came. */
  opened(reply: string): void {
    // Not every JetStream message is acknowledged; none must keep a socket because of an assumption.
    if (this.#permission.isAssumed && reply.startsWith(jetStream)) return;
    this.#open.set(reply, { at: performance.now(), answers: 0 });
    if (this.#open.size <= mostOpen) return;
    for (const oldest of this.#open.keys()) {
      this.#open.delete(oldest);
      return;
    }
  }

  /** Something is published: true if it is an answer to one of these. */
  answers(subject: string): boolean {
    const open = this.#open.get(subject);
    if (open === undefined) return false;
    if (++open.answers >= this.#permission.most) this.#open.delete(subject);
    return true;
  }

  /** Forgets requests whose time is over; gives the milliseconds until the last one's is. */
  expire(): number {
    const now = performance.now();
    let left = 0;
    for (const [reply, { at }] of this.#open) {
      const rest = at + this.#permission.ms - now;
      if (rest <= 0) this.#open.delete(reply);
      else left = Math.max(left, rest);
    }
    return left;
  }
}
