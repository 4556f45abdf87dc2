// Texts that scripts and people may look for in the log.
import { makeOperator } from "@keyturn/testkit";
import { outcome, quiet, refusal, textsOf } from "./site.mjs";

const nowhere = "nats://127.0.0.1:1";
const failing = "failed to connect to NATS";
const building = "failed to build connection config";

export const textCases = [
  {
    id: "A.10 unreachable",
    says: "no server at the address",
    both: failing,
    act: refusal({ cluster_uris: nowhere }),
  },
  {
    id: "A.10 consumers",
    says: "`consumers` is not empty",
    ours: `${building}, JetStream consumers not supported by this provider`,
    rust: `${failing}, JetStream consumers not supported by this provider`,
    act: refusal({
      cluster_uris: nowhere,
      consumers: '[{"stream":"s","consumer":"c"}]',
    }),
  },
  {
    id: "A.10 consumers, no JSON",
    says: "`consumers` is not JSON",
    both: `${building}, failed to parse \`consumers\``,
    act: refusal({ cluster_uris: nowhere, consumers: "[" }),
  },
  {
    id: "A.10 bad seed",
    says: "a seed that is none, beside a good JWT",
    ours: `${building}, failed to parse seed key pair`,
    rust: `${failing}, failed to parse seed key pair`,
    act: async (site) => {
      const operator = await makeOperator();
      const { jwt } = await (await operator.account("SHOP")).user("shop");
      return refusal({
        cluster_uris: nowhere,
        client_jwt: jwt,
        client_seed: "SUANONSENSE",
      })(site);
    },
  },
  {
    id: "A.10 JWT alone",
    says: "`client_jwt` without `client_seed`",
    both: `${building}, if you specify jwt, you must also specify a seed`,
    act: refusal({ cluster_uris: nowhere, client_jwt: "x" }),
  },
  {
    id: "A.10 seed alone",
    says: "`client_seed` without `client_jwt`",
    ours: `${building}, must provide both jwt and seed for jwt authentication`,
    rust: `${failing}, must provide both jwt and seed for jwt authentication`,
    act: refusal({ cluster_uris: nowhere, client_seed: "SUA" }),
  },
  {
    id: "A.10 tls_ca without a certificate",
    says: "`tls_ca` is a key",
    ours: `${building}, tls ca: invalid certificate type, must be a DER encoded PEM file`,
    rust: `${failing}, tls ca: invalid certificate type, must be a DER encoded PEM file`,
    act: refusal({
      cluster_uris: nowhere,
      tls_ca: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    }),
  },
  {
    id: "A.10 tls_ca not PEM",
    says: "`tls_ca` is PEM whose base64 is broken",
    ours: `${building}, failed to read CA`,
    rust: `${failing}, failed to read CA`,
    act: refusal({
      cluster_uris: nowhere,
      tls_ca: "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
    }),
  },
  {
    id: "A.10 bad provider config",
    says: "`client_jwt` alone in the provider's config",
    ours: "none",
    rust: "Failed to build connection configuration, falling back to default",
    act: async (site) => {
      const host = await site.startHost({
        config: { cluster_uris: nowhere, client_jwt: "x" },
      });
      return textsOf(host);
    },
  },
  {
    id: "A.10 not linked",
    says: "a component without a link publishes",
    ours: "none",
    rust: "component not linked: shop",
    act: async (site) => {
      const shop = await site.component();
      const host = await site.host();
      await outcome(shop.publish("orders.new", "hello"));
      return textsOf(host);
    },
  },
  {
    id: "A.10 no caller",
    says: "a call without headers, and one without `source-id`",
    ours: "none",
    rust: "component not linked: <unknown>, no component in request",
    act: async (site) => {
      const host = await site.host();
      for (const headers of [undefined, { "link-name": "default" }]) {
        const raw = await site.rawConsumer(headers);
        await outcome(raw.publish({ subject: "a", body: new Uint8Array() }));
      }
      return textsOf(host);
    },
  },
  {
    id: "A.10 component gone",
    says: "a message for a component that nobody serves",
    both: "Unable to send message",
    act: async (site) => {
      const { host, shop, client } = await site.delivering();
      await shop.close();
      await quiet(100);
      client.publish("orders.new", "hello");
      return textsOf(host);
    },
  },
];
