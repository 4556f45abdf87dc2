import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { KeyturnError } from "@keyturn/nats";

import { messagingErrors } from "../errors/messaging-errors.js";
import { parseConfig } from "./read-config.js";

const code = "MESSAGING_CONTAINER_CONFIG_INVALID";

describe("a config without a host", () => {
  test("needs one link, and has defaults for the rest", () => {
    assert.deepEqual(
      parseConfig("links: [{ component: shop, interface: handler }]", "x"),
      {
        lattice: {
          name: "default",
          url: "nats://127.0.0.1:4222",
          credentials: undefined,
        },
        provider: "messaging",
        log: { level: "info", json: false },
        config: {},
        secrets: {},
        links: [
          {
            component: "shop",
            interface: "handler",
            name: "default",
            config: {},
            secrets: {},
          },
        ],
      },
    );
  });

  test("may be JSON, and its values need no quotes", () => {
    const { links, config } = parseConfig(
      JSON.stringify({
        config: { ping_interval_sec: 3, tls_first: true },
        links: [{ component: "a", interface: "consumer" }],
      }),
      "x",
    );
    assert.deepEqual(config, { ping_interval_sec: "3", tls_first: "true" });
    assert.equal(links[0]?.interface, "consumer");
  });

  const link = "links: [{ component: a, interface: handler }]";
  const { next } = messagingErrors[code];
  const refused: [string, string, string?][] = [
    ["", "it has no `links`"],
    ["links: []", "it has no `links`"],
    ["- a", "it is no map of names and values"],
    ["a: [SUASECRET", "line 1, column 14 is no YAML"],
    [`${link}\nlatice: {}`, "`latice` is not known", "Did you mean `lattice`?"],
    [
      `${link}\nlattice: { servers: a }`,
      "`lattice.servers` is not known",
      "There are: name, url, credentials.",
    ],
    [`${link}\nlattice: here`, "`lattice` is no map of names and values"],
    [`${link}\nlattice: { url: [a] }`, "`lattice.url` is no text"],
    [
      `${link}\nlog: { level: loud }`,
      "`log.level` is none of error, warn, info, debug, trace",
    ],
    [`${link}\nconfig: { a: { b: c } }`, "`config.a` is no text"],
    ["links: a", "`links` is no list"],
    ["links: [a]", "`links[0]` is no map of names and values"],
    ["links: [{ interface: handler }]", "`links[0].component` is missing"],
    ["links: [{ component: a }]", "`links[0].interface` is missing"],
    [
      "links: [{ component: a, interface: both }]",
      "`links[0].interface` is none of handler, consumer",
    ],
  ];
  for (const [text, why, help = next] of refused)
    test(`is refused: ${why}`, () => {
      assert.throws(
        () => parseConfig(text, "a.yaml"),
        (error: unknown) => {
          assert.ok(error instanceof KeyturnError);
          assert.equal(error.code, code);
          assert.equal(
            error.message,
            `The config in a.yaml cannot be used: ${why}. ${help}`,
          );
          return true;
        },
      );
    });
});
