import { get } from "node:http";
import { json } from "node:stream/consumers";

/**
 * The JSON behind an HTTP address. The connection is not kept, as `fetch` would: it ends with the
 * answer, so nothing is left behind and no restarted server is met with a dead one.
 */
export function getJson(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      json(response).then(resolve, reject);
    }).on("error", reject);
  });
}
