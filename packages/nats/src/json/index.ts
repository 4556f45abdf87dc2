export { decodeBase64 } from "./base64.js";
export { Fields } from "./fields.js";
export {
  asBytes,
  asSecret,
  asSkipped,
  asValue,
  listOf,
  onlyFields,
  type Handling,
} from "./handling.js";
export { JsonError, showPath, type PathStep } from "./json-error.js";
export { parseJson, type JsonObject, type JsonValue } from "./parse-json.js";
export { jsonByteArray, jsonString } from "./write-secret.js";
