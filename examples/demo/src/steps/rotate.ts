import { setTimeout as pause } from "node:timers/promises";

import { until, type LinkOptions, type TestUser } from "@keyturn/testkit";

import type { Rotation } from "../facts.js";
import { expect, type Stage } from "./stage.js";

const changes = 3;
const betweenMs = 150;
const patience = 10_000;

/**
 * While orders and questions come without a pause, the links get the credential of another user, three
 * times over. What was asked before is answered after; the customer does not notice.
 */
export async function rotate(
  { screen, host, shop, customer }: Stage,
  newUser: () => Promise<TestUser>,
  linksFor: (user: TestUser) => readonly LinkOptions[],
): Promise<Rotation> {
  const before = shop.calls;
  const receipts: string[] = [];
  const subscription = customer.subscribe("receipts.*", {
    callback: (_, { subject }) => void receipts.push(subject),
  });
  await customer.flush();
  let published = 0;
  let requests = 0;
  let answers = 0;
  let going = true;
  const orders = setInterval(() => {
    for (let i = 0; i < 5; i++)
      customer.publish("orders.new", `during-${++published}`);
  }, 2);
  const questions = (async () => {
    while (going) {
      requests++;
      await customer.request("orders.price", "tea", { timeout: patience });
      answers++;
    }
  })();
  const users: string[] = [];
  for (let i = 0; i < changes; i++) {
    await pause(betweenMs);
    const user = await newUser();
    const from = host.stderr.length;
    for (const link of linksFor(user)) await host.putLink(link);
    await until("the links to be changed", patience, () => {
      return host.stderr.text(from).split(" was changed.").length > 2;
    });
    users.push(user.publicKey);
    screen.line(
      `user ${i + 1}`,
      `${user.publicKey}  in place of the one before`,
    );
  }
  clearInterval(orders);
  going = false;
  await questions;
  await until("all receipts", patience, () => receipts.length >= published);
  subscription.unsubscribe();
  const handled = shop.calls - before - requests;
  const doubled = receipts.length - new Set(receipts).size;
  expect(
    handled === published && doubled === 0,
    `Of ${published} orders ${handled} were handled, ${doubled} twice.`,
  );
  screen.line(
    "orders",
    `${published} published meanwhile, ${handled} handled: ${published - handled} lost, ${doubled} twice`,
  );
  screen.line(
    "requests",
    `${requests} sent meanwhile, ${answers} answered: ${requests - answers} failed`,
  );
  screen.good(`${changes} changes of credential under traffic`);
  return {
    changes: users.length,
    published,
    handled,
    lost: published - handled,
    doubled,
    requests,
    answers,
  };
}
