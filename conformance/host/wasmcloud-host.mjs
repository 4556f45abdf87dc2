// A wasmCloud host of its own for a test, and the requests that operators' tools send it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManagedChild, natsServer, until } from "@keyturn/testkit";
import { connect } from "@nats-io/transport-node";

const lattice = "default";

/** A host with its lattice: a nats-server, and a connection that hears all events. */
export class WasmcloudHost {
  /** @type {{ type: string, data: Record<string, any> }[]} Events of the lattice, in order. */
  events = [];

  /**
   * @param {string} program the host's executable
   * @param {{ registry?: string, secretsTopic?: string, server?: import("@keyturn/testkit").NatsServer }} [options]
   *   `server` of the lattice, of which the caller takes care. Default: one of its own
   */
  static async start(program, options = {}) {
    const host = new WasmcloudHost();
    host.program = program;
    host.options = options;
    host.folder = mkdtempSync(join(tmpdir(), "keyturn-host-"));
    host.server = options.server ?? (await natsServer({ jetstream: true }));
    host.nats = await connect({ servers: host.server.url });
    host.nats.subscribe(`wasmbus.evt.${lattice}.>`, {
      callback: (_, message) => {
        const { type, data } = message.json();
        host.events.push({ type: type.split(".").at(-1), data });
      },
    });
    await host.boot();
    return host;
  }

  /** Starts the host's process, again if it has ended. */
  async boot() {
    const { registry, secretsTopic } = this.options;
    this.process = await ManagedChild.start({
      command: this.program,
      args: [],
      env: {
        // Where it extracts archives, and keeps what it pulls.
        TMPDIR: this.folder,
        HOME: this.folder,
        RUST_LOG: process.env.KEYTURN_HOST_LOG ?? "warn",
        TOKIO_WORKER_THREADS: "4",
        KEYTURN_HOST_NATS_URL: this.server.url,
        ...(registry && { KEYTURN_HOST_REGISTRY: registry }),
        ...(secretsTopic && { KEYTURN_HOST_SECRETS_TOPIC: secretsTopic }),
      },
    });
    this.id = await until("the host", 60_000, () => {
      if (!this.process.running) throw new Error(this.log);
      return /^N[A-Z2-7]{55}$/m.exec(this.process.stdout.text())?.[0];
    });
    await until("the host's answer", 30_000, () =>
      this.control(`host.get.${this.id}`).then(
        () => true,
        () => false,
      ),
    );
  }

  /** What the host, and the providers under it, have logged. */
  get log() {
    return this.process.stderr.text();
  }

  /** @throws Error with the host's message if it refuses */
  async control(subject, body) {
    const answer = await this.nats.request(
      `wasmbus.ctl.v1.${lattice}.${subject}`,
      body === undefined ? undefined : JSON.stringify(body),
      { timeout: 10_000 },
    );
    const { success, message, response } = answer.json();
    if (success === false) throw new Error(`${subject}: ${message}`);
    return response;
  }

  /**
   * Waits for an event of a type, or one of several, from a place in the list on.
   *
   * @returns {Promise<Record<string, any>>} Its data.
   */
  async event(types, { since = 0, ms = 30_000, where = () => true } = {}) {
    try {
      return await until(
        `event ${types}`,
        ms,
        () =>
          this.events
            .slice(since)
            .find(
              ({ type, data }) => [types].flat().includes(type) && where(data),
            )?.data,
      );
    } catch (error) {
      const seen = this.events.map((each) => JSON.stringify(each)).join("\n");
      throw new Error(`${error.message}\n${seen}\n${this.log}`, {
        cause: error,
      });
    }
  }

  /** Whether an event is of this host, and not of another one of the lattice. */
  #its({ host_id: id }) {
    return id === undefined || id === this.id;
  }

  /** Puts a named config. */
  putConfig(name, config) {
    return this.control(`config.put.${name}`, config);
  }

  /** Starts a provider, and waits until its process has been started. */
  async startProvider(id, reference, config = []) {
    const since = this.events.length;
    await this.control(`provider.start.${this.id}`, {
      provider_id: id,
      provider_ref: reference,
      host_id: this.id,
      config,
      annotations: {},
    });
    const { error } = await this.event(
      ["provider_started", "provider_start_failed"],
      { since, where: (data) => data.provider_id === id && this.#its(data) },
    );
    if (error !== undefined) throw new Error(error);
  }

  stopProvider(id) {
    return this.control(`provider.stop.${this.id}`, {
      host_id: this.id,
      provider_id: id,
    });
  }

  /** Runs a component, so many instances of it at once. */
  async scale(id, reference, count = 1) {
    const since = this.events.length;
    await this.control(`component.scale.${this.id}`, {
      component_id: id,
      component_ref: reference,
      host_id: this.id,
      count,
      config: [],
      annotations: {},
    });
    await this.event("component_scaled", {
      since,
      where: (data) => data.component_id === id && this.#its(data),
    });
  }

  /** Messages of the provider go to the component. */
  handlerLink({ component, provider, name = "default", config = [] }) {
    return this.control("link.put", {
      source_id: provider,
      target: component,
      name,
      wit_namespace: "wasmcloud",
      wit_package: "messaging",
      interfaces: ["handler"],
      source_config: config,
      target_config: [],
    });
  }

  /** The component publishes and requests by the provider. */
  consumerLink({ component, provider, name = "default", config = [] }) {
    return this.control("link.put", {
      source_id: component,
      target: provider,
      name,
      wit_namespace: "wasmcloud",
      wit_package: "messaging",
      interfaces: ["consumer"],
      source_config: [],
      target_config: config,
    });
  }

  deleteLink(source, name = "default") {
    return this.control("link.del", {
      source_id: source,
      name,
      wit_namespace: "wasmcloud",
      wit_package: "messaging",
    });
  }

  async [Symbol.asyncDispose]() {
    await this.nats.close();
    await this.process.stop(5000);
    if (this.options.server === undefined) await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
