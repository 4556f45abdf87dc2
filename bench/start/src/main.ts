// From the start of the process to the first call that a component gets: a link of HostData is served.
import { HostDouble, MessagingComponent, natsServer } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";

import { executableForm, forms, scriptForm } from "./forms.js";

const runs = 20;

await using lattice = await natsServer();
await using backing = await natsServer();
const client = await connect({ servers: backing.url });
let served = (): void => undefined;
await using _component = await MessagingComponent.start({
  lattice,
  id: "shop",
  handle: () => served(),
});

const started = await Promise.all(
  forms().map(async ({ name, command }, i) => {
    const providerId = `provider-${i}`;
    const subject = `in.${i}`;
    const host = await HostDouble.start({
      lattice,
      provider: command,
      providerId,
      links: [
        {
          source: providerId,
          target: "shop",
          interfaces: ["handler"],
          sourceConfig: { cluster_uris: backing.url, subscriptions: subject },
        },
      ],
    });
    await host.waitHealthy();
    host.kill("SIGKILL");
    await host.ended;
    return { name, subject, host, took: [] as number[] };
  }),
);

// In turns, so that what else the machine does is shared by all.
for (let run = 0; run < runs; run++) {
  for (const { subject, host, took } of started) {
    const began = performance.now();
    const call = new Promise<void>((resolve) => {
      served = resolve;
    });
    const asking = setInterval(() => client.publish(subject), 1);
    await host.restart();
    await call;
    took.push(performance.now() - began);
    clearInterval(asking);
    host.kill("SIGKILL");
    await host.ended;
  }
}

process.stdout.write(
  `\nfrom start to the first served call, ${runs} runs      median    fastest\n`,
);
const medians = new Map<string, number>();
for (const { name, took } of started) {
  const sorted = took.toSorted((a, b) => a - b);
  const [fastest = Number.NaN, middle = Number.NaN] = [
    sorted[0],
    sorted[runs / 2],
  ];
  medians.set(name, middle);
  const [first, second] = [middle, fastest].map((ms) =>
    `${ms.toFixed(0)} ms`.padStart(7),
  );
  process.stdout.write(`${name.padEnd(48)} ${first}    ${second}\n`);
}
const executable = medians.get(executableForm);
for (const [name, median] of medians)
  if (executable !== undefined && name.startsWith(scriptForm("")))
    process.stdout.write(
      `${executableForm}: ${(executable / median).toFixed(2)} times the ${name}\n`,
    );

for (const { host } of started) await host.close();
await client.close();
