import { type Rule, rule } from "../../rule.ts";
import { accept, fails, listen, silence, start, startWith } from "../../step.ts";
import { connected } from "./prepare.ts";

/** Section 12: `client SERVER_IP PORT`. */
export const CONNECTING: readonly Rule[] = [
  rule("im/12/1", {
    title: "the client connects to the server's port",
    quote: "La: opened by the client to the server's port.",
    why: "everything begins with it",
    cause: "the arguments are not read, or stand in another order",
    points: 2,
    script: [listen("jacky La"), start("jacky"), accept("jacky La")],
  }),
  rule("im/12/2", {
    title: "the client connects to the address that it was started with",
    quote: "client SERVER_IP PORT",
    why: "the server runs on another machine in the lab",
    cause: '"localhost" or 127.0.0.1 was left in from testing',
    after: ["im/12/1"],
    script: [listen("jacky La", "{elsewhere}"), start("jacky"), accept("jacky La")],
  }),
  rule("im/12/3", {
    title: "the client says nothing before the user does",
    quote: "Only `/login username password` is known here.",
    why: "a greeting is answered 401, and every reply after it belongs to another line",
    cause: "a test line, or an empty line, is sent after connect()",
    script: [connected("jacky"), silence("jacky La")],
  }),
  rule("im/12/4", {
    title: "where no server listens, the client says so and ends with a status other than 0",
    quote: "with a message on standard error and a non-zero status when the server goes away",
    why: "the user has mistyped the port, and must learn of it",
    cause: "connect() fails, and its result is not looked at",
    after: ["im/12/1"],
    script: [startWith("jacky", { port: "1" }), fails("jacky", 13_000)],
  }),
];
