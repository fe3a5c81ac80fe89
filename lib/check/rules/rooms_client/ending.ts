import { type Rule, rule } from "../../rule.ts";
import { close, closed, exits, expectPiece, sendRaw } from "../../step.ts";
import { FIRST, getsBytes, getsHeaders, isIn, line, OTHERS, sendsFile, shows, types } from "./prepare.ts";

const ENDS = "ends a session at its end of input";

/** Section 16: the end. */
export const ENDING: readonly Rule[] = [
  rule("rooms/16/1", {
    title: "at the end of its input the client ends the connection",
    quote: ENDS,
    why: "scripts end that way, and Ctrl-D does",
    cause: "the end of input is not told apart from an empty line",
    points: 2,
    script: [isIn(), close("jacky keys"), closed("jacky tcp")],
  }),
  rule("rooms/16/2", {
    title: "and ends with status 0",
    quote: ENDS,
    why: "a script that runs it waits for its end",
    cause: "a thread that still reads keeps the process alive, or EOFError ends it",
    after: ["rooms/16/1"],
    script: [isIn(), close("jacky keys"), closed("jacky tcp"), close("jacky tcp"), exits("jacky", "zero")],
  }),
  rule("rooms/16/3", {
    title: "what was typed last is sent before the end",
    quote: ENDS,
    why: "echo and a pipe type and end at once",
    cause: "the connection is closed as soon as the end is seen",
    after: ["rooms/13/2", "rooms/16/1"],
    script: [isIn(), types(), close("jacky keys"), expectPiece("jacky tcp", line(FIRST)), closed("jacky tcp")],
  }),
  rule("rooms/16/4", {
    title: "a file that is being sent is sent to its end first",
    quote: "A file: `FILE`, pause, `client_NAME`, pause, the size in decimal, pause, the bytes.",
    why: "a script sends a file and ends",
    cause: "the thread that sends is ended with the program",
    after: ["rooms/14/5", "rooms/16/3"],
    script: [isIn(), sendsFile(), close("jacky keys"), getsHeaders(), getsBytes(), closed("jacky tcp")],
  }),
  rule("rooms/16/5", {
    title: "it ends when the server ends the connection",
    quote: ENDS,
    why: "nothing more can come",
    cause: "recv() returns nothing, and the loop goes on",
    points: 2,
    script: [isIn(), close("jacky tcp"), exits("jacky")],
  }),
  rule("rooms/16/6", {
    title: "what the server said last is shown, although the end comes with it",
    quote: "our client shows what comes",
    why: "a server says why it refuses a name, and ends the connection",
    cause: "the end is handled before what came with it",
    after: ["rooms/12/2", "rooms/16/5"],
    script: [isIn(), sendRaw("jacky tcp", OTHERS), close("jacky tcp"), shows(OTHERS), exits("jacky")],
  }),
];
