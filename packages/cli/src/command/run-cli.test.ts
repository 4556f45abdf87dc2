import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { describe, test } from "node:test";
import { text } from "node:stream/consumers";

import { defineCommand, type CommandGroup, type Input } from "./command.js";
import { runCli } from "./run-cli.js";

let last: Input | undefined;
const groups: readonly CommandGroup[] = [
  {
    name: "tea",
    summary: "About tea",
    commands: [
      defineCommand({
        name: "brew",
        summary: "Brew tea",
        details: "Takes a while.",
        arguments: [
          { name: "KIND", summary: "the kind of tea" },
          { name: "CUP", summary: "a cup", many: true },
        ],
        options: {
          pot: { type: "text", summary: "the pot", required: true, env: "POT" },
          minutes: { type: "count", summary: "how long", default: 3, max: 10 },
          with: { type: "text", summary: "what else", many: true },
          strong: { type: "flag", summary: "twice as much" },
        },
        examples: ["keyturn tea brew green mug --pot blue"],
        run: async (input, terminal) => {
          last = input as unknown as Input;
          if (input.options.strong) throw new Error("the pot\u001b[2J broke");
          const minutes: number = input.options.minutes;
          terminal.warn("it is hot");
          terminal.show({ minutes }, `ready after ${minutes} min`);
          await Promise.resolve();
        },
      }),
      defineCommand({
        name: "rinse",
        summary: "Rinse the pot",
        options: {},
        run: () => Promise.resolve(),
      }),
    ],
  },
];

