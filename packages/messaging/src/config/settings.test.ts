import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { planOf, refuses, type Values } from "../testing/sources.test.js";

const correct = "Correct it with `wash config put`, then put the link again.";
const tokens = "Use tokens without blanks, separated by single dots.";
const begin = "failed to build connection config:";

function settings(linkConfig: Values, providerConfig: Values = {}) {
  return planOf({ linkConfig, providerConfig }).settings;
}

describe("a config value of a bad form", () => {
  const whole = (least: number, most: number): string =>
    `it is not a whole number from ${least} to ${most}`;
  const bad: Readonly<Record<string, readonly [string[], string]>> = {
    concurrency: [
      ["0", "-1", "1.5", "many", "1e3", "0x10", "65537", "١"],
      whole(1, 65_536),
    ],
    max_waiting: [["-1", "10000001", "9".repeat(13)], whole(0, 10_000_000)],
    handler_timeout_ms: [["0", "2147483648", "10s"], whole(1, 2_147_483_647)],
    ping_interval_sec: [["0", "86401", "5 s"], whole(1, 86_400)],
    order_by_subject: [["yes", "1", "tru"], "it is neither `true` nor `false`"],
    error_replies: [["on"], "it is neither `true` nor `false`"],
    tls_first: [["0"], "it is neither `true` nor `false`"],
    tls_server_name: [
      ["a b", "a\nb", "x".repeat(254), "https://a"],
      "it is no host name",
    ],
    credentials_policy: [
      ["require-secret", "REQUIRE-SECRETS", "none"],
      "it is neither `prefer-secrets` nor `require-secrets`",
    ],
    consumers: [
      ["{", "[", "stream"],
      "failed to parse `consumers`: it is not JSON",
    ],
  };
  for (const [key, [values, why]] of Object.entries(bad))
    for (const value of values)
      test(`${key}=${JSON.stringify(value.slice(0, 20))}`, () => {
        refuses(
          () => settings({ [key]: value }),
          "MESSAGING_CONFIG_INVALID",
          `${begin} The key \`${key}\` of the link config cannot be used: ${why}. ${correct}`,
        );
        refuses(
          () => settings({}, { [key]: value }),
          "MESSAGING_CONFIG_INVALID",
          `${begin} The key \`${key}\` of the provider config cannot be used: ${why}. ${correct}`,
        );
      });

  test("consumers that are no list, and any at all", () => {
    for (const value of ["{}", '"a"', "null", "7"])
      refuses(
        () => settings({ consumers: value }),
        "MESSAGING_CONFIG_INVALID",
        `${begin} The key \`consumers\` of the link config cannot be used: failed to parse \`consumers\`: it is not a JSON array. ${correct}`,
      );
    refuses(
      () => settings({}, { consumers: '[{"stream":"s","consumer":"c"}]' }),
      "MESSAGING_JETSTREAM_UNSUPPORTED",
      `${begin} JetStream consumers not supported by this provider (key \`consumers\` of the provider config). Remove the key \`consumers\` and use \`subscriptions\`.`,
    );
    settings({ consumers: " [] " });
    settings({ consumers: "" }, { consumers: "[1]" });
  });

  test("a value that a link replaces does not matter", () => {
    assert.equal(
      settings({ concurrency: "7" }, { concurrency: "many" }).concurrency,
      7,
    );
  });
});

