import { headers, type Msg, type NatsConnection } from "@nats-io/nats-core";

import { Secret } from "../../secret/secret.js";
import { CurveKey } from "../../xkey/curve-key.js";
import {
  backendSubject,
  readRequest,
  requestKeyHeader,
  responseKeyHeader,
  writeAnswer,
  writeFault,
  type SecretFault,
  type SecretRequest,
} from "./protocol.js";

/** A secrets backend that has what the test puts into it, on a real server. */
export class BackendDouble {
  readonly key: CurveKey = CurveKey.generate();
  readonly secrets = new Map<string, { bytes: Uint8Array; version: number }>();
  readonly requests: SecretRequest[] = [];
  /** Public keys of the requests. */
  readonly requestKeys: string[] = [];
  /** Answers in its place. */
  fault: SecretFault | undefined;
  /** Has the last word on a reply. */
  answer: ((message: Msg) => boolean) | undefined;

  constructor(connection: NatsConnection, name = "double") {
    connection.subscribe(backendSubject("wasmcloud.secrets", name, ">"), {
      callback: (_, message) => this.#serve(message),
    });
  }

  put(key: string, value: string | Uint8Array): void {
    const version = (this.secrets.get(key)?.version ?? 0) + 1;
    this.secrets.set(key, { bytes: Buffer.from(value), version });
  }

  #serve(message: Msg): void {
    if (message.subject.endsWith(".server_xkey")) {
      message.respond(this.key.publicKey);
      return;
    }
    const requester = message.headers?.get(requestKeyHeader) ?? "";
    this.requestKeys.push(requester);
    const opened = this.key.open(message.data, requester);
    if (this.answer?.(message) === true) return;
    if (opened === undefined) {
      message.respond(writeFault({ name: "DecryptionError" }));
      return;
    }
    const request = readRequest(opened);
    this.requests.push(request);
    const secret = this.secrets.get(request.key);
    if (this.fault !== undefined || secret === undefined) {
      message.respond(writeFault(this.fault ?? { name: "SecretNotFound" }));
      return;
    }
    const answer = writeAnswer({
      value: Secret.fromBytes(secret.bytes.slice()),
      version: String(secret.version),
    });
    const sealer = CurveKey.generate();
    const marked = headers();
    marked.set(responseKeyHeader, sealer.publicKey);
    message.respond(sealer.seal(answer, requester), { headers: marked });
  }
}
