export { selfSignedHostToken, signClaims, type Claims } from "./claims.js";
export {
  backendSubject,
  readAnswer,
  readFault,
  readRequest,
  requestKeyHeader,
  responseKeyHeader,
  writeAnswer,
  writeFault,
  writeRequest,
  type SecretAnswer,
  type SecretFault,
  type SecretRequest,
} from "./protocol.js";
