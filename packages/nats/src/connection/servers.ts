import { fail } from "../errors/nats-errors.js";
import { Secret } from "../secret/secret.js";

/** Server addresses as nats.js takes them. */
export interface ServerList {
  /**
   * `host:port`, without scheme and user information; WebSocket addresses as `ws://host:port/path` or
   * `wss://…`, the path only if there is one.
   */
  readonly servers: readonly string[];
  /** Whether the addresses demand TLS (`tls://`, `wss://`). */
  readonly tls: boolean;
  /** Whether the addresses are those of WebSockets. */
  readonly webSocket: boolean;
  /** User information of the first address that has some. A name alone is a token. */
  readonly user: UrlUser | undefined;
}

/** What stood before the `@` of an address. */
export interface UrlUser {
  readonly name: string;
  /** Absent if there was no colon: `name` is a token then. */
  readonly password: Secret | undefined;
}

/** Ports of addresses that have none, by their scheme: all that can be used. */
const defaultPorts: ReadonlyMap<string, number> = new Map([
  ["nats", 4222],
  ["tls", 4222],
  ["ws", 80],
  ["wss", 443],
]);
const longestShown = 100;

/**
 * Reads a comma-separated list of server addresses. Blanks around entries don't matter; the scheme is
 * `nats` if there is none, the port 4222, that of `ws` 80, and of `wss` 443; `0.0.0.0` and `::`, which
 * are no destinations, become loopback; what comes twice is taken once. One `tls://` among them demands
 * TLS from all; `ws` and `wss` go together with nothing else. User information is percent-decoded and
 * never part of an error.
 *
 * @throws KeyturnError `CONNECT_URL_INVALID`
 */
export function parseServers(list: string): ServerList {
  const entries = list.split(",").map((part) => part.trim());
  // A comma in a password cuts an address in two: then no part of the list is safe to show.
  const isPublic = !list.includes("@");
  const servers: string[] = [];
  let tls = false;
  let first: string | undefined;
  let user: UrlUser | undefined;
  let index = 0;
  for (const entry of entries) {
    if (entry === "") continue;
    index++;
    const address = parseAddress(entry, (why) =>
      invalid(index, isPublic ? entry : undefined, why),
    );
    const family = familyOf(address.scheme);
    first ??= family;
    if (family !== first) {
      throw invalid(
        index,
        isPublic ? entry : undefined,
        `\`${family}://\` does not go together with the \`${first}://\` before it`,
        "Let all addresses have one scheme; a connection changes its server, not its transport.",
      );
    }
    tls ||= address.scheme === "tls" || address.scheme === "wss";
    if (!servers.includes(address.server)) servers.push(address.server);
    if (address.user === undefined) continue;
    if (user !== undefined && !isSameUser(user, address.user)) {
      throw invalid(
        index,
        undefined,
        "its user information is not that of the addresses before it",
      );
    }
    user ??= address.user;
  }
  if (servers.length === 0)
    throw fail("CONNECT_URL_INVALID", "The list of server addresses is empty.");
  return { servers, tls, webSocket: first === "ws" || first === "wss", user };
}

/** `tls` is `nats` with a demand. */
function familyOf(scheme: string): string {
  return scheme === "tls" ? "nats" : scheme;
}

function parseAddress(
  entry: string,
  bad: (why: string) => Error,
): { server: string; scheme: string; user: UrlUser | undefined } {
  const schemeEnd = entry.indexOf("://");
  const scheme =
    schemeEnd === -1 ? "nats" : entry.slice(0, schemeEnd).toLowerCase();
  const defaultPort = defaultPorts.get(scheme);
  if (defaultPort === undefined)
    throw bad("its scheme is none of `nats`, `tls`, `ws` and `wss`");
  const rest = schemeEnd === -1 ? entry : entry.slice(schemeEnd + 3);
  const url = readUrl("http", rest);
  // The URL class drops blanks in the middle, and the port that belongs to its scheme.
  if (url === undefined || /\s/.test(rest) || url.hostname === "")
    throw bad("it is not `host:port`");
  const isWebSocket = scheme.startsWith("ws");
  const hasPath = url.pathname !== "/";
  // It would rather be a password with a slash.
  if (url.pathname.includes("@")) throw bad("its path has an `@`");
  if ((hasPath && !isWebSocket) || url.search !== "" || url.hash !== "")
    throw bad(`something follows the ${isWebSocket ? "path" : "port"}`);
  const portText =
    url.port === "" ? (readUrl("https", rest)?.port ?? "") : url.port;
  const port = portText === "" ? defaultPort : Number(portText);
  if (port === 0) throw bad("port 0 is no destination");
  let user: UrlUser | undefined;
  try {
    user = userOf(url, rest);
  } catch {
    throw bad("its user information is not percent-encoded correctly");
  }
  const server = `${destination(url.hostname)}:${port}`;
  return {
    server: isWebSocket
      ? `${scheme}://${server}${hasPath ? url.pathname : ""}`
      : server,
    scheme,
    user,
  };
}

/** The URL class knows hosts, ports and brackets, but only of schemes that are its own. */
function readUrl(scheme: "http" | "https", rest: string): URL | undefined {
  try {
    return new URL(`${scheme}://${rest}`);
  } catch {
    return undefined;
  }
}

function destination(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "[::]" ? "[::1]" : host;
}

function userOf(url: URL, rest: string): UrlUser | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const name = decodeURIComponent(url.username);
  const hasPassword = rest.slice(0, rest.lastIndexOf("@")).includes(":");
  return {
    name,
    password: hasPassword
      ? Secret.fromText(decodeURIComponent(url.password))
      : undefined,
  };
}

function isSameUser(a: UrlUser, b: UrlUser): boolean {
  if (a.name !== b.name) return false;
  if (a.password === undefined || b.password === undefined)
    return a.password === b.password;
  return a.password.equals(b.password);
}

function invalid(
  index: number,
  entry: string | undefined,
  why: string,
  next?: string,
): Error {
  const shown =
    entry === undefined
      ? ""
      : ` (\`${entry.slice(0, longestShown).replace(/[^\x20-\x7e]/g, "?")}\`)`;
  return fail(
    "CONNECT_URL_INVALID",
    `Server address ${index}${shown} cannot be used: ${why}.`,
    next === undefined ? {} : { next },
  );
}
