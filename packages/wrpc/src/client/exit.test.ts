import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { it } from "node:test";

import { Lab } from "../testing/lab.test.js";

const program = `
  import { connect } from "@nats-io/transport-node";
  import { client, func, implement, serve, wrpcInterface } from "@keyturn/wrpc";
  const described = wrpcInterface("a:b/c", { f: func([]), never: func([]) });
  const connection = await connect({ servers: process.env.NATS_URL });
  await serve(connection, {
    prefix: "p",
    ...implement(described, { f: () => undefined, never: () => new Promise(() => {}) }),
  });
  const it = client(connection, { prefix: "p", interface: described });
  await it.f();
  const pending = it.never().catch((error) => error.code);
  await connection.close();
  console.log(await pending);
`;

it("nothing is left that keeps a process alive", async () => {
  await using lab = await Lab.start();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", program],
    {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { ...process.env, NATS_URL: lab.server.url },
      timeout: 10_000,
    },
  );
  assert.equal(stdout, "WRPC_CONNECTION_CLOSED\n");
});
