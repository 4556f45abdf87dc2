import assert from "node:assert/strict";
import { test } from "node:test";

import { passwordCredential } from "../credentials/makers.js";
import { refuses, rejects } from "../errors/refuses.test.fixture.js";
import { credentialsFrom, registerSource } from "./registry.js";
import type { StoreDefinition } from "./store-definition.js";

const { signal } = new AbortController();

const vaultOfMine: StoreDefinition = {
  forms: ["mine:name"],
  parameters: ["floor"],
  open: ({ text, path }) => ({
    read: () =>
      passwordCredential({
        user: path,
        password: "pw",
        origin: { source: text, plaintext: false },
      }),
  }),
};

test("a store of one's own is loaded when it is first read, and once", async () => {
  let loads = 0;
  registerSource("mine", () => {
    loads++;
    return vaultOfMine;
  });
  const source = credentialsFrom("mine:app?floor=1");
  assert.equal(loads, 0);
  assert.equal((await source.read(signal)).name, "app");
  assert.equal((await source.read(signal)).origin.source, "mine:app?floor=1");
  assert.equal(loads, 1);
});

test("what cannot be loaded is tried again", async () => {
  let loads = 0;
  registerSource("late", () => {
    loads++;
    if (loads === 1) throw new Error("not yet");
    return vaultOfMine;
  });
  const source = credentialsFrom("late:app");
  await assert.rejects(async () => source.read(signal), /^Error: not yet$/);
  assert.equal((await source.read(signal)).name, "app");
});

test("a watch may begin before its store is loaded, and end before that", async () => {
  const told: string[] = [];
  let open: ((store: StoreDefinition) => void) | undefined;
  registerSource("slow", () => new Promise((resolve) => (open = resolve)));
  const watched: StoreDefinition = {
    ...vaultOfMine,
    open: (reference) => ({
      read: (s) => credentialsFrom(`mine:${reference.path}`).read(s),
      watch: (changed) => {
        told.push("begin");
        changed();
        return () => told.push("end");
      },
    }),
  };
  const one = credentialsFrom("slow:one");
  const end = one.watch?.(() => told.push("changed"));
  open?.(watched);
  await one.read(signal);
  end?.();
  assert.deepEqual(told, ["begin", "changed", "end"]);
  const two = credentialsFrom("slow:two");
  two.watch?.(() => told.push("never"))();
  open?.(watched);
  await two.read(signal);
  assert.deepEqual(told, ["begin", "changed", "end"]);
});

test("schemes and parameters that are not known", async () => {
  registerSource("known", () => vaultOfMine);
  refuses(
    () => credentialsFrom("flie:///run/x"),
    "REFERENCE_INVALID",
    "The credential reference has the scheme `flie:`, which is none of a store. Write `file:`.",
  );
  assert.throws(
    () => credentialsFrom("https://host/secret"),
    /Use one of `file:`, .*, or register your own \(`registerSource`\)\.$/,
  );
  await rejects(
    (async () => credentialsFrom("known:x?flor=1").read(signal))(),
    "REFERENCE_INVALID",
    "A credential reference `known:` has a parameter `flor` that is not known there. Write `floor`.",
  );
  await rejects(
    (async () =>
      credentialsFrom(`known:x?SU${"A".repeat(56)}=1`).read(signal))(),
    "REFERENCE_INVALID",
    "A credential reference `known:` has a parameter that is not known there. Right forms are `mine:name`.",
  );
});

test("schemes that cannot be registered", () => {
  refuses(
    () => registerSource("Mine", () => vaultOfMine),
    "REFERENCE_INVALID",
    "A scheme to be registered is none: small letters, digits, `+`, `.`, `-`, at most 32. Give it a name such as `keyring`.",
  );
  refuses(
    () => registerSource("file", () => vaultOfMine),
    "REFERENCE_INVALID",
    "The scheme `file:` is taken by another store. Choose another name.",
  );
});
