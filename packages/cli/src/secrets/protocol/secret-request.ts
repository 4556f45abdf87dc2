import { asValue, Fields, onlyFields, parseJson } from "@keyturn/nats/json";

/** What a host asks for. */
export interface SecretRequest {
  readonly key: string;
  readonly field: string | undefined;
  readonly version: string | undefined;
  /** Claims token of the component or provider that the secret is for. */
  readonly entityJwt: string;
  /** Claims token of the host. */
  readonly hostJwt: string;
  /** The application as wadm names it; nobody vouches for it. */
  readonly application: string | undefined;
}

const application = onlyFields({ name: asValue });
const context = onlyFields({
  entity_jwt: asValue,
  host_jwt: asValue,
  application,
});
const request = onlyFields({
  key: asValue,
  field: asValue,
  version: asValue,
  context,
});

/** Reads an opened request. @throws JsonError */
export function readSecretRequest(json: Uint8Array): SecretRequest {
  const fields = new Fields(parseJson(json, request));
  const given = fields.object("context");
  return {
    key: needed(fields, "key"),
    field: optional(fields, "field"),
    version: optional(fields, "version"),
    entityJwt: needed(given, "entity_jwt"),
    hostJwt: needed(given, "host_jwt"),
    application: optional(given.object("application"), "name"),
  };
}

function needed(fields: Fields, name: string): string {
  const text = fields.text(name, "");
  if (text === "") throw fields.problem(name, "is missing");
  return text;
}

function optional(fields: Fields, name: string): string | undefined {
  const absent = "\0";
  const text = fields.text(name, absent);
  return text === absent ? undefined : text;
}
