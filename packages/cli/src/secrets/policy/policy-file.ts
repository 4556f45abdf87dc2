import { readFileSync, statSync } from "node:fs";

import { isKeyturnError } from "@keyturn/nats";
import { JsonError } from "@keyturn/nats/json";

import { fail } from "../../errors/cli-errors.js";
import type { Policy } from "./policy.js";
import { readPolicy } from "./read-policy.js";

const longestFile = 1024 * 1024;
const defaultPollMs = 2000;

/** Told of the file while it is in use. */
export interface PolicyFileListener {
  changed(): void;
  /** What is there cannot be used; the policy before it stays in force. */
  refused(error: unknown): void;
}

/**
 * A policy that follows its file. The file is read again and again rather than watched: that sees every
 * way in which files change, mounted ones too.
 */
export class PolicyFile implements Disposable {
  readonly #path: string;
  readonly #listener: PolicyFileListener;
  readonly #timer: NodeJS.Timeout;
  #seen: string;
  #policy: Policy;
  #isLost = false;

  /**
   * @param pollMs Default 2000
   * @throws KeyturnError `CLI_FILE_UNREADABLE`, `SECRETS_POLICY_INVALID`
   */
  constructor(
    path: string,
    listener: PolicyFileListener,
    pollMs: number = defaultPollMs,
  ) {
    this.#path = path;
    this.#listener = listener;
    const bytes = readSmall(path);
    this.#seen = bytes.toString("latin1");
    this.#policy = policyOf(path, bytes);
    this.#timer = setInterval(() => this.#poll(), pollMs);
    this.#timer.unref();
  }

  /** The policy in force. */
  get current(): Policy {
    return this.#policy;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #poll(): void {
    try {
      const bytes = readSmall(this.#path);
      const text = bytes.toString("latin1");
      if (text !== this.#seen) {
        this.#seen = text;
        this.#policy = policyOf(this.#path, bytes);
        this.#listener.changed();
      }
      this.#isLost = false;
    } catch (error) {
      // What is malformed is seen once; what cannot be read is told once, not every two seconds.
      const isLost =
        isKeyturnError(error) && error.code === "CLI_FILE_UNREADABLE";
      if (isLost && this.#isLost) return;
      this.#isLost = isLost;
      this.#listener.refused(error);
    }
  }
}

/** @throws KeyturnError `SECRETS_POLICY_INVALID` */
function policyOf(path: string, bytes: Uint8Array): Policy {
  try {
    return readPolicy(bytes);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw fail(
      "SECRETS_POLICY_INVALID",
      `The policy file ${path} cannot be used: ${error.message}.`,
    );
  }
}

function readSmall(path: string): Buffer {
  try {
    if (statSync(path).size > longestFile)
      throw new Error(`it has more than ${longestFile} bytes`);
    return readFileSync(path);
  } catch (cause) {
    throw fail(
      "CLI_FILE_UNREADABLE",
      `The policy file ${path} cannot be read.`,
      { cause },
    );
  }
}
