export { askHealth } from "./health.js";
export { hostDataOf } from "./host-data.js";
export { readConfig } from "./read-config.js";
