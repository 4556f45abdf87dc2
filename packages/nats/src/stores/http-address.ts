import { badReference } from "./bad-reference.js";

/**
 * The address of a store that is reached over HTTP: `https:`, and `http:` on this machine alone.
 *
 * @throws KeyturnError `REFERENCE_INVALID`
 */
export function httpAddress(scheme: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.password !== ""
  )
    throw badReference(
      scheme,
      "the server's address is none",
      "Write it as `https://store.example:8200`.",
    );
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    throw badReference(
      scheme,
      "the server's address is `http:`, so that tokens and secrets would be open to the network",
      "Use `https:`, or an agent on this machine (`http://127.0.0.1:8200`).",
    );
  return url;
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
