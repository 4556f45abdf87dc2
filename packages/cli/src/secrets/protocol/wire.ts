/** Version of the protocol between hosts and secrets backends: a token of every subject. */
export const protocolVersion = "v1alpha1";

/** On a request: the public curve key to answer to, fresh for each. */
export const requestKeyHeader = "WasmCloud-Host-Xkey";

/** On a sealed answer, and only there: the public curve key it was sealed with. */
export const responseKeyHeader = "Server-Response-Xkey";

/** Where a backend listens, up to and without the operation. */
export function subjectBase(topic: string, name: string): string {
  return `${topic}.${protocolVersion}.${name}`;
}
