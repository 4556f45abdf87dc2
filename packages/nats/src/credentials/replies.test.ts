import assert from "node:assert/strict";
import { test } from "node:test";

import { makeOperator } from "@keyturn/testkit";

import { OpenReplies } from "../handover/open-replies.js";
import { replyPermission } from "./replies.js";

const operator = await makeOperator();
const account = await operator.account("APP");

test("permission to answer is read from a user JWT", async () => {
  const of = async (resp: object): Promise<unknown> =>
    replyPermission(
      (await account.user("u", { claims: { resp } as never })).jwt,
    );
  assert.deepEqual(await of({ max: 3, ttl: 5e9 }), {
    most: 3,
    ms: 5000,
    isAssumed: false,
  });
  assert.deepEqual(await of({ max: -1, ttl: 0 }), {
    most: Infinity,
    ms: 120_000,
    isAssumed: false,
  });
  assert.equal(replyPermission((await account.user("u")).jwt), undefined);
});

test("with a scoped signing key it is assumed", async () => {
  const signer = account.signingKey({});
  const user = await account.user("u", { signer, scoped: true });
  assert.deepEqual(replyPermission(user.jwt), {
    most: 1,
    ms: 120_000,
    isAssumed: true,
  });
});

test("requests are open until they are answered or their time is over", async () => {
  const open = new OpenReplies({ most: 2, ms: 40, isAssumed: true });
  for (const reply of ["a", "b", "$JS.ACK.x"]) open.opened(reply);
  assert.equal(open.size, 2, "an assumption keeps nobody for JetStream");
  assert.equal(open.answers("c"), false);
  assert.deepEqual(
    [1, 2, 3].map(() => open.answers("a")),
    [true, true, false],
  );
  assert.ok(open.expire() > 0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(open.expire(), 0);
  assert.equal(open.size, 0);
});
