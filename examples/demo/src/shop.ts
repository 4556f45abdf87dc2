import { MessagingComponent, type NatsServer } from "@keyturn/testkit";

/** Ids in the lattice. */
export const shopId = "shop";
export const providerId = "messaging-nats";

/**
 * A component that sells: it books each order and publishes a receipt, and it answers each question
 * for a price. It imports `wasmcloud:messaging/consumer` and exports `wasmcloud:messaging/handler`.
 */
export function startShop(lattice: NatsServer): Promise<MessagingComponent> {
  return MessagingComponent.start({
    lattice,
    id: shopId,
    provider: providerId,
    async handle({ subject, text, replyTo }, shop) {
      if (subject === "orders.new") {
        await shop.publish(`receipts.${text}`, "booked");
      } else if (subject === "orders.price" && replyTo !== undefined) {
        await shop.publish(replyTo, `${text}: 42`);
      } else {
        return `The shop does not know what to do with ${subject}.`;
      }
      return undefined;
    },
  });
}
