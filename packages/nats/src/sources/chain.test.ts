import assert from "node:assert/strict";
import { test } from "node:test";

import { tokenCredential } from "../credentials/makers.js";
import { isKeyturnError } from "../errors/keyturn-error.js";
import { fail } from "../errors/nats-errors.js";
import { chain, ChainError, type CredentialPlace } from "./chain.js";
import type { CredentialSource } from "./credential-source.js";

const { signal } = new AbortController();

function place(
  source: string,
  read: (() => string | undefined) | Error,
): CredentialPlace {
  return {
    origin: { source, plaintext: false },
    read: (origin) => {
      if (read instanceof Error) throw read;
      const token = read();
      return token === undefined
        ? undefined
        : tokenCredential({ token, origin });
    },
  };
}

const nothing = (): undefined => undefined;

async function failure(source: CredentialSource): Promise<ChainError> {
  try {
    await source.read(signal);
  } catch (error) {
    assert.ok(error instanceof ChainError);
    assert.ok(isKeyturnError(error));
    return error;
  }
  assert.fail("a credential came");
}

test("the first place that has a credential gives it; later ones are not asked", async () => {
  const source = chain([
    place("a", nothing),
    place("b", () => "from b"),
    place("c", new Error("never asked")),
  ]);
  const credential = await source.read(signal);
  assert.deepEqual(credential.origin, { source: "b", plaintext: false });
});

test("each read begins at the first place", async () => {
  let first: string | undefined;
  const source = chain([place("a", () => first), place("b", () => "b")]);
  assert.equal((await source.read(signal)).origin.source, "b");
  first = "a";
  assert.equal((await source.read(signal)).origin.source, "a");
});

test("a broken place ends the search, and every place's reason is told", async () => {
  const down = new Error("connection refused");
  const error = await failure(
    chain([
      place("link secrets", nothing),
      place("the store", down),
      place("config", () => "weak"),
    ]),
  );
  assert.equal(error.code, "CREDENTIAL_SOURCE_BROKEN");
  assert.equal(
    error.message,
    "The credential from the store cannot be had: connection refused. Before it there is none in: link secrets. After it, not asked: config. Mend that place, or empty it.",
  );
  assert.equal(error.cause, down);
  assert.deepEqual(error.reasons, [
    { source: "link secrets", state: "absent" },
    { source: "the store", state: "broken", error: down },
    { source: "config", state: "notAsked" },
  ]);
});

test("a reason that names its place is not told twice, and its next step is the chain's", async () => {
  const error = await failure(
    chain([
      place(
        "the file",
        fail("CREDENTIAL_HALF_PAIR", "The seed from the file has no user JWT."),
      ),
    ]),
  );
  assert.equal(
    error.message,
    "The seed from the file has no user JWT. Put the user JWT and its seed into the same source, both of them.",
  );
});

test("nothing anywhere is an error that lists the places", async () => {
  const error = await failure(
    chain([place("a", nothing), place("b", nothing)]),
  );
  assert.equal(error.code, "CREDENTIAL_ABSENT");
  assert.equal(
    error.message,
    "There is no credential in any of: a, b. Put one into the first of them that you have.",
  );
  assert.equal(
    (await failure(chain([]))).message,
    "There is no place to take a credential from. Put one into the first of them that you have.",
  );
});

test("a chain watches all places that do, until it is ended", () => {
  const watching = new Map<string, () => void>();
  const watched = (source: string): CredentialPlace => ({
    ...place(source, nothing),
    watch: (changed) => {
      watching.set(source, changed);
      return () => watching.delete(source);
    },
  });
  let changes = 0;
  const source = chain([watched("a"), place("b", nothing), watched("c")]);
  const end = source.watch?.(() => changes++);
  assert.deepEqual([...watching.keys()], ["a", "c"]);
  for (const changed of watching.values()) changed();
  assert.equal(changes, 2);
  end?.();
  assert.equal(watching.size, 0);
});

test("who gives up asking is told that, not that a place is broken", async () => {
  const control = new AbortController();
  const gone = new Error("gone");
  const source = chain([
    {
      origin: { source: "slow", plaintext: false },
      read: () => {
        control.abort(gone);
        throw new Error("aborted somewhere inside");
      },
    },
  ]);
  await assert.rejects(
    async () => source.read(control.signal),
    (error) => error === gone,
  );
});
