import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, wrongFacts } from "./demo.mjs";

const exchange = {
  published: 10,
  handled: 10,
  receipts: 10,
  requests: 5,
  answers: 5,
  latency: { p50Ms: 0.5, p99Ms: 0.9 },
  warnings: [],
};
const rotation = {
  changes: 3,
  published: 500,
  handled: 500,
  lost: 0,
  doubled: 0,
  requests: 50,
  answers: 50,
};
const facts = {
  secrets: exchange,
  rotation,
  plaintext: { ...exchange, warnings: ["MESSAGING_PLAINTEXT_CREDENTIAL …"] },
  refused: {
    errors: ["MESSAGING_PLAINTEXT_REFUSED …"],
    healthy: false,
    health: "… require-secrets …",
    dialled: 0,
    answered: 0,
  },
  seconds: 5,
};

test("facts as they should be", () => assert.deepEqual(wrongFacts(facts), []));

for (const [what, wrong] of Object.entries({
  "with secrets, everything passes": { secrets: { ...exchange, handled: 9 } },
  "with secrets, nothing is warned of": {
    secrets: { ...exchange, warnings: ["a"] },
  },
  "while credentials change, everything passes once": {
    rotation: { ...rotation, doubled: 1 },
  },
  "with plain config, everything passes": {
    plaintext: { ...facts.plaintext, answers: 4 },
  },
  "with plain config, there is a warning with its code": {
    plaintext: exchange,
  },
  "with require-secrets, the refusal is logged with its code": {
    refused: { ...facts.refused, errors: [] },
  },
  "with require-secrets, health says why": {
    refused: { ...facts.refused, healthy: true },
  },
  "with require-secrets, nothing is dialled": {
    refused: { ...facts.refused, dialled: 1 },
  },
  "with require-secrets, nothing is answered": {
    refused: { ...facts.refused, answered: 1 },
  },
  "it takes less than 20 seconds": { seconds: 21 },
})) {
  test(`facts that do not show that ${what}`, () => {
    assert.deepEqual(wrongFacts({ ...facts, ...wrong }), [
      `The demo's facts do not show that ${what}.`,
    ]);
  });
}

test("the README may differ in numbers and keys, and in nothing else", () => {
  const key = (letter) => `U${letter.repeat(55)}`;
  const readme = `Text\n\n\`\`\`console\n$ npm run demo\n\n1. user ${key("A")}\n   10 ms, 1,000 orders at 127.0.0.1:4222\n\`\`\`\n`;
  const real = `\n1. user ${key("B")}\n   9.5 ms, 900 orders at 127.0.0.1:34567\n`;
  assert.deepEqual(differences(readme, real), []);
  assert.equal(differences(readme, real.replace("orders", "cups")).length, 1);
  assert.equal(differences(readme, `${real}more\n`).length, 1);
  assert.equal(differences("Text", real).length, 1);
});
