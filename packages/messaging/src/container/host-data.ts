import { CurveKey, Secret } from "@keyturn/nats";

import { jsonBytes, type JsonWithSecrets } from "./json-bytes.js";
import type { ContainerConfig, ContainerLink } from "./read-config.js";
import { readCreds, readSecrets } from "./read-secrets.js";

/**
 * HostData as a host would write it that knew the config: the provider does not notice that there is
 * none. Secrets are read from their files; those of links are sealed for the provider. The caller wipes
 * the result.
 *
 * @throws KeyturnError if a secret cannot be read
 */
export async function hostDataOf(config: ContainerConfig): Promise<Uint8Array> {
  const { lattice, provider, log } = config;
  const used: Secret[] = [];
  const seed = Secret.fromText(CurveKey.generateSeed());
  used.push(seed);
  const host = CurveKey.generate();
  try {
    const recipient = seed.use((bytes) => CurveKey.fromSeed(bytes)).publicKey;
    const seal = async (
      { secrets }: ContainerLink,
      path: string,
    ): Promise<JsonWithSecrets> => {
      if (Object.keys(secrets).length === 0) return null;
      const plain = jsonBytes(await readSecrets(secrets, path, used));
      try {
        return [...host.seal(plain, recipient)];
      } finally {
        plain.fill(0);
      }
    };
    const links: JsonWithSecrets[] = [];
    for (const [i, link] of config.links.entries())
      links.push(
        definition(provider, link, await seal(link, `links[${i}].secrets`)),
      );
    const user =
      lattice.credentials === undefined
        ? { jwt: "", seed: "" }
        : await readCreds(lattice.credentials, "lattice.credentials", used);
    return jsonBytes({
      host_id: "container",
      lattice_rpc_prefix: lattice.name,
      lattice_rpc_user_jwt: user.jwt,
      lattice_rpc_user_seed: user.seed,
      lattice_rpc_url: lattice.url,
      provider_key: provider,
      link_definitions: links,
      config: opened(config),
      secrets: await readSecrets(config.secrets, "secrets", used),
      host_xkey_public_key: host.publicKey,
      provider_xkey_private_key: seed,
      structured_logging: log.json,
      log_level: log.level,
    });
  } finally {
    for (const secret of used) secret.wipe();
  }
}

/** Who writes the file writes its links, too: what those refer to is open to them. */
function opened({ config, links }: ContainerConfig): Record<string, string> {
  const references = links
    .map(({ config: { credentials = "" } }) =>
      credentials.replaceAll(",", "%2C"),
    )
    .concat(config["link_references"] ?? "")
    .filter((reference) => reference !== "");
  return references.length === 0
    ? config
    : { ...config, link_references: [...new Set(references)].join(",") };
}

function definition(
  provider: string,
  link: ContainerLink,
  sealed: JsonWithSecrets,
): JsonWithSecrets {
  const isSource = link.interface === "handler";
  return {
    source_id: isSource ? provider : link.component,
    target: isSource ? link.component : provider,
    name: link.name,
    wit_namespace: "wasmcloud",
    wit_package: "messaging",
    interfaces: [link.interface],
    source_config: isSource ? link.config : {},
    target_config: isSource ? {} : link.config,
    source_secrets: isSource ? sealed : null,
    target_secrets: isSource ? null : sealed,
  };
}
