import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { makeOperator, natsServer } from "@keyturn/testkit";

const program = `
import { subscribe } from "node:diagnostics_channel";
import { connect, credsCredential } from "@keyturn/nats";
subscribe("keyturn:nats", ({ code }) => code && console.log(code));
await connect({
  servers: process.env.NATS_URL,
  pingInterval: 100, // its timer would keep the process for a while
  credentials: credsCredential(process.env.CREDS, { source: "x", plaintext: false }),
});
`;

test("a process that has only this connection stays while it waits for a credential", async () => {
  const operator = await makeOperator();
  const account = await operator.account("APP");
  await using server = await natsServer({
    config: await operator.serverConfig(),
  });
  const { creds } = await account.user("short", { expiresInSeconds: 3 });
  const child = spawn(
    process.execPath,
    ["--input-type=module", "--eval", program],
    {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { ...process.env, NATS_URL: server.url, CREDS: creds },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const exit = once(child, "exit");
  const [line] = (await once(createInterface(child.stdout), "line")) as [
    string,
  ];
  assert.equal(line, "CREDENTIAL_EXPIRED");
  await Promise.race([
    exit,
    new Promise((resolve) => setTimeout(resolve, 500)),
  ]);
  assert.equal(child.exitCode, null);
  child.kill();
  assert.deepEqual(await exit, [null, "SIGTERM"]);
});
