import type { KeyEntry } from "@keyturn/messaging";

const sides = {
  handler: "Links to a component's handler. ",
  consumer: "Links of a component's consumer. ",
  both: "",
  provider: "The provider itself. ",
};

/** JSON schema of the config of links to and from the messaging provider. Every value is a text. */
export function configSchemaOf(
  keys: Readonly<Record<string, KeyEntry>>,
): unknown {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Config of links to the messaging provider",
    type: "object",
    properties: Object.fromEntries(
      Object.entries(keys).map(([key, entry]) => [
        key,
        {
          type: "string",
          description: `${sides[entry.side]}${entry.doc}${entry.sensitive ? " May hold a secret: better given as one, under the same name." : ""}`,
          ...defaultOf(entry.defaultText),
          ...(entry.sensitive && { writeOnly: true }),
        },
      ]),
    ),
    additionalProperties: { type: "string" },
  };
}

/** A default that is a value stands in backticks; others are words. */
function defaultOf(text: string): { readonly default?: string } {
  const value = /^`([^`]*)`$/.exec(text)?.[1];
  return value === undefined ? {} : { default: value };
}
