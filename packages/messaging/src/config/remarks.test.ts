import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { settingsOf, type Values } from "../testing/sources.test.js";
import { nearestKey } from "./hint.js";
import { remarks, secretRemarks } from "./remarks.js";

function told(
  values: Values,
  direction: "handler" | "consumer" | "provider" = "handler",
): string[] {
  const layer = { place: "link config", ...settingsOf(values) };
  return remarks(layer, direction).map(({ message }) => message);
}

describe("a key that has no effect", () => {
  test("in upper case, as old READMEs had them", () => {
    for (const key of [
      "SUBSCRIPTIONS",
      "CLUSTER_URIS",
      "CLIENT_JWT",
      "CLIENT_SEED",
      "Tls_Ca",
    ])
      assert.deepEqual(told({ [key]: "SUCANARY" }), [
        `The key \`${key}\` of the link config is unknown and has no effect. Did you mean \`${key.toLowerCase()}\`?`,
      ]);
  });

  test("misspelt, with what was probably meant", () => {
    const meant: Readonly<Record<string, string>> = {
      subscription: "subscriptions",
      "cluster-uris": "cluster_uris",
      cluster_uri: "cluster_uris",
      client_sed: "client_seed",
      clientseed: "client_seed",
      paswword: "password",
      queuegroup: "queue_group",
      order_by_subjects: "order_by_subject",
      "credentials.policy": "credentials_policy",
    };
    for (const [key, nearest] of Object.entries(meant))
      assert.equal(nearestKey(key), nearest, key);
  });

  test("like no other, with what to do", () => {
    assert.deepEqual(told({ color: "blue", "": "x" }), [
      "The key `color` of the link config is unknown and has no effect. Correct its name, or remove it.",
      "The key `` of the link config is unknown and has no effect. Correct its name, or remove it.",
    ]);
    assert.equal(nearestKey("x".repeat(100_000)), undefined);
  });

  test("is shown safely, cut, and without its value", () => {
    const [message = ""] = told({ [`\u001b[31m\n${"k".repeat(999)}`]: "v" });
    assert.equal(
      message,
      `The key \`?[31m?${"k".repeat(58)}\` of the link config is unknown and has no effect. Correct its name, or remove it.`,
    );
  });

  test("on the other kind of link", () => {
    assert.deepEqual(
      told({ subscriptions: "a", error_replies: "true" }, "consumer"),
      [
        "The key `subscriptions` of the link config has no effect on a consumer link. Move it to the link it is meant for, or remove it.",
        "The key `error_replies` of the link config has no effect on a consumer link. Move it to the link it is meant for, or remove it.",
      ],
    );
    assert.deepEqual(told({ publish_allow: "a" }), [
      "The key `publish_allow` of the link config has no effect on a handler link. Move it to the link it is meant for, or remove it.",
    ]);
    assert.deepEqual(
      told({ subscriptions: "a", publish_allow: "a" }, "provider"),
      [],
    );
  });

  test("among secrets", () => {
    const secrets = new Map(
      ["client_jwt", "user", "tls_ca", "CLIENT_SEED", "subscriptions"].map(
        (key) => [key, undefined],
      ),
    );
    assert.deepEqual(
      secretRemarks("link secrets", secrets).map(({ message }) => message),
      [
        "The key `CLIENT_SEED` of the link secrets is unknown and has no effect. Did you mean `client_seed`?",
        "The key `subscriptions` of the link secrets has no effect: it is read from config only. Move it to config, or remove it.",
      ],
    );
  });
});
