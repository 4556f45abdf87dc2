/** What a client asked a server, and what it answered. Secrets and what is another each time are `{name}`. */
export interface Exchange {
  readonly method: string;
  /** With `/v1/`. */
  readonly path: string;
  /** Whether the request had a token. */
  readonly hasToken: boolean;
  /** JSON. */
  readonly request?: unknown;
  readonly status: number;
  /** JSON. */
  readonly body: unknown;
}

/** Values by the name of their key that are other each time, and what stands in their place. */
const placeholders: Readonly<Record<string, string>> = {
  request_id: "{id}",
  client_token: "{token}",
  accessor: "{accessor}",
  entity_id: "{entity}",
  id: "{token}",
  lease_id: "{lease}",
  jwt: "{jwt}",
  seed: "{seed}",
  secret_id: "{secretId}",
  username: "{user}",
  password: "{password}",
  serial_number: "{serial}",
  authority_key_id: "{key}",
  subject_key_id: "{key}",
  service_account_uid: "{uid}",
  creation_time: "{seconds}",
};

/** An exchange with everything that is secret, or other each time, taken out. */
export function normalised(value: unknown, key = ""): unknown {
  const placeholder = placeholders[key];
  if (placeholder !== undefined && value !== "" && typeof value !== "object")
    return placeholder;
  if (typeof value === "string")
    return value.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, "{time}");
  // Ends of life come a second earlier or later.
  if (key === "ttl" && typeof value === "number" && value > 60) return 3600;
  if (Array.isArray(value)) return value.map((item) => normalised(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, normalised(item, name)]),
  );
}

/** The text of a body with values in the place of its `{name}`s. */
export function filled(
  body: unknown,
  values: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify(body, (_, value: unknown) => {
    const name =
      typeof value === "string" ? /^\{(\w+)\}$/.exec(value)?.[1] : undefined;
    if (name === undefined) return value;
    return name in values ? values[name] : `some ${name}`;
  });
}
