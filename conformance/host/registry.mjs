// An OCI registry with what hosts ask one for: manifests and blobs, by plain HTTP on loopback.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const digestOf = (bytes) =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/**
 * Starts one.
 *
 * @param {Record<string, Buffer>} archives provider archives, by `name:tag`
 */
export async function registry(archives) {
  const blobs = new Map();
  const manifests = new Map();
  const keep = (bytes, mediaType) => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  for (const [name, archive] of Object.entries(archives)) {
    const manifest = {
      schemaVersion: 2,
      mediaType: manifestType,
      // As `wash push` writes them.
      config: keep(
        Buffer.from("{}"),
        "application/vnd.wasmcloud.provider.archive.config",
      ),
      layers: [
        keep(
          archive,
          "application/vnd.wasmcloud.provider.archive.layer.v1+par",
        ),
      ],
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const [repository, tag] = name.split(":");
    manifests.set(`${repository}:${tag}`, bytes);
    manifests.set(`${repository}:${digestOf(bytes)}`, bytes);
  }

  /** Manifests that were asked for. */
  const served = [];
  const server = createServer((request, response) => {
    const send = (bytes, type) => {
      if (bytes === undefined) return response.writeHead(404).end();
      response.writeHead(200, {
        "content-type": type,
        "content-length": bytes.length,
        "docker-content-digest": digestOf(bytes),
      });
      response.end(request.method === "HEAD" ? undefined : bytes);
    };
    const [, repository, kind, reference] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(request.url) ?? [];
    if (kind === "manifests") {
      served.push(`${repository}:${reference}`);
      send(manifests.get(`${repository}:${reference}`), manifestType);
    } else if (kind === "blobs")
      send(blobs.get(reference), "application/octet-stream");
    else if (request.url === "/v2/")
      send(Buffer.from("{}"), "application/json");
    else send(undefined);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    served,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
