import { isKeyturnError } from "../errors/keyturn-error.js";
import { errorChain } from "../errors/error-chain.js";
import type { NatsEvent } from "../events/nats-events.js";
import type { Teller } from "../events/teller.js";
import type { CredentialChange, HandoverReason } from "../handover/posture.js";

/** `connected` is told where the server is known. */
type Change = Exclude<CredentialChange, { type: "connected" }>;

/** Tells a change of a connection's credential as an event. */
export function tellCredentialChange(change: Change, tell: Teller): void {
  const [level, message] = describe(change);
  const error = "error" in change ? change.error : undefined;
  tell({
    type: "credential",
    level,
    message,
    ...(isKeyturnError(error) ? { code: error.code } : {}),
    ...(error === undefined ? {} : { error }),
  });
}

const moved: Readonly<Record<HandoverReason, string>> = {
  credential: "a new credential",
  certificate: "new certificates",
  server: "another server",
};

function describe(change: Change): [NatsEvent["level"], string] {
  switch (change.type) {
    case "refreshed":
      return [
        "info",
        `Another credential has come from ${change.source} (${change.publicKey ?? "no key"}).`,
      ];
    case "waiting":
      return [
        "error",
        `The connection is down until a valid credential comes: ${errorChain(change.error)}`,
      ];
    case "handedOver":
      return change.report.gap
        ? [
            "warn",
            `The connection moved to ${moved[change.of]}; the old one broke first, so messages may be missing.`,
          ]
        : [
            "info",
            `The connection moved to ${moved[change.of]} (${change.of === "certificate" ? change.certificate : (change.publicKey ?? "no key")}).`,
          ];
    case "handoverFailed":
      return [change.isRepeat ? "debug" : "error", errorChain(change.error)];
    case "reconnectedInstead":
      return [
        "warn",
        `No second connection is allowed, so the connection was made anew: a gap of ${change.gapMs.toFixed(0)} ms.`,
      ];
    case "refreshFailed":
      return [
        change.isRepeat ? "debug" : "warn",
        `The credential could not be refreshed: ${errorChain(change.error)} Next try in ${Math.round(change.retryInMs)} ms.`,
      ];
    case "certificateCame":
      return ["info", `Other certificates have come: ${change.name}.`];
    case "certificateFailed":
      return [
        change.isRepeat ? "debug" : "warn",
        `The certificates could not be read again: ${errorChain(change.error)}`,
      ];
    case "certificateExpiry":
      return [
        isKeyturnError(change.error) &&
        change.error.code === "CERTIFICATE_EXPIRED"
          ? "error"
          : "warn",
        errorChain(change.error),
      ];
    case "dialFailed":
      return ["debug", `A dial failed: ${errorChain(change.error)}`];
    case "queueRefused":
      return [
        "info",
        `The server allows no private queue group for \`${change.subject}\`: its order is kept, and copies are told apart by content.`,
      ];
    case "outboxDropped":
      return [
        "warn",
        `${change.count} messages were dropped from the outbox (${change.why}).`,
      ];
  }
}
