import { readFileSync, statSync } from "node:fs";

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
      if (text === this.#seen) return;
      this.#seen = text;
      this.#policy = policyOf(this.#path, bytes);
      this.#listener.changed();
    } catch (error) {
      const { message } = error as Error;
      // Told once, not every two seconds.
      if (this.#seen === message) return;
      if (!message.includes(malformed)) this.#seen = message;
      this.#listener.refused(error);
    }
  }
}

const malformed = "cannot be used";

/** @throws KeyturnError `SECRETS_POLICY_INVALID` */
function policyOf(path: string, bytes: Uint8Array): Policy {
  try {
    return readPolicy(bytes);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw fail(
      "SECRETS_POLICY_INVALID",
      `The policy file ${path} ${malformed}: ${error.message}.`,
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
