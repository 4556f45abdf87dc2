import type { Msg, NatsConnection } from "@nats-io/nats-core";

import { inboxOf } from "../inbox/inbox.js";
import { Answers, noResult } from "./answers.js";
import { Intake } from "./intake.js";
import type { Fault, ResolvedServerLimits, ServerStats } from "./options.js";
import { Runner } from "./runner.js";
import type { ServedFunc } from "./server-call.js";

/** The calls to one server, from their invocation to the end of their results. */
export class Server {
  readonly #answers: Answers;
  readonly #intake: Intake;
  readonly #runner: Runner;
  #ended = false;

  constructor(
    connection: NatsConnection,
    limits: ResolvedServerLimits,
    onFault: ((fault: Fault) => unknown) | undefined,
  ) {
    const inbox = inboxOf(connection);
    inbox.listen();
    this.#answers = new Answers(connection, limits.maxHeldBytes);
    this.#runner = new Runner(this.#answers, limits, onFault);
    this.#intake = new Intake(this.#answers, inbox, limits, (call, args) => {
      this.#runner.admit(call, args);
    });
  }

  get stats(): ServerStats {
    return {
      ...this.#answers.count,
      receiving: this.#intake.size,
      waiting: this.#runner.waiting,
      running: this.#runner.running,
      heldBytes: this.#answers.heldBytes,
    };
  }

  /** A call comes in. */
  onInvocation(target: ServedFunc, message: Msg): void {
    this.#intake.onInvocation(target, message);
  }

  /** Resolves once no call is under way. */
  async idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#answers.onEnd = () => {
        const { receiving, waiting, running } = this.stats;
        if (receiving + waiting + running === 0) resolve();
      };
      this.#answers.onEnd();
    });
    this.#answers.onEnd = undefined;
  }

  /** Ends all calls without a result, once no more can come in; returns how many. */
  end(): number {
    if (this.#ended) return 0;
    this.#ended = true;
    const calls = [...this.#intake.giveUp(), ...this.#runner.giveUp()];
    for (const call of calls) {
      this.#answers.end(call, noResult);
      call.abort();
    }
    this.#answers.count.unfinished += calls.length;
    return calls.length;
  }
}
