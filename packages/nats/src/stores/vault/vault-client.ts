import { readFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { createSecureContext, type SecureContext } from "node:tls";

import { isKeyturnError } from "../../errors/keyturn-error.js";
import { fail } from "../../errors/nats-errors.js";
import type { Secret } from "../../secret/secret.js";
import type { VaultServer } from "./vault-settings.js";

/** How long one answer may take, in milliseconds. */
const deadlineMs = 5000;
const longestBody = 1024 * 1024;
/** A standby may name the active server instead of asking it. */
const mostRedirects = 3;

/** What a server has answered; the reader wipes `body`. */
export interface VaultReply {
  readonly status: number;
  readonly body: Uint8Array;
}

export interface VaultRequest {
  readonly method: "GET" | "POST";
  /** Below `/v1/`, encoded. */
  readonly path: string;
  readonly token?: Secret | undefined;
  /** JSON; wiped when it is sent. */
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** Speaks HTTP with Vault or OpenBao. Each request has a connection of its own, so that none stays open. */
export class VaultClient {
  readonly #server: VaultServer;
  readonly #place: string;
  readonly #tls: SecureContext | undefined;

  private constructor(
    server: VaultServer,
    place: string,
    tls: SecureContext | undefined,
  ) {
    this.#server = server;
    this.#place = place;
    this.#tls = tls;
  }

  /** Reads authorities, certificate and key. @throws KeyturnError `STORE_UNREADABLE` */
  static async open(server: VaultServer, place: string): Promise<VaultClient> {
    return new VaultClient(server, place, await secureContext(server, place));
  }

  /** @throws KeyturnError `STORE_UNREADABLE` if there is no whole answer in time */
  async call(request: VaultRequest): Promise<VaultReply> {
    const { signal } = request;
    const late = AbortSignal.timeout(deadlineMs);
    try {
      let url = new URL(`/v1/${request.path}`, this.#server.url);
      for (let redirects = 0; ; redirects++) {
        const reply = await this.#send(
          url,
          request,
          AbortSignal.any([signal, late]),
        );
        const { location } = reply;
        if (location === undefined || redirects === mostRedirects) return reply;
        const next = new URL(location, url);
        // The token goes only where it is as safe as before.
        if (next.protocol !== url.protocol) return reply;
        url = next;
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (isKeyturnError(cause)) throw cause;
      const { host } = this.#server.url;
      throw fail(
        "STORE_UNREADABLE",
        late.aborted
          ? `What ${this.#place} names cannot be read: ${host} did not answer within ${deadlineMs} ms.`
          : `What ${this.#place} names cannot be read: the way to ${host} is broken.`,
        {
          cause,
          next: "Check the address, that the server runs, and with `https:` that `ca-file` has its authority; it is tried again.",
        },
      );
    } finally {
      request.body?.fill(0);
    }
  }

  #send(
    url: URL,
    { method, token, body }: VaultRequest,
    signal: AbortSignal,
  ): Promise<VaultReply & { readonly location?: string }> {
    const { namespace } = this.#server;
    return new Promise((resolve, reject) => {
      const send = url.protocol === "https:" ? httpsRequest : httpRequest;
      const request = send(
        url,
        {
          method,
          agent: false,
          signal,
          ...(this.#tls === undefined ? {} : { secureContext: this.#tls }),
          headers: {
            // Refused by the servers if an attacker makes a browser ask.
            "X-Vault-Request": "true",
            ...(token === undefined
              ? {}
              : { "X-Vault-Token": token.revealText() }),
            ...(namespace === undefined
              ? {}
              : { "X-Vault-Namespace": namespace }),
            ...(body === undefined
              ? {}
              : {
                  "Content-Type": "application/json",
                  "Content-Length": body.length,
                }),
          },
        },
        (response) => {
          readBody(response, this.#place).then((read) => {
            const status = response.statusCode ?? 0;
            const { location } = response.headers;
            const isElsewhere = status === 307 && location !== undefined;
            resolve({
              status,
              body: read,
              ...(isElsewhere ? { location } : {}),
            });
          }, reject);
        },
      );
      request.on("error", reject);
      // A copy, since a redirect sends it again, and a socket may keep what it was given.
      request.end(body === undefined ? undefined : Buffer.from(body));
    });
  }
}

/** The body in one piece; the pieces it came in are wiped. */
async function readBody(
  response: IncomingMessage,
  place: string,
): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length > longestBody)
        throw fail(
          "STORE_VALUE_INVALID",
          `What ${place} names is too long: the answer has more than ${longestBody} bytes.`,
        );
    }
    return Buffer.concat(pieces);
  } finally {
    for (const piece of pieces) piece.fill(0);
  }
}

async function secureContext(
  { url, caFile, certFile, keyFile }: VaultServer,
  place: string,
): Promise<SecureContext | undefined> {
  if (url.protocol !== "https:") return undefined;
  const read = async (file: string | undefined): Promise<Buffer | undefined> =>
    file === undefined ? undefined : readFile(file);
  let key: Buffer | undefined;
  try {
    key = await read(keyFile);
    const [ca, cert] = [await read(caFile), await read(certFile)];
    return createSecureContext({ ca, cert, key });
  } catch (cause) {
    throw fail(
      "STORE_UNREADABLE",
      `The TLS files of ${place} cannot be used.`,
      {
        cause,
        next: "Give PEM files in `ca-file`, `cert-file` and `key-file`.",
      },
    );
  } finally {
    key?.fill(0);
  }
}
