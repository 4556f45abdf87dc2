/** Subjects on which a host and a provider talk, besides calls. */
export interface ControlSubjects {
  /** Links are put here: to this process of the provider alone. */
  readonly linkPut: string;
  /** Where hosts before 1.1 put links; a 1.9 host still does, for links without secrets. */
  readonly oldLinkPut: (id: string) => string;
  readonly linkDelete: (id: string) => string;
  readonly health: string;
  readonly shutdown: string;
  readonly configUpdate: string;
}

export function controlSubjects(
  lattice: string,
  providerId: string,
  providerXkey: string,
): ControlSubjects {
  const of = (id: string, what: string): string =>
    `wasmbus.rpc.${lattice}.${id}.${what}`;
  return {
    linkPut: of(providerXkey, "linkdefs.put"),
    oldLinkPut: (id) => of(id, "linkdefs.put"),
    linkDelete: (id) => of(id, "linkdefs.del"),
    health: of(providerId, "health"),
    shutdown: of(providerId, "default.shutdown"),
    configUpdate: of(providerId, "config.update"),
  };
}
