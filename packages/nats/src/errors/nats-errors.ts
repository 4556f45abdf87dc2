import { errorFactory, type ErrorTable } from "./keyturn-error.js";

/** Every error code that `@keyturn/nats` raises. Listed for readers in `docs/errors.md`. */
export const natsErrors = {
  SECRET_WIPED: {
    meaning: "A secret was read after its bytes had been wiped.",
    next: "Take the secret from its source again.",
  },
} as const satisfies ErrorTable;

/** Raises the errors of this package. */
export const fail: ReturnType<typeof errorFactory<typeof natsErrors>> =
  errorFactory(natsErrors);
