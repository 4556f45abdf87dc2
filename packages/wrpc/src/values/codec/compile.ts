import { fail } from "../../errors/wrpc-errors.js";
import type { AnyType } from "../type.js";
import { bytesCodec } from "./bytes.js";
import { enumCodec, optionCodec, resultCodec, variantCodec } from "./choice.js";
import type { Codec } from "./codec.js";
import { flagsCodec } from "./flags.js";
import { listCodec } from "./list.js";
import { recordCodec, tupleCodec } from "./record.js";
import {
  bigCodec,
  boolCodec,
  byteCodec,
  floatCodec,
  signedCodec,
  unitCodec,
  unsignedCodec,
} from "./scalars.js";
import { charCodec, stringCodec } from "./text.js";

const compiled = new WeakMap<AnyType, Codec>();

/**
 * The encoder and decoder of a type, compiled at the first call.
 *
 * @throws WrpcError `WRPC_TYPE_UNSUPPORTED` for streams and futures
 */
export function codecOf(type: AnyType): Codec {
  let codec = compiled.get(type);
  if (codec === undefined) {
    codec = compile(type);
    compiled.set(type, codec);
  }
  return codec;
}

const compiledParams = new WeakMap<readonly AnyType[], Codec>();

/**
 * The encoder and decoder of the parameters of a function, one for all clients of an interface.
 *
 * @throws WrpcError `WRPC_TYPE_UNSUPPORTED` for streams and futures
 */
export function paramsCodecOf(params: readonly AnyType[]): Codec {
  let codec = compiledParams.get(params);
  if (codec === undefined) {
    codec = tupleCodec(params.map(codecOf));
    compiledParams.set(params, codec);
  }
  return codec;
}

function compile(type: AnyType): Codec {
  const { kind, names } = type;
  const parts = type.parts.map((part) =>
    part === undefined ? undefined : codecOf(part),
  );
  // Descriptors give these kinds a type for every part.
  const full = parts as Codec[];
  switch (kind) {
    case "bool":
      return boolCodec;
    case "u8":
    case "s8":
      return byteCodec(kind);
    case "u16":
      return unsignedCodec(16);
    case "u32":
      return unsignedCodec(32);
    case "s16":
      return signedCodec(16);
    case "s32":
      return signedCodec(32);
    case "u64":
      return bigCodec(false);
    case "s64":
      return bigCodec(true);
    case "f32":
      return floatCodec(4);
    case "f64":
      return floatCodec(8);
    case "char":
      return charCodec;
    case "string":
      return stringCodec;
    case "unit":
      return unitCodec;
    case "own":
    case "borrow":
      return bytesCodec;
    case "list":
      return type.parts[0]?.kind === "u8"
        ? bytesCodec
        : listCodec(full[0] as Codec);
    case "option":
      return optionCodec(full[0] as Codec);
    case "result":
      return resultCodec(parts[0], parts[1]);
    case "record":
      return recordCodec(names, full);
    case "tuple":
      return tupleCodec(full);
    case "variant":
      return variantCodec(names, parts);
    case "enum":
      return enumCodec(names);
    case "flags":
      return flagsCodec(names);
    case "stream":
    case "future":
      throw fail(
        "WRPC_TYPE_UNSUPPORTED",
        `Values of type ${kind} are not supported.`,
      );
  }
}
