import type { Socket } from "node:net";

/** What happens to bytes on their way; changed while they flow. */
export interface PipeConditions {
  /** Nothing passes; senders fill their buffers, then wait. */
  readonly paused: boolean;
  /** Everything is taken and nothing arrives. */
  readonly swallowing: boolean;
  /** Milliseconds on the way. */
  readonly delayMs: number;
  /** Infinity: no limit. */
  readonly bytesPerSecond: number;
}

/** Who hears of the bytes of a pipe. */
export interface PipeObserver {
  /** Bytes come in: gives how many may pass before the connection breaks; all of them usually. */
  readonly take: (chunk: Buffer) => number;
  /** The last byte that may pass has been handed over. */
  readonly broken: () => void;
}

/** Bytes that wait, in milliseconds of `performance.now()`. */
interface Waiting {
  readonly due: number;
  /** undefined: the end of the stream. */
  readonly chunk: Buffer | undefined;
}

const maxWaiting = 4 * 1024 * 1024;

/** One direction of one connection. Order is kept whatever the conditions are. */
export class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #conditions: () => PipeConditions;
  readonly #observer: PipeObserver;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** When the line is free again, if it is a slow one. */
  #free = 0;
  #timer: NodeJS.Timeout | undefined;
  #blocked = false;
  #broken = false;

  constructor(
    from: Socket,
    to: Socket,
    conditions: () => PipeConditions,
    observer: PipeObserver,
  ) {
    this.#from = from;
    this.#to = to;
    this.#conditions = conditions;
    this.#observer = observer;
    from.on("data", (chunk) => this.#onData(chunk as Buffer));
    from.on("end", () => this.#queue(undefined));
    to.on("drain", () => {
      this.#blocked = false;
      this.run();
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#broken) return;
    const passing = this.#observer.take(chunk);
    if (this.#conditions().swallowing) return;
    this.#queue(chunk.subarray(0, passing));
    if (passing === chunk.length) return;
    this.#broken = true;
    this.#from.pause();
    this.#queue(undefined);
  }

  #queue(chunk: Buffer | undefined): void {
    const { delayMs, bytesPerSecond } = this.#conditions();
    const size = chunk?.length ?? 0;
    const start = Math.max(performance.now(), this.#free);
    this.#free = start + (size / bytesPerSecond) * 1000;
    this.#waiting.push({ due: this.#free + delayMs, chunk });
    this.#waitingBytes += size;
    this.run();
  }

  /** Lets pass what may pass now. To be called when conditions have changed. */
  run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#blocked && !this.#conditions().paused) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.run(), Math.ceil(wait));
        break;
      }
      this.#waiting.shift();
      this.#pass(next.chunk);
    }
    if (this.#broken) return;
    if (this.#waitingBytes > maxWaiting || this.#conditions().paused)
      this.#from.pause();
    else this.#from.resume();
  }

  #pass(chunk: Buffer | undefined): void {
    if (this.#to.destroyed || this.#to.writableEnded) return;
    if (chunk !== undefined) {
      this.#waitingBytes -= chunk.length;
      this.#blocked = !this.#to.write(chunk);
    } else if (this.#broken) this.#to.end(() => this.#observer.broken());
    else this.#to.end();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
    this.#broken = true;
  }
}