async function type(
  line: string,
  env: Record<string, string> = {},
  isTTY = false,
) {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const code = await runCli(
    { version: "1.2.3", groups },
    line === "" ? [] : line.split(" "),
    {
      stdin: Readable.from([]),
      stdout,
      stderr,
      env,
      untilStopped: () => Promise.resolve(),
    },
  );
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

describe("keyturn", () => {
  test("says its version, and what there is, at three depths", async () => {
    assert.deepEqual(await type("--version"), {
      code: 0,
      stdout: "1.2.3\n",
      stderr: "",
    });
    const all = await type("--help");
    assert.equal(
      all.stdout,
      [
        "keyturn 1.2.3",
        "",
        "Usage",
        "  keyturn GROUP COMMAND [options]",
        "",
        "keyturn tea",
        "  About tea",
        "  brew   Brew tea",
        "  rinse  Rinse the pot",
        "",
        "Options",
        "  --help     print this text, or that of a group or command",
        "  --version  print the version",
        "",
      ].join("\n"),
    );
    assert.deepEqual(await type(""), { ...all, code: 2 });
    const group = await type("tea --help");
    assert.match(group.stdout, /^keyturn tea: About tea\n[^]*brew {3}Brew tea/);
    assert.deepEqual(await type("tea"), { ...group, code: 2 });
    assert.equal(
      (await type("tea brew --help")).stdout,
      [
        "Brew tea.",
        "",
        "Takes a while.",
        "",
        "Usage",
        "  keyturn tea brew KIND CUP… [options]",
        "",
        "Arguments",
        "  KIND  the kind of tea",
        "  CUP   a cup",
        "",
        "Options",
        "  --pot TEXT   the pot (needed, or $POT)",
        "  --minutes N  how long (default 3)",
        "  --with TEXT  what else (may be given several times)",
        "  --strong     twice as much",
        "  --json       print JSON, for programs",
        "  --help       print this text",
        "",
        "Examples",
        "  keyturn tea brew green mug --pot blue",
        "",
      ].join("\n"),
    );
  });

  test("gives a command what was typed, checked", async () => {
    const { code, stdout, stderr } = await type(
      "tea brew green a b --pot=blue --with milk --with sugar --minutes 5",
    );
    assert.deepEqual(
      [code, stdout, stderr],
      [0, "ready after 5 min\n", "warning: it is hot\n"],
    );
    assert.deepEqual(last, {
      options: {
        pot: "blue",
        minutes: 5,
        with: ["milk", "sugar"],
        strong: false,
      },
      arguments: ["green", "a", "b"],
    });
    await type("tea brew green a", { POT: "red" });
    assert.deepEqual(last?.options, {
      pot: "red",
      minutes: 3,
      with: [],
      strong: false,
    });
  });

  test("prints JSON where that is asked for, errors too", async () => {
    const done = await type("tea brew green a --pot b --json");
    assert.equal(done.stdout, '{"minutes":3}\n');
    assert.equal(done.stderr, '{"warning":"it is hot"}\n');
    const failed = await type("tea brew --json", { POT: "red" });
    assert.deepEqual(JSON.parse(failed.stderr), {
      error: {
        code: "CLI_ARGUMENTS_WRONG",
        message:
          "`keyturn tea brew` needs KIND: the kind of tea. Look at what it takes: `keyturn tea brew --help`.",
      },
    });
  });

  const look = "Look at what it takes: `keyturn tea brew --help`.";
  for (const [line, message] of [
    [
      "tee",
      "`keyturn` has no command `tee`. Did you mean `keyturn tea`? Look at what there is: `keyturn --help`.",
    ],
    [
      "--wat",
      "`keyturn` has no option `--wat`. Look at what there is: `keyturn --help`.",
    ],
    [
      "tea brwe",
      "`keyturn tea` has no command `brwe`. Did you mean `keyturn tea brew`? Look at what there is: `keyturn tea --help`.",
    ],
    [
      "tea dishwasher",
      "`keyturn tea` has no command `dishwasher`. Look at what there is: `keyturn tea --help`.",
    ],
    [
      "tea brew --pto x",
      `\`keyturn tea brew\` has no option \`--pto\`. Did you mean \`--pot\`? ${look}`,
    ],
    [
      "tea brew --pot",
      `The option \`--pot\` of \`keyturn tea brew\` needs a value. ${look}`,
    ],
    [
      "tea brew --pot --strong",
      `The option \`--pot\` of \`keyturn tea brew\` needs a value. ${look}`,
    ],
    [
      "tea brew --strong=no",
      `The option \`--strong\` of \`keyturn tea brew\` takes no value. ${look}`,
    ],
    [
      "tea brew --pot a --pot b",
      `The option \`--pot\` of \`keyturn tea brew\` was given twice. ${look}`,
    ],
    [
      "tea brew green a",
      `\`keyturn tea brew\` needs the option \`--pot\`: the pot. ${look}`,
    ],
    [
      "tea brew green --pot a",
      `\`keyturn tea brew\` needs CUP: a cup. ${look}`,
    ],
    [
      "tea brew green a --pot a --minutes 11",
      `The option \`--minutes\` of \`keyturn tea brew\` is a whole number from 0 to 10. ${look}`,
    ],
    [
      "tea rinse hunter2",
      "`keyturn tea rinse` takes no arguments, and 1 were given. Look at what it takes: `keyturn tea rinse --help`.",
    ],
  ] as const)
    test(`refuses: keyturn ${line}`, async () => {
      assert.deepEqual(await type(line), {
        code: 2,
        stdout: "",
        stderr: `error: ${message}\n`,
      });
    });

  test("an error that nobody thought of has its own exit code, and speaks to no terminal", async () => {
    assert.deepEqual(await type("tea brew a b --pot c --strong"), {
      code: 70,
      stdout: "",
      stderr:
        "error: Something unexpected happened: the pot [2J broke. It is a defect of Keyturn: please report it with this text.\n",
    });
  });

  test("uses colours on a terminal alone, and not if they are not wanted", async () => {
    const coloured = "\u001B[31merror:\u001B[0m";
    const stderr = async (
      env: Record<string, string>,
      isTTY: boolean,
    ): Promise<boolean> =>
      (await type("tee", env, isTTY)).stderr.startsWith(coloured);
    assert.equal(await stderr({}, true), true);
    assert.equal(await stderr({}, false), false);
    assert.equal(await stderr({ NO_COLOR: "1" }, true), false);
    assert.equal(await stderr({ TERM: "dumb" }, true), false);
  });
});
