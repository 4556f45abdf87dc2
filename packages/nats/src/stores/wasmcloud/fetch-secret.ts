import { headers, type NatsConnection } from "@nats-io/nats-core";

import { NkeyFault } from "../../credentials/nkey.js";
import { fail } from "../../errors/nats-errors.js";
import { JsonError } from "../../json/index.js";
import { CurveKey } from "../../xkey/curve-key.js";
import { ask } from "../nats/store-connection.js";
import {
  backendSubject,
  readAnswer,
  readFault,
  requestKeyHeader,
  responseKeyHeader,
  writeRequest,
  type SecretAnswer,
  type SecretFault,
  type SecretRequest,
} from "./protocol.js";

/** A backend, and who asks it. */
export interface BackendAddress {
  /** Subject prefix of the backends, `wasmcloud.secrets`. */
  readonly topic: string;
  /** Its name, `nats-kv`. */
  readonly backend: string;
  /** Its public curve key; it is asked for if absent, and whoever answers is believed. */
  readonly publicKey?: string | undefined;
  /** For messages: what is read. */
  readonly place: string;
}

/**
 * Gets a secret from a backend, as a host does. The key of the request is another each time, so that
 * nobody who learns one can open another answer.
 *
 * @throws KeyturnError `STORE_ABSENT`, `STORE_UNREADABLE`
 */
export async function fetchSecret(
  connection: NatsConnection,
  address: BackendAddress,
  request: SecretRequest,
): Promise<SecretAnswer> {
  const { topic, backend, place } = address;
  const options = {
    place,
    silence: `Check that a secrets backend \`${backend}\` runs, and that it serves the topic \`${topic}\`.`,
  };
  const key = CurveKey.generate();
  try {
    const recipient =
      address.publicKey ?? (await askForKey(connection, address, options));
    const payload = writeRequest(request);
    const marked = headers();
    marked.set(requestKeyHeader, key.publicKey);
    const reply = await ask(
      connection,
      backendSubject(topic, backend, "get"),
      key.seal(payload, recipient),
      { ...options, headers: marked },
    );
    const sealedBy = reply.headers?.get(responseKeyHeader) ?? "";
    if (sealedBy === "") throw refused(address, reply.data);
    return open(key, reply.data, sealedBy, address);
  } catch (error) {
    if (!(error instanceof NkeyFault || error instanceof JsonError))
      throw error;
    throw unreadable(address, `it is malformed: ${error.message}`);
  } finally {
    key.wipe();
  }
}

async function askForKey(
  connection: NatsConnection,
  address: BackendAddress,
  options: { place: string; silence: string },
): Promise<string> {
  const { topic, backend } = address;
  const subject = backendSubject(topic, backend, "server_xkey");
  const reply = await ask(connection, subject, "", options);
  const key = Buffer.from(reply.data.subarray(0, 100)).toString("latin1");
  if (!/^X[A-Z2-7]{55}$/.test(key))
    throw unreadable(address, "it is no public curve key");
  return key;
}

function open(
  key: CurveKey,
  sealed: Uint8Array,
  sealedBy: string,
  address: BackendAddress,
): SecretAnswer {
  const opened = key.open(sealed, sealedBy);
  if (opened === undefined)
    throw unreadable(address, "it does not open with the key of the request");
  try {
    const answer = readAnswer(opened);
    if (answer === undefined) throw unreadable(address, "it has no value");
    return answer;
  } finally {
    opened.fill(0);
  }
}

/** What a backend says instead of a secret, in our words. */
function refused(address: BackendAddress, reply: Uint8Array): Error {
  const { place, backend } = address;
  const fault = readFault(reply);
  const told = fault === undefined ? "an empty reply" : tell(fault);
  switch (fault?.name) {
    case "SecretNotFound":
      return fail(
        "STORE_ABSENT",
        `The secrets backend \`${backend}\` has nothing where ${place} points.`,
        { next: "Put the secret there; it is looked for again." },
      );
    case "Unauthorized":
    case "InvalidEntityJWT":
    case "InvalidHostJWT":
    case "PolicyError":
      return fail(
        "STORE_UNREADABLE",
        `The secrets backend \`${backend}\` refuses to give what ${place} names: ${told}.`,
        {
          next: "Let the identity in the token of `entity-file` have it there.",
        },
      );
    case "DecryptionError":
    case "InvalidXKey":
      return fail(
        "STORE_UNREADABLE",
        `The secrets backend \`${backend}\` cannot open the request for ${place}: ${told}.`,
        { next: "Check that `backend-key` is the public key that it has now." },
      );
    default:
      return fail(
        "STORE_UNREADABLE",
        `The secrets backend \`${backend}\` has no answer for ${place}: ${told}.`,
        { next: "Look at the log of the backend; it is tried again." },
      );
  }
}

function tell(fault: SecretFault): string {
  if (!("text" in fault)) return fault.name;
  // What others say is shown short, and cannot begin another line.
  const text = fault.text
    .slice(0, 200)
    .replace(/[^ -~]+/g, " ")
    .trim();
  return text === "" ? fault.name : `${fault.name} (${text})`;
}

function unreadable({ backend, place }: BackendAddress, why: string): Error {
  return fail(
    "STORE_UNREADABLE",
    `The answer of the secrets backend \`${backend}\` about ${place} cannot be used: ${why}.`,
    { next: "Look whether something else answers in its place." },
  );
}
