import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import type {
  Credential,
  CredentialOrigin,
} from "../credentials/credential.js";
import { signerCredential, userJwtCredential } from "../credentials/makers.js";
import { withBytes } from "../credentials/text.js";
import { KeyturnError } from "../errors/keyturn-error.js";
import { fail } from "../errors/nats-errors.js";
import type { Secret } from "../secret/secret.js";
import type { Signer } from "./signer.js";
import type { Answer, Loaded, Question } from "./signing-protocol.js";

/** A thread or process, as far as it is used here. */
interface Helper {
  post(message: unknown): void;
  keepAlive(isNeeded: boolean): void;
  end(): Promise<void>;
}

type Start = (onAnswer: (answer: Answer) => void, onEnd: () => void) => Helper;

interface Pending {
  readonly resolve: (value: Loaded | Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

const main = fileURLToPath(new URL("./signing-main.js", import.meta.url));

/**
 * Seeds in a worker thread: no code of this thread and no snapshot of its heap gets to them; a core dump
 * of the process does. Costs a tenth of a millisecond for a signature.
 */
export function workerSigner(): SigningHost {
  return new SigningHost(startWorker);
}

/**
 * Seeds in a process of their own: what can be read in this one, even by a core dump, has none. Costs about
 * a millisecond for a signature.
 */
export function childSigner(): SigningHost {
  return new SigningHost(startChild);
}

/**
 * A thread or process that keeps seeds and signs with them. It starts with the first credential, starts
 * again should it die, keeps no process alive by itself, and ends with {@link close}.
 */
export class SigningHost implements AsyncDisposable {
  readonly #start: Start;
  readonly #pending = new Map<number, Pending>();
  #helper: Helper | undefined;
  #asked = 0;
  #isClosed = false;
  /** Keys of credentials that nobody holds any more are given up there, too. */
  readonly #dropped = new FinalizationRegistry<() => void>((forget) =>
    forget(),
  );

  /** Use {@link workerSigner} or {@link childSigner}. */
  constructor(start: Start) {
    this.#start = start;
  }

  /**
   * A credential from a `.creds` text, whose seed is only where it is signed with.
   *
   * @param from path of a file, which is read there; or a secret, which passes through this thread as bytes
   * @throws KeyturnError as `credsCredential`; `CREDENTIAL_SOURCE_BROKEN` if the file cannot be read,
   *   `CREDENTIAL_SIGNER_FAILED`
   */
  async creds(
    from: string | Secret,
    origin: CredentialOrigin,
  ): Promise<Credential> {
    const where = origin.source;
    const question: Promise<unknown> =
      typeof from === "string"
        ? this.#ask({ type: "load", file: from, where })
        : withBytes(from, (bytes) => this.#ask({ type: "load", bytes, where }));
    const { jwt, signer } = (await question) as Loaded;
    if (signer === undefined)
      return userJwtCredential({ jwt, seed: undefined, origin });
    return signerCredential({ jwt, signer: this.#signer(signer), origin });
  }

  /** Ends the thread or process at once, as a crash would; the next {@link creds} starts another. */
  kill(): void {
    void this.#helper?.end();
  }

  /** Ends it. Its credentials are of no use any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const helper = this.#helper;
    this.#onEnd(helper);
    await helper?.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #signer({ key, publicKey }: { key: number; publicKey: string }): Signer {
    const helper = this.#helper;
    const forget = (): void => {
      if (this.#helper === helper)
        this.#ask({ type: "forget", key }).catch(() => undefined);
    };
    const signer: Signer = {
      publicKey,
      sign: async (nonce) => {
        if (this.#helper !== helper) throw ended();
        return (await this.#ask({ type: "sign", key, nonce })) as Uint8Array;
      },
      close: forget,
    };
    this.#dropped.register(signer, forget);
    return signer;
  }

  #ask(question: Question): Promise<Loaded | Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw ended();
      const id = this.#asked++;
      const helper = (this.#helper ??= this.#startHelper());
      this.#pending.set(id, { resolve, reject });
      helper.keepAlive(true);
      helper.post({ id, question });
    });
  }

  #startHelper(): Helper {
    const helper: Helper = this.#start(
      (answer) => this.#onAnswer(answer),
      () => this.#onEnd(helper),
    );
    return helper;
  }

  #onAnswer({ id, value, failure }: Answer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#helper?.keepAlive(false);
    if (failure === undefined) {
      pending?.resolve(value);
      return;
    }
    const { code, message, next } = failure;
    pending?.reject(new KeyturnError(code, message, next));
  }

  #onEnd(helper: Helper | undefined): void {
    if (helper === undefined || this.#helper !== helper) return;
    this.#helper = undefined;
    for (const { reject } of this.#pending.values()) reject(ended());
    this.#pending.clear();
  }
}

function ended(): Error {
  return fail(
    "CREDENTIAL_SIGNER_FAILED",
    "The signing thread or process has ended.",
    { next: "Take the credential from it again." },
  );
}

function startWorker(
  onAnswer: (answer: Answer) => void,
  onEnd: () => void,
): Helper {
  const worker = new Worker(main, { env: {}, execArgv: [], name: "signer" });
  worker.on("message", onAnswer);
  worker.on("error", onEnd);
  worker.on("exit", onEnd);
  return {
    post: (message) => worker.postMessage(message),
    keepAlive: (isNeeded) => (isNeeded ? worker.ref() : worker.unref()),
    end: async () => void (await worker.terminate()),
  };
}

function startChild(
  onAnswer: (answer: Answer) => void,
  onEnd: () => void,
): Helper {
  const child: ChildProcess = fork(main, [], {
    env: {},
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  child.on("message", (answer) => onAnswer(answer as Answer));
  child.on("error", onEnd);
  child.on("exit", onEnd);
  return {
    post: (message) => {
      if (child.connected) child.send(message as object, () => undefined);
      else onEnd();
    },
    keepAlive: (isNeeded) => {
      if (isNeeded) child.ref();
      else child.unref();
      if (isNeeded) child.channel?.ref();
      else child.channel?.unref();
    },
    end: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          resolve();
          return;
        }
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}
