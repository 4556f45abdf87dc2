import { fail } from "../errors/nats-errors.js";
import { Secret } from "../secret/secret.js";

/** Server addresses as nats.js takes them. */
export interface ServerList {
  /** `host:port`, without scheme and user information. */
  readonly servers: readonly string[];
  /** Whether one of the addresses demands TLS (`tls://`). */
  readonly tls: boolean;
  /** User information of the first address that has some. A name alone is a token. */
  readonly user: UrlUser | undefined;
}

/** What stood before the `@` of an address. */
export interface UrlUser {
  readonly name: string;
  /** Absent if there was no colon: `name` is a token then. */
  readonly password: Secret | undefined;
}

const defaultPort = 4222;

/**
 * Reads a comma-separated list of server addresses. Blanks around entries don't matter; the scheme is
 * `nats` if there is none, the port 4222; `0.0.0.0` and `::`, which are no destinations, become
 * loopback. User information is percent-decoded and never part of an error.
 *
 * @throws KeyturnError `CONNECT_URL_INVALID`
 */
export function parseServers(list: string): ServerList {
  const servers: string[] = [];
  let tls = false;
  let user: UrlUser | undefined;
  for (const entry of list.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const address = parseAddress(entry, servers.length + 1);
    tls ||= address.tls;
    user ??= address.user;
    if (!servers.includes(address.server)) servers.push(address.server);
  }
  if (servers.length === 0)
    throw fail("CONNECT_URL_INVALID", "The list of server addresses is empty.");
  return { servers, tls, user };
}

function parseAddress(
  entry: string,
  index: number,
): { server: string; tls: boolean; user: UrlUser | undefined } {
  const invalid = (why: string): Error =>
    fail(
      "CONNECT_URL_INVALID",
      `Server address ${index}${shown(entry)} cannot be used: ${why}.`,
    );
  const schemeEnd = entry.indexOf("://");
  const scheme =
    schemeEnd === -1 ? "nats" : entry.slice(0, schemeEnd).toLowerCase();
  if (scheme === "ws" || scheme === "wss")
    throw invalid("WebSocket addresses are not supported yet");
  if (scheme !== "nats" && scheme !== "tls")
    throw invalid("its scheme is neither `nats` nor `tls`");
  const rest = schemeEnd === -1 ? entry : entry.slice(schemeEnd + 3);
  let url: URL;
  try {
    // The URL class knows hosts, ports and brackets; only with a scheme of its own kind.
    url = new URL(`http://${rest}`);
  } catch {
    throw invalid("it is not `host:port`");
  }
  if (/\s/.test(rest) || url.hostname === "")
    throw invalid("it is not `host:port`");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw invalid("something follows the port");
  const port = rest.endsWith(":80")
    ? 80
    : url.port === ""
      ? defaultPort
      : Number(url.port);
  if (port === 0) throw invalid("port 0 is no destination");
  const host =
    url.hostname === "0.0.0.0"
      ? "127.0.0.1"
      : url.hostname === "[::]"
        ? "[::1]"
        : url.hostname;
  let user: UrlUser | undefined;
  try {
    user = userOf(url, rest);
  } catch {
    throw invalid("its user information is not percent-encoded correctly");
  }
  return { server: `${host}:${port}`, tls: scheme === "tls", user };
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

/** The address without user information, where that is certain. */
function shown(entry: string): string {
  return entry.includes("@") ? "" : ` (\`${entry.slice(0, 100)}\`)`;
}
