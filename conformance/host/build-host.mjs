// A wasmCloud host, built from the published crate: once, and kept.
import { cargoBuild } from "../../scripts/lib/cargo.mjs";
import { join } from "node:path";
import { root } from "../../scripts/lib/workspace.mjs";

/** @returns {Promise<string>} Path of the host; that of `KEYTURN_WASMCLOUD_HOST` if it is set. */
export async function buildHost() {
  return (
    process.env.KEYTURN_WASMCLOUD_HOST ??
    (await cargoBuild("conformance/host", "keyturn-conformance-host", {
      release: true,
      env: { RUSTC_WRAPPER: join(root, "conformance/host/rustc-wrapper.sh") },
    }))
  );
}
