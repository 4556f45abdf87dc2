import { trimmed } from "../../credentials/text.js";
import { signDeadlineMs, type Signer } from "../../signers/signer.js";
import { runProcess } from "./run-process.js";

/**
 * Signs by a program, which reads a nonce and writes its Ed25519 signature: 64 bytes, or those in base64
 * or base64url.
 *
 * @param command the program by its whole path, and its arguments
 * @param where for messages: the reference
 */
export function programSigner(
  command: readonly string[],
  publicKey: string,
  where: string,
): Signer {
  const [file = "", ...args] = command;
  return {
    publicKey,
    sign: async (nonce, signal) => {
      const output = await runProcess(
        { file, args, deadlineMs: signDeadlineMs, input: nonce, where },
        signal,
      );
      // A signature is no secret: servers get it.
      return output.use((bytes) =>
        bytes.length === 64
          ? Uint8Array.from(bytes)
          : new Uint8Array(
              Buffer.from(
                Buffer.from(trimmed(bytes)).toString("latin1"),
                "base64url",
              ),
            ),
      );
    },
  };
}
