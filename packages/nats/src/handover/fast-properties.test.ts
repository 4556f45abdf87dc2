import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";

import { natsServer } from "@keyturn/testkit";

import { connect } from "../connection/connect.js";

// An object that V8 keeps as a dictionary is a tenth slower to publish with; one `delete` is enough.
test("V8 keeps the objects of the hot path as records", async () => {
  await using server = await natsServer();
  await using connection = await connect({ servers: server.url });
  setFlagsFromString("--allow-natives-syntax");
  // oxlint-disable-next-line typescript/no-implied-eval -- the syntax exists only behind the flag
  const isFast = new Function(
    "object",
    "return %HasFastProperties(object)",
  ) as (object: unknown) => boolean;
  setFlagsFromString("--no-allow-natives-syntax");
  const { protocol } = connection as unknown as {
    protocol: { transport: unknown; outbound: unknown };
  };
  assert.equal(isFast(connection), true);
  assert.equal(isFast(protocol), true);
  assert.equal(isFast(protocol.transport), true);
});
