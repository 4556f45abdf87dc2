import {
  HostDouble,
  natsServer,
  type LinkOptions,
  type NatsServer,
} from "@keyturn/testkit";

import { linksTo, providerId, type Contender } from "./contender.js";
import {
  startDriver,
  type DriverFlags,
  type DriverResult,
  type RunningDriver,
} from "./driver.js";
import { cpuSeconds } from "./process-figures.js";

/** Processor seconds for 100,000 messages, of each who had a part in a run. */
export interface Cost {
  readonly provider: number;
  readonly servers: number;
  readonly driver: number;
}

/** A contender at work: two servers of its own, a host that has started it, links. */
export class Arena implements AsyncDisposable {
  readonly contender: Contender;
  readonly lattice: NatsServer;
  readonly backing: NatsServer;
  readonly host: HostDouble;
  readonly #driver: string;

  private constructor(
    contender: Contender,
    lattice: NatsServer,
    backing: NatsServer,
    host: HostDouble,
    driver: string,
  ) {
    this.contender = contender;
    this.lattice = lattice;
    this.backing = backing;
    this.host = host;
    this.#driver = driver;
  }

  /** @param links Default: one each way for the component that the driver plays */
  static async open(
    contender: Contender,
    driver: string,
    links?: readonly LinkOptions[],
  ): Promise<Arena> {
    const lattice = await natsServer({ debug: false });
    const backing = await natsServer({ debug: false });
    const host = await HostDouble.start({
      lattice,
      provider: contender.command,
      providerId,
      links: links ?? linksTo(backing),
    });
    const arena = new Arena(contender, lattice, backing, host, driver);
    try {
      await host.waitHealthy();
    } catch (error) {
      await arena.close();
      throw error;
    }
    return arena;
  }

  start(mode: string, flags: DriverFlags): RunningDriver {
    return startDriver(this.#driver, mode, {
      lattice: this.lattice.url,
      backing: this.backing.url,
      ...flags,
    });
  }

  /** Runs the driver, and takes what it cost everybody. */
  async drive(
    mode: string,
    flags: DriverFlags,
  ): Promise<DriverResult & { readonly cost: Cost }> {
    const before = this.cpu();
    const result = await this.start(mode, flags).result;
    const after = this.cpu();
    const per = 100_000 / result.messages;
    return {
      ...result,
      cost: {
        provider: (after.provider - before.provider) * per,
        servers: (after.servers - before.servers) * per,
        driver: result.cpuSeconds * per,
      },
    };
  }

  async close(): Promise<void> {
    if (this.contender.isProfiled === true && this.host.running) {
      this.host.kill("SIGTERM");
      await this.host.ended;
    }
    await this.host.close();
    await this.backing.stop();
    await this.lattice.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Processor seconds so far. */
  cpu(): { readonly provider: number; readonly servers: number } {
    return {
      provider: cpuSeconds(this.host.pid),
      servers: cpuSeconds(this.lattice.pid) + cpuSeconds(this.backing.pid),
    };
  }
}
