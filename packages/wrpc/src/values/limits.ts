import { fail } from "../errors/wrpc-errors.js";

/** Default of {@link ValueLimits.maxBytes}: 32 MiB. */
export const defaultMaxBytes: number = 32 * 1024 * 1024;

/** Default of {@link ValueLimits.maxElements}: 1,048,576. */
export const defaultMaxElements: number = 1024 * 1024;

/**
 * Bounds of one decoded value (all parameters of a call count as one value). There is no bound on
 * depth: WIT types cannot refer to themselves, so a value is never deeper than its type.
 */
export interface ValueLimits {
  /** Largest encoded size in bytes. Announced lengths are held against it before memory is taken. */
  readonly maxBytes?: number;
  /**
   * Most list elements, summed over all lists of the value; bytes of a `list<u8>` do not count.
   * An element may need many times its encoded size in memory, some need no bytes at all.
   */
  readonly maxElements?: number;
}

/** Limits with every field present. */
export type ResolvedValueLimits = Required<ValueLimits>;

/** @throws WrpcError `WRPC_OPTION_INVALID` */
export function resolveValueLimits(
  limits: ValueLimits | undefined,
): ResolvedValueLimits {
  return {
    maxBytes: wholeNumber("maxBytes", limits?.maxBytes, defaultMaxBytes),
    maxElements: wholeNumber(
      "maxElements",
      limits?.maxElements,
      defaultMaxElements,
    ),
  };
}

/**
 * An option that counts something: the default when absent, else a positive whole number.
 *
 * @throws WrpcError `WRPC_OPTION_INVALID`
 */
export function wholeNumber(
  name: string,
  value: number | undefined,
  otherwise: number,
): number {
  if (value === undefined) return otherwise;
  if (!Number.isSafeInteger(value) || value < 1)
    throw fail(
      "WRPC_OPTION_INVALID",
      `Option \`${name}\` must be a whole number of at least 1.`,
    );
  return value;
}
