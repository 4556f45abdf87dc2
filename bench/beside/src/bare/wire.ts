/** A message as it came. Its data are valid only until the handler returns. */
export type Handle = (
  subject: string,
  reply: string | undefined,
  data: Uint8Array,
) => void;

/** As little of a NATS client as a bare provider needs. */
export interface Wire {
  subscribe(subject: string, queue: string | undefined, handle: Handle): void;
  /** @param headers a whole block of headers, as on the wire */
  publish(
    subject: string,
    data: Uint8Array,
    reply?: string,
    headers?: string,
  ): void;
}
