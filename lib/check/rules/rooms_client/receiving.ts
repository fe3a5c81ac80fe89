import { type Rule, rule } from "../../rule.ts";
import { expectText, runs } from "../../step.ts";
import { arrives, GREETING, isIn, logsIn, OTHERS, shows, showsOthers, tells, types } from "./prepare.ts";

const GETS = "Everybody else in the room gets `<NAME> text`.";
const COMES = "our client shows what comes";

/** Section 12: what the server sends. */
export const RECEIVING: readonly Rule[] = [
  rule("rooms/12/1", {
    title: "the server's answer to the room is shown, before anything was typed",
    quote: "The server answers `New Group created` (first in that room) or `Welcome to chat room`.",
    why: "the user sees that it is in",
    cause: "the client waits for the keyboard before it looks at the server, or waits for a line end",
    points: 2,
    script: [logsIn(), tells(GREETING), expectText("jacky screen", GREETING)],
  }),
  rule("rooms/12/2", {
    title: "what others say is shown while the user types nothing",
    quote: GETS,
    why: "most people in a room listen",
    cause: "one loop reads from the server and from the keyboard in turn",
    points: 3,
    script: [isIn(), tells(OTHERS), shows(OTHERS)],
  }),
  rule("rooms/12/3", {
    title: "every text is shown, in order",
    quote: GETS,
    why: "a conversation goes on",
    cause: "the thread that reads ends after one text",
    points: 2,
    after: ["rooms/12/2"],
    script: [
      isIn(),
      [1, 2, 3].map((i) => tells(`<{bob}> no. ${i}; {text}`)),
      [1, 2, 3].map((i) => shows(`<{bob}> no. ${i}; {text}`)),
    ],
  }),
  rule("rooms/12/4", {
    title: "what others say is shown after the user has typed, too",
    quote: "Users on different machines chat",
    why: "a conversation goes on",
    cause: "the loop that reads from the server ends with the first line that is typed",
    after: ["rooms/12/2"],
    script: [isIn(), types(), arrives(), tells(OTHERS), shows(OTHERS)],
  }),
  rule("rooms/12/5", {
    title: "a text of another form is shown as it came",
    quote:
      "Known relatives: servers that greet differently, add `!rooms` or `/All`, or send `user | text`; our client shows what comes.",
    why: "the servers of other teams write names in other ways",
    cause: "the text is taken apart at its brackets, and dropped without them",
    level: "should",
    after: ["rooms/12/2"],
    script: [isIn(), tells("{bob} | {text}"), shows("{bob} | {text}")],
  }),
  rule("rooms/12/6", {
    title: "a text in any alphabet is shown as it came",
    quote: COMES,
    why: "not every language fits into ASCII",
    cause: "bytes are decoded as ASCII, or what is no ASCII is replaced",
    after: ["rooms/12/2"],
    script: [isIn(), tells("<{bob}> Grüße, 你好 🙂 {text}"), shows("Grüße, 你好 🙂 {text}")],
  }),
  rule("rooms/12/7", {
    title: "bytes that are no UTF-8 do no harm",
    quote: COMES,
    why: "a server passes on what it gets, from telnet as well",
    cause: "decode() throws, and with it ends the thread that reads",
    after: ["rooms/12/2"],
    script: [isIn(), tells(new Uint8Array([0xff, 0xfb, 0x80])), showsOthers(), runs("jacky")],
  }),
  rule("rooms/12/8", {
    title: "texts that were joined on the way are all shown",
    quote: COMES,
    why: "a network glues what follows closely",
    cause: "what recv() returned is taken for one line, and cut at its newline",
    after: ["rooms/12/2"],
    script: [isIn(), tells(`${OTHERS}\n<{bob}> and {text2}\n`), shows(OTHERS), shows("<{bob}> and {text2}")],
  }),
  rule("rooms/12/9", {
    title: "each text is shown once",
    quote: COMES,
    why: "what stands there twice was said twice",
    cause: "two threads read and print, or the buffer is printed again with what follows",
    after: ["rooms/12/2"],
    script: [isIn(), showsOthers(), tells("<{bob}> and {text2}"), shows("<{bob}> and {text2}", OTHERS)],
  }),
  rule("rooms/12/10", {
    title: "a text of 900 bytes is shown whole",
    quote: "reads each header piece with `recv(1024)`",
    why: "the handout's programs read up to 1,024 bytes at once",
    cause: "recv() has a small buffer, and the rest is dropped",
    after: ["rooms/12/2"],
    script: [isIn(), tells(`<{bob}> begin ${"x".repeat(880)} end {text}`), shows("begin"), shows("end {text}")],
  }),
];