describe("a bad subject", () => {
  const bad: readonly (readonly [string, string, string])[] = [
    ["a b", '"a b"', "it holds a blank"],
    ["a\u00a0b", '"a\u00a0b"', "it holds a blank"],
    ["a\tb", '"a\\tb"', "it holds a control character"],
    ["a\r\nPUB x 0", '"a\\r\\nPUB x 0"', "it holds a control character"],
    ["a\u0000", '"a\\u0000"', "it holds a control character"],
    ["a\u001b[31m", '"a\\u001b[31m"', "it holds a control character"],
    ["a\u009b31m", '"a\\u009b31m"', "it holds a control character"],
    ["a..b", '"a..b"', "it has an empty token"],
    [".a", '".a"', "it has an empty token"],
    ["a.", '"a."', "it has an empty token"],
    ["a\ud800b", '"a\\ud800b"', "it holds half a character"],
    [
      "x".repeat(1025),
      JSON.stringify("x".repeat(128)),
      "it is longer than 1024 bytes",
    ],
  ];
  const places = {
    subscriptions: { what: "subject", wildcards: true },
    dead_letter_subject: { what: "subject", wildcards: false },
    custom_inbox_prefix: { what: "subject", wildcards: false },
    queue_group: { what: "queue group", wildcards: false },
    publish_allow: { what: "subject", wildcards: true },
    request_allow: { what: "subject", wildcards: true },
  };
  for (const [key, { what, wildcards }] of Object.entries(places))
    test(`in ${key}`, () => {
      const refused = (value: string, shown: string, why: string): void =>
        refuses(
          () => settings({ [key]: value }),
          "MESSAGING_SUBJECT_INVALID",
          `${begin} The ${what} ${shown} in \`${key}\` of the link config cannot be used: ${why}. ${tokens}`,
        );
      for (const [value, shown, why] of bad) refused(value, shown, why);
      if (wildcards) refused("a.>.b", '"a.>.b"', "`>` is not its last token");
      else {
        refused("a.*", '"a.*"', "it holds a wildcard");
        refused(">", '">"', "it holds a wildcard");
      }
    });

  test("among good ones, and its queue group, from the provider's config", () => {
    const refused = (value: string, what: string, why: string): void =>
      refuses(
        () => settings({}, { subscriptions: value }),
        "MESSAGING_SUBJECT_INVALID",
        `${begin} The ${what} in \`subscriptions\` of the provider config cannot be used: ${why}. ${tokens}`,
      );
    refused("a,b c", 'subject "b c"', "it holds a blank");
    refused("a,|q", 'subject ""', "it is empty");
    refused("a|", 'queue group ""', "it is empty");
    refused("a|q r", 'queue group "q r"', "it holds a blank");
  });
});

describe("subscriptions", () => {
  test("are trimmed; empty ones and twins count for nothing", () => {
    assert.deepEqual(
      settings({ subscriptions: " a , b|q ,,a, b | q ,c|d|e," }).subscriptions,
      [
        { subject: "a", queue: undefined },
        { subject: "b", queue: "q" },
        { subject: "c", queue: "d|e" },
      ],
    );
  });

  test("of the provider are replaced by the link's, and cleared by an empty list", () => {
    const all = { subscriptions: "all" };
    assert.equal(settings({}, all).subscriptions[0]?.subject, "all");
    assert.equal(
      settings({ subscriptions: "own" }, all).subscriptions[0]?.subject,
      "own",
    );
    assert.deepEqual(settings({ subscriptions: "" }, all).subscriptions, []);
  });

  test("never come to a link by which a component only publishes", () => {
    for (const config of [{ linkConfig: { subscriptions: "a" } }, {}]) {
      const plan = planOf({
        ...config,
        providerConfig: { subscriptions: "all" },
        direction: "target",
      });
      assert.deepEqual(plan.settings.subscriptions, []);
    }
  });

  test("take the default queue group", () => {
    assert.deepEqual(
      settings({ subscriptions: "a,b|q", queue_group: " w " }).subscriptions,
      [
        { subject: "a", queue: "w" },
        { subject: "b", queue: "q" },
      ],
    );
  });

  test("that would bring dead letters back are refused", () => {
    const contradicts = (subscriptions: string, twin: string): void =>
      refuses(
        () => settings({ subscriptions, dead_letter_subject: "dead.shop" }),
        "MESSAGING_CONFIG_CONTRADICTION",
        `${begin} \`dead_letter_subject\` (\`dead.shop\`) is among the \`subscriptions\` (\`${twin}\`): a message that fails would come back for ever. Keep one of them, then put the link again.`,
      );
    contradicts("a,dead.shop", "dead.shop");
    contradicts("dead.*|q", "dead.*");
    contradicts(">", ">");
    settings({ subscriptions: "dead,dead.*.x", dead_letter_subject: "dead.y" });
  });
});

test("what is blank is as if it were not there", () => {
  const blank = Object.fromEntries(
    [
      "concurrency",
      "max_waiting",
      "handler_timeout_ms",
      "ping_interval_sec",
      "order_by_subject",
      "tls_first",
      "tls_server_name",
      "queue_group",
      "dead_letter_subject",
      "custom_inbox_prefix",
      "credentials_policy",
      "consumers",
    ].map((key) => [key, " "]),
  );
  assert.deepEqual(settings(blank), settings({}));
});
