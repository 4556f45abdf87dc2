import { wallClockMs } from "../arena/wall-clock.js";
import type { Scenario } from "./scenario.js";

/** From the start of the process to the first call that a component gets. */
export const start: Scenario = {
  name: "start",
  what: "from the start of the process to the first call of a component, two links",
  shows: ["ms"],
  targets: [{ metric: "ms", is: "at most", figure: 400 }],
  rounds: { full: 20, quick: 5 },
  withExecutable: true,
  async open(contender, stage) {
    const arena = await stage.open(contender);
    const { host } = arena;
    const end = async (): Promise<void> => {
      host.kill("SIGKILL");
      await host.ended;
    };
    await end();
    return {
      async run() {
        const driver = arena.start("start", {});
        await driver.ready;
        const began = wallClockMs();
        await host.restart();
        const { lastAt = Number.NaN } = await driver.result;
        await end();
        return { ms: lastAt - began };
      },
      close: () => arena.close(),
    };
  },
};
