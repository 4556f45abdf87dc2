import type { Credential } from "../credentials/credential.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { fail, type natsErrors } from "../errors/nats-errors.js";

/** What one kind of failure means, in our words. */
interface Reading {
  readonly code: keyof typeof natsErrors;
  /** Follows "The NATS server at … ". */
  readonly what: string;
  readonly next?: string;
}

/**
 * Says in our words, with a stable code, why a first connection failed; the error of nats.js or Node
 * is kept as the cause.
 */
export function dialError(
  error: unknown,
  servers: readonly string[],
  credential: Credential | undefined,
): Error {
  if (isKeyturnError(error)) return error as unknown as Error;
  const { code, what, next } = read(error, credential);
  return fail(code, `The NATS server at ${servers.join(", ")} ${what}.`, {
    cause: error,
    ...(next === undefined ? {} : { next }),
  });
}

/** Whether it was TLS that failed: this side's certificates, or what it makes of the server's. */
export function isTlsFailure(error: unknown): boolean {
  return error instanceof Error && readTls(error) !== undefined;
}

function read(error: unknown, credential: Credential | undefined): Reading {
  if (!(error instanceof Error)) return unreachable("an unknown error");
  switch (error.name) {
    case "AuthorizationError":
    case "UserAuthenticationExpiredError":
    case "ProtocolError":
      return readServerText(error.message, credential);
    case "TimeoutError":
      return {
        code: "CONNECT_TIMEOUT",
        what: "did not complete the connection in time",
      };
    default:
      return (
        readNatsJsText(error.message) ??
        readWebSocket(error) ??
        readTls(error) ??
        readSystem(error) ??
        unreachable(error.message)
      );
  }
}

function readServerText(
  text: string,
  credential: Credential | undefined,
): Reading {
  if (/connections exceeded/i.test(text))
    return { code: "CONNECT_LIMIT", what: `has no room: ${text}` };
  if (/maximum control line/i.test(text))
    return {
      code: "CREDENTIAL_JWT_TOO_LONG",
      what: `takes no CONNECT line as long as the one with the credential from ${credential?.origin.source ?? "nowhere"}: ${text}`,
    };
  // Servers say this one sentence for nearly every reason.
  const reason = /^authorization violation$/i.test(text) ? "" : `: ${text}`;
  if (credential === undefined || credential.kind === "none")
    return {
      code: "CONNECT_REFUSED",
      what: `refused a connection without a credential${reason}`,
      next: "Give it a credential.",
    };
  const { publicKey, account, kind, origin } = credential;
  const who = publicKey ?? `of kind ${kind}`;
  const of = account === undefined ? "" : ` of account ${account}`;
  return {
    code: "CONNECT_REFUSED",
    what: `refused the credential ${who}${of}, from ${origin.source}${reason}`,
  };
}

function readNatsJsText(text: string): Reading | undefined {
  if (text.includes("does not support 'tls'"))
    return {
      code: "CONNECT_TLS_FAILED",
      what: "does not offer TLS",
      next: "Configure TLS at the server, or write its address as `nats://` and leave the TLS options out.",
    };
  if (text.includes("the server closed the connection"))
    return {
      code: "CONNECT_NOT_NATS",
      what: "closed the connection without a word",
      next: "Check the port; a server that is set to `handshake_first` needs the option `tls.handshakeFirst`.",
    };
  return text.includes("unexpected response from server") ||
    text.includes("something that is not NATS") ||
    text.includes("in JSON at position")
    ? { code: "CONNECT_NOT_NATS", what: "does not speak the NATS protocol" }
    : undefined;
}

const authorityUnknown = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function readTls(error: Error): Reading | undefined {
  const code = codeOf(error);
  const tls = (what: string, next: string): Reading => ({
    code: "CONNECT_TLS_FAILED",
    what,
    next,
  });
  if (authorityUnknown.has(code))
    return tls(
      "has a certificate of an authority that is not trusted here",
      "Add the certificate of that authority to the CA bundle.",
    );
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return tls(
      "has a certificate for another name",
      "Write its address with a name that the certificate has, or give that name as the TLS server name.",
    );
  if (code === "CERT_HAS_EXPIRED")
    return tls("has an expired certificate", "Renew it at the server.");
  if (/ALERT_/.test(code) || /alert|broke TLS off/.test(error.message))
    return tls(
      "refused our side of TLS, most likely the client certificate",
      "Give a client certificate, with its key, of an authority that the server trusts.",
    );
  if (/WRONG_VERSION_NUMBER/.test(code) || /wrong version/.test(error.message))
    return tls(
      "does not begin with TLS",
      "Leave `tls.handshakeFirst` out, write `ws://` in place of `wss://`, or set TLS up at the server.",
    );
  return /^(CERT_|ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO|UNABLE_TO)/.test(code)
    ? { code: "CONNECT_TLS_FAILED", what: `failed at TLS (${code})` }
    : undefined;
}

/** What `ws` and Node's HTTP client make of something that is no WebSocket. */
function readWebSocket(error: Error): Reading | undefined {
  const status = /^Unexpected server response: (\d+)/.exec(error.message)?.[1];
  if (status !== undefined)
    return {
      code: "CONNECT_NOT_NATS",
      what: `answered with HTTP status ${status} in place of a WebSocket`,
      next: "Check port and path, and whether it is `wss://` or `ws://` there.",
    };
  return codeOf(error).startsWith("HPE_")
    ? {
        code: "CONNECT_NOT_NATS",
        what: "does not speak HTTP, so it gives no WebSocket",
        next: "Write its address as `nats://`, or name the port of its WebSockets.",
      }
    : undefined;
}

const systemWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was reset",
  EAI_AGAIN: "its name cannot be looked up now",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to its network",
  ENOTFOUND: "its name is unknown",
  EPIPE: "the connection was reset",
  ETIMEDOUT: "it does not answer",
};

function readSystem(error: Error): Reading | undefined {
  const words =
    systemWords[codeOf(error)] ?? systemWords[codeOf(error.cause as Error)];
  return words === undefined ? undefined : unreachable(words);
}

function unreachable(why: string): Reading {
  return {
    code: "CONNECT_UNREACHABLE",
    what: `could not be reached: ${why}`,
  };
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "";
}
