import { setTimeout as pause } from "node:timers/promises";

import { until } from "@keyturn/testkit";

import { memoryOf } from "./memory.js";
import { Room } from "./room.js";

const sent = 200_000;
const handlerMs = 10;
const patience = 120_000;

/** Far more than the component can take, all at once: memory stays bounded, and the loss is counted. */
export async function measureBurst(program: string): Promise<{
  readonly sent: number;
  readonly peakMiB: number;
  readonly lost: number;
  readonly dropped: number;
}> {
  await using room = await Room.open(program);
  room.handle = () => pause(handlerMs);
  const body = new Uint8Array(1024).fill(120);
  for (let i = 0; i < sent; i++) {
    room.client.publish("in.burst", body);
    if (i % 200 === 199) await room.client.flush();
  }
  const told = (): number =>
    [...room.host.stderr.text().matchAll(/type=dropped .*count=(\d+)/g)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  let last = -1;
  await until("the end of the burst", patience, async () => {
    const before = last;
    last = room.component.calls;
    if (last + told() >= sent) return true;
    await pause(2000);
    return before === last;
  });
  return {
    sent,
    peakMiB: memoryOf(room.host.pid, "VmHWM"),
    lost: sent - room.component.calls - told(),
    dropped: told(),
  };
}
