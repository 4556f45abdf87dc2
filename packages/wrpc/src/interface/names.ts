import { fail } from "../errors/wrpc-errors.js";

// With reply subject and sizes a protocol line must stay below the server's 4,096 bytes
// (`max_control_line`): the server closes a connection that sends a longer one.
const longestSubject = 2048;

/** `handleMessage` -> `handle-message` */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Checks text that becomes part of a subject: no blanks, control characters or wildcards, no empty
 * tokens.
 *
 * @throws WrpcError `code`
 */
export function checkSubjectPart(
  what: string,
  text: string,
  code: "WRPC_INTERFACE_INVALID" | "WRPC_OPTION_INVALID",
): void {
  const problem =
    typeof text !== "string"
      ? "not a string"
      : /[\s\p{Cc}\p{Cs}]/u.test(text)
        ? "it holds a blank or a control character"
        : /[*>]/.test(text)
          ? "it holds a wildcard"
          : text.split(".").includes("")
            ? "it has an empty token"
            : text.length > longestSubject / 4
              ? `it is longer than ${longestSubject / 4} characters`
              : undefined;
  if (problem !== undefined)
    throw fail(code, `${what} cannot be part of a NATS subject: ${problem}.`);
}

/**
 * Subject of an invocation: `{prefix}.wrpc.0.0.1.{instance}.{func}` (wRPC 0.0.1 over NATS). An
 * empty prefix or instance takes its dot with it.
 */
export function invocationSubject(
  prefix: string,
  instance: string,
  func: string,
): string {
  return `${prefix === "" ? "" : `${prefix}.`}wrpc.0.0.1.${instance === "" ? "" : `${instance}.`}${func}`;
}

/**
 * Whether a reply subject from the wire can be published to. A hostile one could make our own
 * protocol line longer than the server allows, which closes the connection.
 */
export function isUsableReply(reply: string): boolean {
  return reply.length > 0 && reply.length <= 512;
}
