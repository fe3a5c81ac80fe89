import { prepares, type Rule, rule } from "../../rule.ts";
import { close, closed, exits, expect, expectText, type Script, send, sendRaw, silence, wait } from "../../step.ts";
import { arrives, FIRST, isInRoom, types } from "./prepare.ts";

const ENDS = "and ends cleanly when either does";
const INPUT =
  "at the end of its input (or `/exit`) it sends what is left and ends within 1 s, also when the server never closes";

/** At the end of its input the client ends; prepared by lobby/14/2. */
const inputEnds = (): Script => [close("ann keys"), prepares("lobby/14/2", [exits("ann")])];

/** When the server closes, the client ends; prepared by lobby/14/7. */
const serverEnds = (): Script => [close("ann tcp"), prepares("lobby/14/7", [exits("ann")])];

/** Section 14: the end. */
export const ENDING: readonly Rule[] = [
  rule("lobby/14/1", {
    title: "at the end of its input the client ends its connection",
    quote: ENDS,
    why: "the server learns by it that the user has left",
    cause: "readline() returns an empty text for ever, and the loop goes on",
    points: 2,
    script: [isInRoom(), close("ann keys"), closed("ann tcp")],
  }),
  rule("lobby/14/2", {
    title: "at the end of its input the client ends, also when the server never closes",
    quote: INPUT,
    why: "the handout's own server never closes",
    cause: "the thread that reads from the server keeps the process alive",
    points: 2,
    after: ["lobby/14/1"],
    script: [isInRoom(), close("ann keys"), exits("ann")],
  }),
  rule("lobby/14/3", {
    title: "its status is 0 then",
    quote: ENDS,
    why: "a script that runs it takes another status for a failure",
    cause: "input() throws EOFError, which is caught nowhere",
    script: [isInRoom(), inputEnds(), exits("ann", "zero")],
  }),
  rule("lobby/14/4", {
    title: "a line before the end of the input is sent",
    quote: INPUT,
    why: "echo hello | client is a line and the end at once",
    cause: "the connection is closed while a thread still has the line",
    points: 2,
    after: ["lobby/13/2"],
    script: [isInRoom(), types(), close("ann keys"), expect("ann tcp", FIRST)],
  }),
  rule("lobby/14/5", {
    title: "what stands after the last newline is sent at the end of the input",
    quote: "it sends what is left",
    why: "printf hello | client ends in no newline",
    cause: "only whole lines are sent",
    after: ["lobby/13/1"],
    script: [isInRoom(), sendRaw("ann keys", FIRST), close("ann keys"), expectText("ann tcp", FIRST)],
  }),
  rule("lobby/14/6", {
    title: "two hundred lines before the end of the input are all sent",
    quote: "it sends what is left",
    why: "a file that is piped into the client is such an input",
    cause: "the process ends while the lines still wait in a queue",
    after: ["lobby/13/2", "lobby/14/4", "lobby/13/4"],
    script: [
      isInRoom(),
      sendRaw("ann keys", Array.from({ length: 200 }, (_, i) => `no. ${i + 1}; {text}\n`).join("")),
      close("ann keys"),
      Array.from({ length: 200 }, (_, i) => expect("ann tcp", `no. ${i + 1}; {text}`)),
      closed("ann tcp"),
    ],
  }),
  rule("lobby/14/7", {
    title: "when the server closes, the client ends",
    quote: ENDS,
    why: "a user must not type into the void",
    cause: "recv() returns nothing, and the loop goes on; or the keyboard is still waited for",
    points: 2,
    script: [isInRoom(), close("ann tcp"), exits("ann")],
  }),
  rule("lobby/14/8", {
    title: "its status is 0 then, too",
    quote: ENDS,
    why: "the server has ended in good order",
    cause: "the end of the connection is handled as an error",
    script: [isInRoom(), serverEnds(), exits("ann", "zero")],
  }),
  rule("lobby/14/9", {
    title: "what the server says last is shown, although the end comes with it",
    quote: "it prints each chunk it receives",
    why: "a server says why it closes",
    cause: "the end is handled before what came with it",
    script: [
      isInRoom(),
      send("ann tcp", "the server stops: {text}"),
      close("ann tcp"),
      expectText("ann screen", "the server stops: {text}"),
    ],
  }),
  rule("lobby/14/10", {
    title: "when the server has closed, the client ends with half a line typed",
    quote: ENDS,
    why: "the server may stop at any time",
    cause: "readline() waits for the rest of the line",
    level: "should",
    after: ["lobby/12/7", "lobby/14/7"],
    script: [isInRoom(), sendRaw("ann keys", "half a li"), wait(200), close("ann tcp"), exits("ann")],
  }),
  rule("lobby/14/11", {
    title: "/exit ends the client",
    quote: "at the end of its input (or `/exit`)",
    why: "not every user knows Ctrl-D",
    cause: "every line is sent as a text",
    level: "should",
    script: [isInRoom(), types("/exit"), exits("ann", "zero")],
  }),
  rule("lobby/14/12", {
    title: "/exit is not sent into the room",
    quote: "at the end of its input (or `/exit`)",
    why: "it is meant for the client, and no text",
    cause: "the line is sent before it is looked at",
    level: "should",
    after: ["lobby/14/11"],
    script: [isInRoom(), types(), types("/exit"), arrives(), closed("ann tcp"), silence("ann tcp")],
  }),
];
