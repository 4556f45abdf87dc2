import { fail } from "../../errors/nats-errors.js";

/** Names of the service's errors, and of the SDK's own, that say what to do. */
const hints: Readonly<Record<string, string>> = {
  AccessDeniedException:
    "Allow the identity `secretsmanager:GetSecretValue` on the secret, and `kms:Decrypt` on its key if that is not the account's own.",
  DecryptionFailure:
    "Allow the identity `kms:Decrypt` on the key of the secret, and look whether the key is enabled.",
  CredentialsProviderError:
    "Give this program an identity: a role of its pod or machine, `AWS_PROFILE`, or `profile=…`.",
  TokenProviderError: "Log in again: `aws sso login`.",
  UnrecognizedClientException: signIn(),
  InvalidSignatureException: signIn(),
  ExpiredTokenException: signIn(),
};

function signIn(): string {
  return "Check the identity of this program: `aws sts get-caller-identity`.";
}

/** What the SDK throws, in our words; the words of the service are the cause. */
export function awsFault(cause: unknown, place: string): Error {
  const name = cause instanceof Error ? cause.name : "";
  const message = cause instanceof Error ? cause.message : "";
  if (
    name === "ResourceNotFoundException" ||
    (name === "InvalidRequestException" &&
      /marked (for deletion|deleted)/.test(message))
  )
    return fail(
      "STORE_ABSENT",
      `There is nothing where ${place} points, or it is to be deleted.`,
      {
        cause,
        next: "Put the secret there, and check region and account; it is looked for again.",
      },
    );
  if (/region is missing/i.test(message))
    return fail(
      "STORE_UNREADABLE",
      `What ${place} names cannot be read: no region is known.`,
      {
        cause,
        next: "Write it as `aws-sm://eu-central-1/name`, or set `AWS_REGION`.",
      },
    );
  const shown = /^[A-Za-z]{1,50}(Exception|Failure|Error)$/.test(name)
    ? ` (${name})`
    : "";
  return fail(
    "STORE_UNREADABLE",
    `What ${place} names cannot be read${shown}.`,
    { cause, ...(hints[name] === undefined ? {} : { next: hints[name] }) },
  );
}
