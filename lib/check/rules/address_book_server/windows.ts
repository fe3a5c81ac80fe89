import { type Rule, rule } from "../../rule.ts";
import { expectText } from "../../step.ts";
import { leaves, registers } from "./prepare.ts";

const SHOWN = "Every event is shown (`got request from: …`, `receive offline from: …`)";
const BUFFERED = "it is not printed, or kept back: what goes into a pipe is not seen without a flush()";

/** Section 5: what the server shows. A program may keep back what it prints into a pipe, so that all of it is recommended. */
export const WINDOWS: readonly Rule[] = [
  rule("address-book/5/1", {
    title: "the server says that it waits",
    quote: '"Waiting for clients connection" until the first',
    why: "the operator sees that it runs",
    cause: BUFFERED,
    level: "should",
    startsProgram: true,
    script: [
      expectText("server screen", /waiting for clients connection/i, { words: "Waiting for clients connection" }),
    ],
  }),
  rule("address-book/5/2", {
    title: "the server shows who asks",
    quote: SHOWN,
    why: "the operator sees that the clients come through",
    cause: BUFFERED,
    level: "should",
    startsProgram: true,
    script: [
      registers("alice", 3701),
      expectText("server screen", /got request from: *\S[^\n]*3701/i, { words: "got request from: … 3701" }),
    ],
  }),
  rule("address-book/5/3", {
    title: "the server shows who leaves",
    quote: SHOWN,
    why: "the operator sees who is still there",
    cause: BUFFERED,
    level: "should",
    startsProgram: true,
    script: [
      registers("alice", 3711),
      leaves("alice", 3711),
      expectText("server screen", /receive offline from: *\S[^\n]*3711/i, { words: "receive offline from: … 3711" }),
    ],
  }),
  rule("address-book/5/4", {
    title: "the server shows the table",
    quote: "the table itself, live, in the terminal's log",
    why: "the operator sees what the clients are told",
    cause: "only the last event is shown",
    level: "should",
    startsProgram: true,
    after: ["address-book/5/2", "address-book/2/2"],
    script: [
      registers("alice", 3721),
      expectText("server screen", /got request from[^\n]*3721/i, { words: "got request from: … 3721" }),
      registers("ben", 3722),
      expectText("server screen", /got request from[^\n]*3722/i, { words: "got request from: … 3722" }),
      expectText("server screen", /3721[^]*3722|3722[^]*3721/, { words: "the table, with 3721 and 3722" }),
    ],
  }),
];
