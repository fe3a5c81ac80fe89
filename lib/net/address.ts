export { endpoint, isLoopback } from "../base/address.ts";
