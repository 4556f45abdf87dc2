// `npm run conformance -- losses`: messages lost while a provider is killed, stopped, given other
// credentials. 2,000 messages a second of core NATS go to a component that takes 5 ms for each.
//
//   losses                  ours as script, and the Rust one
//   losses --times 10       how often each is done (default 50)
//   losses --json           the counts as JSON
//   losses --write-docs     docs/conformance.md
import { parseArgs } from "node:util";
import { jwtAuthenticator } from "@nats-io/nats-core";
import { main, StepFailed } from "../../scripts/lib/step.mjs";
import { runOn, writeBlock } from "./page.mjs";
import { rust, script } from "./providers.mjs";
import {
  connectionsOf,
  handler,
  quiet,
  Site,
  soon,
  subscribed,
} from "./site.mjs";

const perSecond = 2000;
const handlingMs = 5;

/** Numbered messages at a steady rate. */
function traffic(client) {
  let sent = 0;
  const started = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - started) / 1000) * perSecond;
    while (sent < due) client.publish("orders.new", String(sent++));
  }, 5);
  return {
    sent: () => sent,
    stop: async () => {
      clearInterval(timer);
      if (!client.isClosed()) await client.flush();
    },
  };
}

/** What is done to a provider, and what has to be so again before it is done once more. */
const disturbances = {
  kill: {
    says: "killed (SIGKILL), started again at once with its links",
    once: async ({ host }) => host.restart(),
  },
  stop: {
    says: "stopped as a host does (300 ms), started again",
    once: async ({ host }) => {
      await host.shutdown();
      await host.restart();
    },
  },
  rotation: {
    says: {
      ours: "another user's JWT and seed, by a link put",
      rust: "another user's JWT and seed, by a link delete and put: it ignores the put alone",
    },
    once: async ({ host, nats, account, linkOf, link, as }) => {
      const user = await account.user("next");
      if (as === "rust") {
        await host.deleteLink(link);
        // Put too early, it is taken for the one that is still there, and ignored.
        await soon(
          "the end of the link",
          async () => (await connectionsOf(nats)).length === 0,
        );
      }
      await host.putLink(linkOf(user));
      return user;
    },
  },
};

async function count(provider, what, times) {
  const site = new Site(provider.command);
  try {
    const { account, nats } = await site.operated();
    const seen = new Map();
    let newest = -1;
    await site.component("shop", async ({ text }) => {
      newest = Math.max(newest, Number(text));
      seen.set(text, (seen.get(text) ?? 0) + 1);
      await quiet(handlingMs);
    });
    const host = await site.host();
    const linkOf = ({ jwt, seed }) =>
      handler(
        "shop",
        { cluster_uris: nats.url, subscriptions: "orders.>" },
        { secrets: { client_jwt: jwt, client_seed: seed } },
      );
    let user = await account.user("first");
    await host.putLink(linkOf(user));
    await subscribed(nats);
    const { jwt, seed } = await account.user("publisher");
    const client = await site.client(nats, {
      authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
    });

    const messages = traffic(client);
    site.defer(messages.stop);
    for (let time = 0; time < times; time++) {
      await quiet(200);
      const link = linkOf(user);
      const { as } = provider;
      user =
        (await disturbances[what].once({
          host,
          nats,
          account,
          linkOf,
          link,
          as,
        })) ?? user;
      await soon(
        "the provider again",
        async () => {
          const all = await connectionsOf(nats);
          return (
            all.length === 1 &&
            all[0].authorized_user === user.publicKey &&
            all[0].subscriptions_list_detail?.some(
              ({ subject }) => subject === "orders.>",
            )
          );
        },
        30_000,
      );
      await soon(
        "an end of what has piled up",
        () => newest > messages.sent() - perSecond / 20,
        30_000,
      );
    }
    await quiet(200);
    await messages.stop();
    const sent = messages.sent();
    let last = -1;
    await soon("the rest", async () => {
      const settled = seen.size === last;
      last = seen.size;
      await quiet(500);
      return settled;
    });
    const { out_msgs: taken } = await nats.monitor("varz");
    const lost = sent - seen.size;
    return {
      provider: provider.name,
      what,
      times,
      sent,
      lost,
      ...(what !== "rotation" && {
        withoutProvider: sent - taken,
        inProvider: taken - seen.size,
        gapMs: Math.round(((sent - taken) / times / perSecond) * 1000),
      }),
      twice: [...seen.values()].filter((often) => often > 1).length,
    };
  } finally {
    await site.close();
  }
}

const titles = { script: "Keyturn", rust: "Rust" };

function table(rows, providers) {
  const number = (value) => (value ?? 0).toLocaleString("en");
  const lines = rows.map((row) => {
    const { as } = providers.find(({ name }) => name === row.provider);
    const { says } = disturbances[row.what];
    const cells = [
      `${row.times} times ${says[as] ?? says}`,
      titles[row.provider],
      number(row.sent),
      number(row.lost),
      row.gapMs === undefined
        ? "–"
        : `${number(row.withoutProvider)} (${row.gapMs} ms each time)`,
      row.inProvider === undefined ? "–" : number(row.inProvider),
      number(row.twice),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    runOn(),
    "",
    "| Done to the provider | | Sent | Lost | of these with no provider there | of these in the provider | Twice |",
    "| --- | --- | --: | --: | --: | --: | --: |",
    ...lines,
  ].join("\n");
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      times: { type: "string", default: "50" },
      json: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
    },
  });
  const times = Number(values.times);
  if (!Number.isInteger(times) || times < 1)
    throw new StepFailed(
      `--times ${values.times} is no number of times. Give a whole number, such as 50.`,
    );
  const providers = [script(), await rust()];
  const rows = [];
  for (const what of Object.keys(disturbances))
    for (const provider of providers) {
      const row = await count(provider, what, times);
      rows.push(row);
      if (!values.json) console.log(JSON.stringify(row));
    }
  const markdown = table(rows, providers);
  console.log(values.json ? JSON.stringify(rows, undefined, 1) : markdown);
  const { lost } = rows.find(
    ({ provider, what }) => provider === "script" && what === "rotation",
  );
  if (lost > 0)
    throw new StepFailed(
      `${lost} messages were lost in rotations; none may be.`,
    );
  if (values["write-docs"])
    console.log(`Written: ${await writeBlock("losses", markdown)}`);
});
