/** Runs in a worker thread or a child process: keeps keys, and signs with them. */
import { sign, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parentPort } from "node:worker_threads";

import { readCredsBlocks, withoutBlanks } from "../credentials/creds.js";
import { readUserSeed } from "../credentials/makers.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { fail } from "../errors/nats-errors.js";
import type {
  Answer,
  Asked,
  Failure,
  Loaded,
  Question,
} from "./signing-protocol.js";

const keys = new Map<number, KeyObject>();
let keysMade = 0;

if (parentPort === null) {
  process.on("message", (asked: Asked) => {
    void answer(asked, (reply) => process.send?.(reply));
  });
  // Whoever asked is gone.
  process.on("disconnect", () => process.exit());
} else {
  const port = parentPort;
  port.on("message", (asked: Asked) => {
    void answer(asked, (reply) => port.postMessage(reply));
  });
}

async function answer(
  { id, question }: Asked,
  reply: (answer: Answer) => void,
): Promise<void> {
  try {
    reply({ id, value: await work(question) });
  } catch (error) {
    reply({ id, failure: failureOf(error) });
  }
}

async function work(
  question: Question,
): Promise<Loaded | Uint8Array | undefined> {
  switch (question.type) {
    case "load":
      return load(question.bytes ?? (await read(question)), question.where);
    case "sign": {
      const key = keys.get(question.key);
      if (key === undefined)
        throw fail("SECRET_WIPED", "The signing key was wiped.");
      return sign(null, question.nonce, key);
    }
    default:
      keys.delete(question.key);
      return undefined;
  }
}

async function read(question: {
  readonly file?: string;
  readonly where: string;
}): Promise<Uint8Array> {
  try {
    return await readFile(question.file ?? "");
  } catch (error) {
    const { code } = error as { code?: unknown };
    throw fail(
      "CREDENTIAL_SOURCE_BROKEN",
      `The credentials file from ${question.where} cannot be read (${String(code)}).`,
      { next: "Put it there, readable for this program." },
    );
  }
}

function load(bytes: Uint8Array, where: string): Loaded {
  try {
    const { jwt, seed } = readCredsBlocks(bytes, where);
    const text = Buffer.from(withoutBlanks(jwt)).toString("utf8");
    if (seed === undefined) return { jwt: text, signer: undefined };
    const { key, publicKey } = readUserSeed(seed, where);
    const number = keysMade++;
    keys.set(number, key);
    return { jwt: text, signer: { key: number, publicKey } };
  } finally {
    bytes.fill(0);
  }
}

function failureOf(error: unknown): Failure {
  if (isKeyturnError(error)) {
    const { code, message, next } = error;
    return { code, message: message.slice(0, -next.length).trimEnd(), next };
  }
  return {
    code: "CREDENTIAL_SIGNER_FAILED",
    message: "The signing thread or process met an unexpected error.",
    next: "Report it.",
  };
}
