export { selfSignedHostToken, signClaims, type Claims } from "./claims.js";
export { ClaimsFault, readClaims, type ReadClaims } from "./read-claims.js";
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
