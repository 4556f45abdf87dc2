// The Containerfile of examples/container, built and run: on Debian, and on nothing but the libraries that
// the single executable names. Without a daemon and without a registry: buildah, in a change of root.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import {
  makeOperator,
  ManagedChild,
  MessagingComponent,
  natsServer,
  until,
} from "@keyturn/testkit";
import { credsAuthenticator } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { step } from "../scripts/lib/step.mjs";
import { root } from "../scripts/lib/workspace.mjs";

const run = promisify(execFile);
const target = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
const executable = join(root, "dist/exe", `keyturn-messaging-${target}`);
const found = (program) => spawnSync(program, ["--version"]).status === 0;
const skip =
  (!existsSync(executable) && "not built: npm run build:exe") ||
  (process.getuid() !== 0 && "only root may change the root") ||
  (!found("buildah") && "there is no buildah") ||
  (!found("debootstrap") && "there is no debootstrap");

/** User of the image. */
const user = 65532;
const storage = join(root, ".cache/containers");

const flags = [
  ["--root", join(storage, "root"), "--runroot", join(storage, "run")],
  ["--storage-driver", "vfs"],
].flat();
/** Types a command of `buildah`, on images of its own. */
const buildah = (...args) =>
  execFileSync("buildah", [flags, args].flat(2), {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();

/** Images by name, and what makes the files of each. */
const bases = {
  "docker.io/library/debian:12-slim": (folder) =>
    step(
      "Installing Debian 12 (debootstrap)",
      "debootstrap",
      ["--variant=minbase", "bookworm", folder],
      { cwd: root, say: (line) => console.error(line) },
    ),
  "localhost/libraries": (folder) => {
    const listed = execFileSync("ldd", [executable], { encoding: "utf8" });
    for (const [path] of listed.matchAll(/\/\S+/g)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      cpSync(path, join(folder, path), { dereference: true });
    }
  },
};

/** Ids of the users as whom a program runs. */
function usersOf(program) {
  const read = (id, name) => {
    try {
      return readFileSync(`/proc/${id}/${name}`, "latin1");
    } catch {
      return ""; // It has ended since.
    }
  };
  return readdirSync("/proc")
    .filter((id) => read(id, "cmdline").startsWith(`${program}\0`))
    .map((id) => Number(/^Uid:\s+(\d+)/m.exec(read(id, "status"))?.[1]));
}

async function baseImage(name) {
  const known = buildah(
    "images",
    "--noheading",
    "--format",
    "{{.Name}}:{{.Tag}}",
  );
  if (known.includes(name)) return;
  const folder = mkdtempSync(join(tmpdir(), "keyturn-base-"));
  try {
    await bases[name](folder);
    // As it is made, only its owner may look into it.
    chmodSync(folder, 0o755);
    const container = buildah("from", "scratch");
    buildah("add", "--quiet", container, folder, "/");
    buildah("commit", "--quiet", container, name);
    buildah("rm", container);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const base of Object.keys(bases))
  describe(`the image on ${base}`, { skip }, () => {
    let image;
    let container;
    let entrypoint;
    let folder;
    let lattice;
    let backing;
    let client;
    let shop;
    let child;

    before(async () => {
      await baseImage(base);
      const file = join(root, "examples/container/Containerfile");
      image = buildah(
        ["bud", "--quiet", "--isolation", "chroot", "--pull-never"],
        ["--format", "docker", "--from", base, "--file", file],
        ["--build-arg", `TARGET=${target}`, root],
      )
        .split("\n")
        .at(-1);
      container = buildah("from", "--pull-never", image);
      ({ Entrypoint: entrypoint } = JSON.parse(
        buildah("inspect", "--type", "image", image),
      ).Docker.config);

      const operator = await makeOperator();
      const account = await operator.account("SHOP");
      lattice = await natsServer();
      backing = await natsServer({ config: await operator.serverConfig() });
      const outside = await account.user("client");
      client = await connect({
        servers: backing.url,
        authenticator: credsAuthenticator(
          new TextEncoder().encode(outside.creds),
        ),
      });
      shop = await MessagingComponent.start({
        lattice,
        id: "shop",
        provider: "messaging",
        handle: async ({ replyTo, text }, self) => {
          await self.publish(replyTo, text);
        },
      });
      folder = mkdtempSync(join(tmpdir(), "keyturn-container-"));
      chmodSync(folder, 0o755);
      const put = (name, text) => {
        writeFileSync(join(folder, name), text, { mode: 0o400 });
        chownSync(join(folder, name), user, user);
      };
      put("nats.creds", (await account.user("shop")).creds);
      put(
        "provider.yaml",
        `lattice: { url: "${lattice.url}" }
config:
  cluster_uris: ${backing.url}
  credentials: file:///etc/keyturn/nats.creds
  credentials_policy: require-secrets
links:
  - { component: shop, interface: handler, config: { subscriptions: orders.> } }
  - { component: shop, interface: consumer }
`,
      );
    });
    after(async () => {
      await child?.stop();
      await shop?.[Symbol.asyncDispose]();
      await client?.close();
      await backing?.stop();
      await lattice?.stop();
      if (folder) rmSync(folder, { recursive: true });
      if (container) buildah("rm", container);
      if (image) buildah("rmi", image);
    });

    /** Arguments of `buildah` that run the program of the image, as a container would be started. */
    const start = (...more) =>
      [
        ...flags,
        ["run", "--isolation", "chroot"],
        ["--volume", `${folder}:/etc/keyturn:ro`, container, "--"],
        entrypoint,
        more,
      ].flat();

    test("serves its links as another user than root", async () => {
      child = await ManagedChild.start({
        command: "buildah",
        args: start(),
        env: { PATH: process.env.PATH },
      });
      await until("an answer", 30_000, async () => {
        if (!child.running) throw new Error(child.stderr.text());
        return client.request("orders.new", "hello", { timeout: 1000 }).then(
          (answer) => answer.string() === "hello",
          () => false,
        );
      });
      assert.deepEqual(usersOf(entrypoint[0]), [user]);
    });

    test("tells its health by its exit code", async () => {
      await run("buildah", start("--health"));
      await backing.stop();
      await until("ill health", 20_000, () =>
        run("buildah", start("--health")).then(
          () => false,
          ({ code, stderr, stdout }) => {
            assert.equal(code, 1, stderr);
            return /shop/.test(stdout + stderr);
          },
        ),
      );
    });
  });
