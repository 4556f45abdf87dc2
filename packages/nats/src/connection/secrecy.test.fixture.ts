// A program under test for leaks: everything that can happen to a connection happens to it, and all of
// it is printed in every way there is. Its parent looks for secrets in what it prints and in its heap.
import { subscribe } from "node:diagnostics_channel";
import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { writeHeapSnapshot } from "node:v8";

import type { Credential } from "../credentials/credential.js";
import {
  credsCredential,
  passwordCredential,
  tokenCredential,
} from "../credentials/makers.js";
import { natsChannelName } from "../events/nats-events.js";
import { Secret } from "../secret/secret.js";
import { connect } from "./connect.js";

/** What the parent hands over: paths of files with the secrets, never the secrets. */
export interface Task {
  readonly server: string;
  readonly plainServer: string;
  /** `.creds` files, taken in turn. */
  readonly good: readonly string[];
  /** `.creds` files, each refused for a reason of its own. */
  readonly bad: readonly string[];
  readonly password: string;
  readonly heap: string;
}

const origin = { source: "a file", plaintext: true };

function show(what: string, value: unknown): void {
  console.log(what, value);
  console.log(
    inspect(value, {
      depth: 12,
      showHidden: true,
      customInspect: false,
      getters: true,
      maxArrayLength: Infinity,
      maxStringLength: Infinity,
    }),
  );
  try {
    console.log(String(value), JSON.stringify(value));
  } catch {
    // Circular, as connections are.
  }
  for (let error = value; error instanceof Error; error = error.cause)
    console.log(error.stack);
}

async function creds(path: string): Promise<Credential> {
  const bytes = await readFile(path);
  try {
    return credsCredential(Secret.fromBytes(bytes), origin);
  } finally {
    bytes.fill(0);
  }
}

async function failing(what: string, work: () => Promise<unknown>) {
  try {
    await work();
    console.log(`NOT REFUSED: ${what}`);
  } catch (error) {
    show(what, error);
  }
}

async function run(task: Task): Promise<void> {
  let file = task.good[0] ?? "";
  const source = (): Promise<Credential> => creds(file);
  const connection = await connect({
    servers: task.server,
    credentials: source,
  });
  show("options", { servers: task.server, credentials: source });
  let heard = 0;
  connection.subscribe("a.>", { callback: () => void heard++ });
  for (const path of task.good) {
    file = path;
    await connection.refreshCredentials();
    connection.publish("a.b", "x");
    await connection.flush();
    show("posture", connection.posture());
  }
  for (const path of task.bad) {
    file = path;
    await failing(path, () => connection.refreshCredentials());
    await failing(path, () =>
      connect({ servers: task.server, credentials: source }),
    );
  }
  file = task.good[0] ?? "";
  await connection.reconnect();
  await connection.refreshCredentials();
  await connection.flush();
  connection.publish("forbidden", "x");
  await connection.flush();
  const credential = await creds(file);
  show("credential", credential);
  show("authenticator", credential.authenticator());
  show("connection", connection);
  show("heard", heard);

  const password = await readFile(task.password);
  for (const wrong of [
    passwordCredential({ user: "ada", password, origin }),
    tokenCredential({ token: password, origin }),
  ]) {
    show("credential", wrong);
    await failing("a wrong password", () =>
      connect({ servers: task.plainServer, credentials: wrong }),
    );
    wrong.wipe();
  }
  password.fill(0);
  await failing("a password in the address", async () =>
    connect({
      servers: `nats://ada:${encodeURIComponent(await readFile(task.password, "utf8"))}@127.0.0.1:1`,
    }),
  );
  await failing("nobody there", () =>
    connect({ servers: "127.0.0.1:1", credentials: source }),
  );
  // The snapshot is of a connection at work.
  writeHeapSnapshot(task.heap);
  await connection.close();
  show("closed", connection);
}

subscribe(natsChannelName, (event) => show("event", event));
process.on("warning", (warning) => show("warning", warning));
await run(JSON.parse(process.argv[2] ?? "") as Task);
console.log("the end");
