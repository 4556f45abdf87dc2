export { decode, Decoder } from "./decode.js";
export {
  bool,
  borrow,
  char,
  enumeration,
  f32,
  f64,
  flags,
  future,
  list,
  option,
  own,
  record,
  result,
  s16,
  s32,
  s64,
  s8,
  stream,
  string,
  tuple,
  u16,
  u32,
  u64,
  u8,
  unit,
  variant,
} from "./descriptors.js";
export { encode } from "./encode.js";
export {
  defaultMaxBytes,
  defaultMaxElements,
  type ValueLimits,
} from "./limits.js";
export type {
  AnyType,
  Kind,
  RecordValue,
  Result,
  Tagged,
  Type,
  ValueOf,
} from "./type.js";
