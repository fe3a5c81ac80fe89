import { type Rule, rule } from "../../rule.ts";
import { accept, listen, silence, start } from "../../step.ts";
import { connects } from "./prepare.ts";

/** Section 11: the connection. */
export const CONNECTING: readonly Rule[] = [
  rule("lobby/11/1", {
    title: "the client connects to the server's address and port",
    quote: "client IP PORT",
    why: "everything begins with it",
    cause: "the arguments are not read, or stand in another order",
    points: 2,
    script: [listen("ann tcp"), start("ann"), accept("ann tcp")],
  }),
  rule("lobby/11/2", {
    title: "the client says nothing before its user has typed",
    quote: "sends each line it reads with its newline",
    why: "all that it sends is shown to everyone",
    cause: "a name, a greeting or an empty line is sent at the start",
    script: [connects(), silence("ann tcp")],
  }),
];
