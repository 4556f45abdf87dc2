import type { SecretFault } from "@keyturn/nats/wasmcloud-secrets";

type Name = SecretFault["name"];
/** Faults that go with a text, which the host shows. */
type Told = Extract<SecretFault, { readonly text: string }>["name"];

/** A request that is answered with a fault. The message is for the audit log; no secret is in it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly fault: SecretFault;

  private constructor(fault: SecretFault, message: string) {
    super(message);
    this.fault = fault;
  }

  /** One that says no more than its name to who asked. */
  static plain(name: Exclude<Name, Told>, why: string): Refusal {
    return new Refusal({ name }, why);
  }

  /** One that says why to who asked. */
  static told(name: Told, why: string): Refusal {
    return new Refusal({ name, text: why }, why);
  }
}
