// As whom a link is connected, and by which TLS.
import { makeTlsAuthority } from "@keyturn/testkit";
import {
  connectedAs,
  connectedTo,
  connectsBy,
  consumer,
  handler,
  healthSoon,
  quiet,
  yesNo,
} from "./site.mjs";

const tlsServer = async (site, options = {}) => {
  const authority = makeTlsAuthority("Conformance");
  const nats = await site.nats({ tls: { ...authority.server(), ...options } });
  return { authority, nats };
};

export const credentialCases = [
  {
    id: "A.2 client_jwt, client_seed",
    says: "user JWT and seed in link config",
    both: "connected as the user",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const user = await account.user("shop");
      const host = await site.host();
      await host.putLink(
        handler("shop", {
          cluster_uris: nats.url,
          subscriptions: "a",
          client_jwt: user.jwt,
          client_seed: user.seed,
        }),
      );
      return connectedAs(nats, { [user.publicKey]: "the user" });
    },
  },
  {
    id: "A.2 tls_ca",
    says: "`tls_ca` as PEM text, a server with TLS",
    both: "connected",
    act: async (site) => {
      const { authority, nats } = await tlsServer(site);
      const host = await site.host();
      await host.putLink(
        consumer("shop", {
          cluster_uris: nats.url,
          tls_ca: authority.certificate,
        }),
      );
      return connectedTo(nats);
    },
  },
  {
    id: "A.5 TLS without tls_ca",
    says: "a server with TLS whose authority nobody knows",
    both: "not connected",
    act: async (site) => {
      const { nats } = await tlsServer(site);
      const host = await site.host();
      await host.putLink(consumer("shop", { cluster_uris: nats.url }));
      return connectedTo(nats);
    },
  },
  {
    id: "A.5 tls://",
    says: "a `tls://` address of a server without TLS",
    both: "not connected",
    act: async (site) => {
      const nats = await site.nats();
      const host = await site.host();
      await host.putLink(
        consumer("shop", { cluster_uris: `tls://127.0.0.1:${nats.port}` }),
      );
      return connectedTo(nats);
    },
  },
  {
    id: "B12 address",
    says: "`user:password@` in the address",
    ours: "connected as ada",
    rust: "not connected",
    act: async (site) => {
      const nats = await site.nats({
        config: { authorization: { user: "ada", password: "pw" } },
      });
      const host = await site.host();
      await host.putLink(
        consumer("shop", {
          cluster_uris: `nats://ada:pw@127.0.0.1:${nats.port}`,
        }),
      );
      return connectedAs(nats);
    },
  },
  {
    id: "B12 percent encoding",
    says: "`p%2Fw` as password in the address",
    ours: "connected as ada",
    rust: "connected as nobody",
    act: connectsBy((port) => `nats://ada:p%2Fw@127.0.0.1:${port}`),
  },
  {
    id: "B12",
    says: "`user` and `password` as keys",
    see: "user",
    ours: "connected as ada",
    rust: "not connected",
    act: async (site) => {
      const nats = await site.nats({
        config: { authorization: { user: "ada", password: "pw" } },
      });
      const host = await site.host();
      await host.putLink(
        consumer("shop", {
          cluster_uris: nats.url,
          user: "ada",
          password: "pw",
        }),
      );
      return connectedAs(nats);
    },
  },
  {
    id: "A.4 secrets",
    says: "secrets of a link win over its config",
    both: "connected as the secret's user",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const [plain, secret] = [
        await account.user("p"),
        await account.user("s"),
      ];
      const host = await site.host();
      await host.putLink(
        consumer(
          "shop",
          {
            cluster_uris: nats.url,
            client_jwt: plain.jwt,
            client_seed: plain.seed,
          },
          { secrets: { client_jwt: secret.jwt, client_seed: secret.seed } },
        ),
      );
      return connectedAs(nats, {
        [plain.publicKey]: "the config's user",
        [secret.publicKey]: "the secret's user",
      });
    },
  },
  {
    id: "A.5 anonymous",
    says: "without any credential",
    both: "connected as nobody",
    act: connectsBy((port) => `nats://127.0.0.1:${port}`),
  },
  {
    id: "B1",
    says: "a link with secrets alone, its server in the provider's config",
    ours: "connected as the user",
    rust: "not connected",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const user = await account.user("shop");
      const host = await site.host({ config: { cluster_uris: nats.url } });
      await host.putLink(
        consumer(
          "shop",
          {},
          { secrets: { client_jwt: user.jwt, client_seed: user.seed } },
        ),
      );
      return connectedAs(nats, { [user.publicKey]: "the user" });
    },
  },
  {
    id: "B2",
    says: "warnings of a link without any credential",
    ours: "none",
    rust: "some",
    act: async (site) => {
      const { host } = await site.publishing();
      await quiet();
      return yesNo(/WARN|warn/.test(host.stderr.text()), "some", "none");
    },
  },
  {
    id: "B3",
    says: "the provider's own secrets",
    ours: "connected as the user",
    rust: "not connected",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const user = await account.user("shop");
      const host = await site.host({
        config: { cluster_uris: nats.url },
        secrets: { client_jwt: user.jwt, client_seed: user.seed },
      });
      await host.putLink(consumer("shop"));
      return connectedAs(nats, { [user.publicKey]: "the user" });
    },
  },
  {
    id: "B4",
    says: "secrets as bytes",
    ours: "connected as the user",
    rust: "not connected",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const user = await account.user("shop");
      const host = await site.host();
      await host.putLink(
        consumer(
          "shop",
          { cluster_uris: nats.url },
          {
            secrets: {
              client_jwt: Buffer.from(user.jwt),
              client_seed: Buffer.from(user.seed),
            },
          },
        ),
      );
      return connectedAs(nats, { [user.publicKey]: "the user" });
    },
  },
  {
    id: "B4 other keys",
    says: "`tls_ca` as a secret",
    ours: "connected",
    rust: "not connected",
    act: async (site) => {
      const { authority, nats } = await tlsServer(site);
      const host = await site.host();
      await host.putLink(
        consumer(
          "shop",
          { cluster_uris: nats.url },
          { secrets: { tls_ca: authority.certificate } },
        ),
      );
      return connectedTo(nats);
    },
  },
  {
    id: "B9",
    says: "`tls_ca` with the right certificate as the second",
    ours: "connected",
    rust: "not connected",
    act: async (site) => {
      const { authority, nats } = await tlsServer(site);
      const host = await site.host();
      await host.putLink(
        consumer("shop", {
          cluster_uris: nats.url,
          tls_ca: makeTlsAuthority("Other").certificate + authority.certificate,
        }),
      );
      return connectedTo(nats);
    },
  },
  {
    id: "B9 client certificate",
    says: "a server that demands client certificates",
    see: "tls_cert",
    ours: "connected",
    rust: "not connected",
    act: async (site) => {
      const authority = makeTlsAuthority("Conformance");
      const nats = await site.nats({
        tls: {
          ...authority.server(),
          clientAuthority: authority.certificate,
        },
      });
      const { certificate, key } = authority.client("shop");
      const host = await site.host();
      await host.putLink(
        consumer("shop", {
          cluster_uris: nats.url,
          tls_ca: authority.certificate,
          tls_cert: certificate,
          tls_key: key,
        }),
      );
      return connectedTo(nats);
    },
  },
  {
    id: "B10",
    says: "provider config with `client_jwt` alone",
    ours: "unhealthy",
    rust: "healthy",
    act: async (site) => {
      const { account, nats } = await site.operated();
      const { jwt } = await account.user("shop");
      const host = await site.host({
        config: { cluster_uris: nats.url, client_jwt: jwt },
      });
      await host.putLink(consumer("shop"));
      return healthSoon(host);
    },
  },
  {
    id: "B11 JWT in the link",
    says: "`client_jwt` in link config, `client_seed` in provider config: a pair comes whole from one place",
    ours: "not connected",
    rust: "not connected",
    act: halves((user) => [
      { client_seed: user.seed },
      { client_jwt: user.jwt },
    ]),
  },
  {
    id: "B11 seed in the link",
    says: "`client_seed` in link config, `client_jwt` in provider config",
    ours: "not connected",
    rust: "not connected",
    act: halves((user) => [
      { client_jwt: user.jwt },
      { client_seed: user.seed },
    ]),
  },
];

/** A pair of which one half is the provider's and the other the link's. */
function halves(split) {
  return async (site) => {
    const { account, nats } = await site.operated();
    const user = await account.user("shop");
    const [theirs, own] = split(user);
    const host = await site.host({ config: theirs });
    await host.putLink(consumer("shop", { cluster_uris: nats.url, ...own }));
    return connectedAs(nats, { [user.publicKey]: "the user" });
  };
}
