import { type Rule, rule } from "../../rule.ts";
import { expectText } from "../../step.ts";
import { chat, comes, FIRST, says, SECOND } from "./prepare.ts";

const PRINTED = "`ADDR connected` and each `<ADDR> text` are printed on its terminal.";
const BUFFERED =
  "it is not printed, or not before the program ends: what goes into a pipe is kept back without a flush()";

/** Section 4: the server's terminal. A program may keep back what it prints into a pipe, so that all of it is recommended. */
export const TERMINAL: readonly Rule[] = [
  rule("lobby/4/1", {
    title: "the server prints who has connected",
    quote: PRINTED,
    why: "the operator sees that the clients come through",
    cause: BUFFERED,
    level: "should",
    startsProgram: true,
    script: [
      comes("ann"),
      expectText("server screen", "{ann.tcp.address} connected", {
        weak: [[/connected/i, "the address does not stand before it"]],
      }),
    ],
  }),
  rule("lobby/4/2", {
    title: "the server prints what is said, with the address",
    quote: PRINTED,
    why: "the operator sees what goes on in the room",
    cause: BUFFERED,
    level: "should",
    startsProgram: true,
    script: [comes("ann", "ben"), chat("ann", "ben"), expectText("server screen", `<{ann.tcp.address}> ${FIRST}`)],
  }),
  rule("lobby/4/3", {
    title: "the server prints what each guest says",
    quote: "each `<ADDR> text`",
    why: "the operator sees what goes on in the room",
    cause: "it is printed in one of the threads alone",
    level: "should",
    startsProgram: true,
    after: ["lobby/4/2", "lobby/2/7"],
    script: [
      comes("ann", "ben"),
      chat("ann", "ben"),
      expectText("server screen", FIRST),
      says("ben", SECOND),
      expectText("server screen", SECOND),
    ],
  }),
  rule("lobby/4/4", {
    title: "the server prints what a guest says who is alone",
    quote: "What one sends is shown on the server's terminal",
    why: "the first one tries whether it works",
    cause: "the text is printed in the loop over the others",
    level: "should",
    startsProgram: true,
    after: ["lobby/4/2"],
    script: [comes("ann"), says("ann"), expectText("server screen", FIRST)],
  }),
];
