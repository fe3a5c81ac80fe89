import { type Rule, rule } from "../../rule.ts";
import { dial, expect, expectText } from "../../step.ts";
import { comes } from "./prepare.ts";

const GREETS = "The server greets with `Welcome to this chatroom!`.";

/** Section 1: the port and the greeting. */
export const GREETING: readonly Rule[] = [
  rule("lobby/1/1", {
    title: "the server accepts connections on the port that it was started with",
    quote: "Anyone who connects is in the room.",
    why: "a client has no other way in",
    cause: "the port is fixed in the program, or the socket listens on another address than the network's",
    points: 2,
    script: [dial("ann tcp")],
  }),
  rule("lobby/1/2", {
    title: "a guest is greeted without having said anything",
    quote: GREETS,
    why: "the user sees that the connection works",
    cause: "the server reads before it writes, and both sides wait",
    points: 2,
    after: ["lobby/1/1"],
    script: [dial("ann tcp"), expectText("ann tcp", /\S/, { words: "a greeting" })],
  }),
  rule("lobby/1/3", {
    title: "the greeting has the words of the handout",
    quote: GREETS,
    why: "programs look for these words",
    cause: "a word or a sign of the greeting is another",
    after: ["lobby/1/2"],
    script: [dial("ann tcp"), expectText("ann tcp", "Welcome to this chatroom!")],
  }),
  rule("lobby/1/4", {
    title: "the greeting is a line of its own",
    quote: "so each thing the server sends is a line, ended by `\\n`",
    why: "the next text would stand behind it on the same line",
    cause: 'send() without "\\n": the handout\'s own client adds a newline to what it prints, nc adds none',
    level: "should",
    after: ["lobby/1/3"],
    script: [dial("ann tcp"), expect("ann tcp", "Welcome to this chatroom!", { exact: true })],
  }),
  rule("lobby/1/5", {
    title: "a guest is greeted while another is there who says nothing",
    quote: "Anyone who connects is in the room.",
    why: "a room for one is none",
    cause:
      "the server reads from the first connection before it accepts the next: it needs a thread for each, or select",
    points: 2,
    script: [comes("ann"), dial("ben tcp"), expectText("ben tcp", /\S/, { words: "a greeting" })],
  }),
];
