import { getHeapSnapshot } from "node:v8";

import { signedJwt } from "@keyturn/testkit";
import { createAccount, createUser } from "@nats-io/nkeys";

/** Whether a snapshot of the heap, as a debugger would take it, holds one of the texts. */
export async function heapHolds(
  texts: readonly Uint8Array[],
): Promise<boolean[]> {
  const found = texts.map(() => false);
  let before = Buffer.alloc(0);
  for await (const chunk of getHeapSnapshot()) {
    const window = Buffer.concat([before, chunk as Buffer]);
    for (const [i, text] of texts.entries())
      found[i] ||= window.includes(Buffer.from(text).toString("latin1"));
    before = window.subarray(-200);
  }
  return found;
}

export interface UserBytes {
  readonly publicKey: string;
  readonly jwt: Uint8Array;
  readonly seed: Uint8Array;
  readonly creds: Uint8Array;
}

/** A user whose seed has never been a string. */
export function userBytes(): UserBytes {
  const keys = createUser();
  const jwt = Buffer.from(
    signedJwt(
      { sub: keys.getPublicKey(), nats: { type: "user", version: 2 } },
      createAccount(),
    ),
  );
  const seed = keys.getSeed();
  const line = (label: string): Buffer => Buffer.from(`\n-----${label}-----\n`);
  const creds = Buffer.concat([
    line("BEGIN NATS USER JWT"),
    jwt,
    line("END NATS USER JWT"),
    line("BEGIN USER NKEY SEED"),
    seed,
    line("END USER NKEY SEED"),
  ]);
  return { publicKey: keys.getPublicKey(), jwt, seed, creds };
}
