export {
  errorFactory,
  isKeyturnError,
  KeyturnError,
  type ErrorDetails,
  type ErrorEntry,
  type ErrorTable,
} from "./errors/keyturn-error.js";
export { natsErrors } from "./errors/nats-errors.js";
export { Secret } from "./secret/secret.js";
