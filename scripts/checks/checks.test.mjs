// Each check has to be able to fail: a small repository is made, once as it should be and once for
// each fault.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { errorsPage } from "../docs.mjs";
import { importsOf, packageOf } from "../lib/imports.mjs";
import { root } from "../lib/workspace.mjs";
import * as arrows from "./arrows.mjs";
import * as committed from "./committed.mjs";
import * as dependencies from "./dependencies.mjs";
import { twice, unknownKeys, unraised } from "./docs.mjs";
import { specifiersOf, unwanted } from "./packages.mjs";
import * as pages from "./pages.mjs";

let base;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "keyturn-checks-"));
  write("package.json", { workspaces: ["packages/*", "examples/*"] });
});
afterEach(() => rmSync(base, { recursive: true }));

function write(path, content) {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(
    join(base, path),
    typeof content === "string" ? content : JSON.stringify(content),
  );
}

test("imports are found in every form, and not in comments", () => {
  const text = `
import type { A } from "a";
import {
  b,
} from "@scope/b/sub";
import "c";
export * from "./d.js";
export type { E } from "e";
// import x from "no1";
/** {@link import("no2")} */
const f = await import("f");
type G = import("g").G;
const h = import.meta.resolve("h");
const i = createRequire(import.meta.url).resolve;
export const text = \`see "no3"\`;
`;
  assert.deepEqual(importsOf(text).sort(), [
    "./d.js",
    "@scope/b/sub",
    "a",
    "c",
    "e",
    "f",
    "g",
    "h",
  ]);
  assert.equal(packageOf("@scope/b/sub"), "@scope/b");
  assert.equal(packageOf("a/sub"), "a");
  assert.equal(packageOf("./a.js"), undefined);
  assert.equal(packageOf("node:fs"), undefined);
});

