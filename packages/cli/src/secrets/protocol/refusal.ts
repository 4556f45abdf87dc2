/** Refusals without more to say. */
export type PlainRefusal =
  | "SecretNotFound"
  | "InvalidXKey"
  | "EncryptionError"
  | "DecryptionError"
  | "Unauthorized"
  | "InvalidRequest"
  | "InvalidPayload"
  | "InvalidHeaders";

/** Refusals with a text that the host shows. */
export type ToldRefusal =
  | "InvalidEntityJWT"
  | "InvalidHostJWT"
  | "UpstreamError"
  | "PolicyError"
  | "Other";

/** A request that a backend answers with an error, in clear. The text never holds a secret. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: PlainRefusal | ToldRefusal;

  private constructor(kind: PlainRefusal | ToldRefusal, message: string) {
    super(message);
    this.kind = kind;
  }

  static plain(kind: PlainRefusal, why: string): Refusal {
    return new Refusal(kind, why);
  }

  static told(kind: ToldRefusal, why: string): Refusal {
    return new Refusal(kind, why);
  }

  /** As it goes to the host. */
  toJSON(): unknown {
    return {
      error: isTold(this.kind) ? { [this.kind]: this.message } : this.kind,
    };
  }
}

function isTold(kind: PlainRefusal | ToldRefusal): kind is ToldRefusal {
  return (
    kind === "InvalidEntityJWT" ||
    kind === "InvalidHostJWT" ||
    kind === "UpstreamError" ||
    kind === "PolicyError" ||
    kind === "Other"
  );
}