describe("arrows", () => {
  const table = Object.entries(arrows.arrows)
    .map(
      ([dir, names]) =>
        `| \`${dir}\` | what | ${names.map((name) => `\`${name.split("/")[1]}\``).join(", ")} |`,
    )
    .join("\n");
  beforeEach(() => {
    for (const dir of Object.keys(arrows.arrows)) {
      write(`${dir}/package.json`, {
        name: dir.replace("packages", "@keyturn"),
      });
    }
    write("examples/demo/package.json", { name: "@keyturn/demo" });
    write("docs/architecture.md", table);
  });
  const refuses = (file, text, problem) => {
    write(file, text);
    const problems = arrows.check(base);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0], problem);
  };

  test("let through what they point at", () => {
    write(
      "packages/provider/src/a.ts",
      'import "@keyturn/nats";\nimport "./b.js";\n',
    );
    write("packages/nats/src/a.test.ts", 'import "@keyturn/testkit";\n');
    write("examples/demo/src/a.ts", 'import "@keyturn/testkit";\n');
    assert.deepEqual(arrows.check(base), []);
  });
  test("refuse the way back", () =>
    refuses(
      "packages/nats/src/a.ts",
      'import type { X } from "@keyturn/provider";',
      /nats\/src\/a\.ts imports "@keyturn\/provider" against the arrows/,
    ));
  test("refuse the way back in tests, too", () =>
    refuses(
      "packages/wrpc/src/a.test.ts",
      'import "@keyturn/nats";',
      /against the arrows: packages\/wrpc may import no package/,
    ));
  test("refuse the testkit in shipped sources", () =>
    refuses(
      "packages/provider/src/a.ts",
      'import "@keyturn/testkit";',
      /imports "@keyturn\/testkit" against the arrows/,
    ));
  test("refuse to import an example", () =>
    refuses(
      "packages/messaging/src/a.test.ts",
      'import "@keyturn/demo";',
      /imports an example/,
    ));
  test("refuse to reach into another package's files", () =>
    refuses(
      "packages/provider/src/deep/a.ts",
      'import "../../../nats/src/index.js";',
      /reaches out of its package/,
    ));
  test("refuse a package without a row", () =>
    refuses("packages/new/package.json", { name: "@keyturn/new" }, /no row/));
  test("refuse a page that shows other arrows", () =>
    refuses(
      "docs/architecture.md",
      table.replace("`nats`, ", ""),
      /docs\/architecture\.md shows other arrows/,
    ));
});

describe("dependencies", () => {
  beforeEach(() => {
    write("package.json", {
      workspaces: ["packages/*"],
      devDependencies: { "fast-check": "1" },
    });
    write("packages/a/package.json", {
      name: "a",
      dependencies: { b: "1", zod: "1" },
      devDependencies: { kit: "1" },
    });
    write(
      "packages/a/src/a.ts",
      'import "b";\nimport "zod/mini";\nimport "node:fs";\n',
    );
    write("packages/a/src/a.test.ts", 'import "kit";\nimport "fast-check";\n');
    write("packages/a/tsconfig.src.json", {
      exclude: ["src/**/*.test*.ts"],
      references: [{ path: "../b/tsconfig.src.json" }],
    });
    write("packages/b/package.json", { name: "b" });
  });
  const refuses = (file, text, problem) => {
    write(file, text);
    const problems = dependencies.check(base);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0], problem);
  };

  test("are fine when declared, used and referenced", () => {
    assert.deepEqual(dependencies.check(base), []);
  });
  test("must be declared", () =>
    refuses("packages/a/src/x.ts", 'import "c";', /x\.ts imports "c"/));
  test("of tests do not serve shipped sources", () =>
    refuses("packages/a/src/x.ts", 'import "kit";', /not in the dependencies/));
  test("of the repository do not serve shipped sources", () =>
    refuses(
      "packages/a/src/x.ts",
      'import "fast-check";',
      /not in the dependencies/,
    ));
  test("of Node are named as such", () =>
    refuses("packages/a/src/x.ts", 'import "fs";', /Write "node:fs"/));
  test("must be used", () =>
    refuses(
      "packages/a/src/a.ts",
      'import "b";',
      /zod in dependencies, and nothing there uses it/,
    ));
  test("must be known to the compiler", () =>
    refuses(
      "packages/a/tsconfig.src.json",
      { exclude: ["src/**/*.test*.ts"] },
      /tsconfig\.src\.json has no reference to b/,
    ));
  test("of what tests share are those of tests", () =>
    refuses(
      "packages/a/tsconfig.test.json",
      { include: ["src/**/*.test.ts"] },
      /tsconfig\.test\.json has other files of tests than the rest\. Write "include": \["src\/\*\*\/\*\.test\*\.ts"\]\.$/,
    ));
});

describe("what is committed", () => {
  beforeEach(() => execFileSync("git", ["init", "-q"], { cwd: base }));
  const refuses = (file, text, problem) => {
    write(file, text);
    const problems = committed.check(base);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0], problem);
  };

  test("may be ordinary text", () => {
    write(
      "a.md",
      "See https://example.com/home/page and ./work/x, not S23456.",
    );
    assert.deepEqual(committed.check(base), []);
  });
  test("holds no registry", () =>
    refuses(
      "package-lock.json",
      '{\n  "resolved": "https://registry.example/a.tgz"\n}',
      /package-lock\.json:2 holds the address of a registry/,
    ));
  test("holds no path of one machine", () =>
    refuses("a.ts", ["cd ", "home", "me"].join("/"), /a path of one machine/));
  test("holds no private key", () => {
    const { privateKey } = generateKeyPairSync("ed25519", {
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    refuses("key.txt", privateKey, /key\.txt:1 holds a private key/);
  });
  test("holds no nkey seed, real ones only", async () => {
    const { createUser } = await import("@nats-io/nkeys");
    const seed = new TextDecoder().decode(createUser().getSeed());
    const middle = seed[20] === "A" ? "B" : "A";
    const broken = seed.slice(0, 20) + middle + seed.slice(21);
    write("b.txt", broken);
    refuses("a.txt", `seed=${seed}`, /a\.txt:1 holds an nkey seed/);
  });
  test("holds no JWT, and does not repeat it", () => {
    const part = Buffer.from('{"typ":"JWT","alg":"ed25519-nkey"}').toString(
      "base64url",
    );
    const jwt = `${part}.${part}.${"x".repeat(86)}`;
    refuses("a.txt", jwt, /a\.txt:1 holds a JWT/);
    assert.ok(!committed.check(base)[0].includes(part));
  });
});

test("the linter refuses cycles, also of types, and promises nobody awaits", () => {
  write("tsconfig.json", {
    compilerOptions: { strict: true, module: "NodeNext", types: [] },
  });
  write("a.ts", 'import type { B } from "./b.js";\nexport type A = B;\n');
  write("b.ts", 'import type { A } from "./a.js";\nexport type B = A | 1;\n');
  write("c.ts", "export function c(): void {\n  Promise.resolve();\n}\n");
  const bin = join(root, "node_modules/.bin");
  write("d.ts", "export const d = (x: any): unknown => x;\n");
  assert.throws(
    () =>
      execFileSync(
        join(bin, "oxlint"),
        [
          `--config=${join(root, ".oxlintrc.json")}`,
          "--type-aware",
          "--format=unix",
        ],
        {
          cwd: base,
          encoding: "utf8",
          stdio: "pipe",
          // Where the linter looks for its helper: npm would have put it there.
          env: {
            ...process.env,
            PATH: `${bin}${delimiter}${process.env.PATH}`,
          },
        },
      ),
    ({ stdout }) => {
      assert.equal(stdout.match(/no-cycle/g)?.length, 2, stdout);
      assert.match(stdout, /no-floating-promises/);
      assert.match(stdout, /no-explicit-any/);
      return true;
    },
  );
});

test("a tarball with tests in it, or without its licence, is refused", () => {
  const good = ["package.json", "README.md", "LICENSE", "dist/index.js"];
  assert.deepEqual(unwanted({ name: "p", files: good }), []);
  assert.deepEqual(
    unwanted({ name: "p", files: [...good, "dist/a.test.js", "src/a.ts"] }),
    [
      "The tarball of p holds dist/a.test.js.",
      "The tarball of p holds src/a.ts.",
    ],
  );
  assert.deepEqual(
    unwanted({ name: "p", files: good.filter((file) => file !== "LICENSE") }),
    ["The tarball of p lacks LICENSE."],
  );
});

test("every entry of the exports map is imported", () => {
  assert.deepEqual(
    specifiersOf({
      name: "@keyturn/p",
      exports: { ".": {}, "./sub": {}, "./package.json": "" },
    }),
    ["@keyturn/p", "@keyturn/p/sub"],
  );
});

describe("pages", () => {
  beforeEach(() => {
    execFileSync("git", ["init", "-q"], { cwd: base });
    write("docs/a.md", "# A\n\n## One `part` & more");
    write("packages/p/src/x.test.ts", 'test("one holds", () => {});');
  });
  const refuses = (text, problem) => {
    write("README.md", text);
    assert.deepEqual(pages.check(base), [problem]);
  };

  test("may link to what is there, and name tests that are there", () => {
    write(
      "README.md",
      '# Here\n\n[a](docs/a.md#one-part--more) [b](https://example.com) [c](#here) `packages/p/src/x.test.ts`: "one holds"',
    );
    assert.deepEqual(pages.check(base), []);
  });
  test("may not link to what is not there", () =>
    refuses(
      "[a](docs/b.md#part)",
      "README.md links to docs/b.md#part, which is not there.",
    ));
  test("may not link to a part that is not there", () =>
    refuses(
      "[a](docs/a.md#two)",
      "README.md links to docs/a.md#two, which is not there.",
    ));
  test("may not name a test that is not there", () =>
    refuses(
      '`packages/p/src/x.test.ts`: "one holds", "another holds"',
      'README.md names the test "another holds", which packages/p/src/x.test.ts does not have.',
    ));
  test("may not name a test file that is not there", () =>
    refuses(
      '`packages/p/src/y.test.ts`: "one holds"',
      "README.md names packages/p/src/y.test.ts, which is not there.",
    ));
});

test("a page names no config key that does not exist", () => {
  const page = [
    "`client_jwt`, `client_sed`, `credentials_polcy=require-secrets`, `messaging`",
    "          - name: client_jtw",
    "            cluster_urls: nats://a",
    "            cluster_uris: nats://a",
  ].join("\n");
  assert.deepEqual(unknownKeys(page, { client_jwt: {}, cluster_uris: {} }), [
    "client_sed",
    "credentials_polcy",
    "client_jtw",
    "cluster_urls",
  ]);
});

describe("error codes", () => {
  const row = { meaning: "It broke | badly.", next: "Mend it." };

  test("that nothing raises are found", () => {
    assert.deepEqual(unraised(["A", "B"], ['fail("A", "…")']), ["B"]);
  });
  test("that stand in two tables are found", () => {
    assert.deepEqual(
      twice([
        { name: "x", table: { A: row } },
        { name: "y", table: { A: row, B: row } },
      ]),
      ["A is in the tables of x and y. Give one of them another name."],
    );
  });
  test("are all listed on the page", () => {
    const page = errorsPage([{ name: "x", table: { B: row, A: row } }]);
    assert.match(
      page,
      /## x\n[^]*\| `A` \| It broke \\\| badly\. \| Mend it\. \|\n\| `B` /,
    );
  });
});
