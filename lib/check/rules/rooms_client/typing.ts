import { type Rule, rule } from "../../rule.ts";
import { expectText, observe, sendRaw } from "../../step.ts";
import { arrives, FIRST, getsLine, isIn, SECOND, showsOthers, types } from "./prepare.ts";

const PIECE = "Text: one piece (the terminal client ends it with `\\n`, the window does not).";

/** Section 13: what the user types. */
export const TYPING: readonly Rule[] = [
  rule("rooms/13/1", {
    title: "a line that is typed is sent",
    quote: PIECE,
    why: "it is what the client is for",
    cause: "the output is kept back, or the line is only printed",
    points: 3,
    after: ["rooms/11/5"],
    script: [isIn(), types(), expectText("jacky tcp", FIRST)],
  }),
  rule("rooms/13/2", {
    title: "it is one piece, and nothing but the line",
    quote: PIECE,
    why: "the server puts the name before it",
    cause: "the client sends its name with each text, or the text in a form of its own",
    points: 2,
    after: ["rooms/13/1"],
    script: [isIn(), types(), getsLine()],
  }),
  rule("rooms/13/3", {
    title: "each line is sent, not only the first",
    quote: PIECE,
    why: "a conversation goes on",
    cause: "the loop that reads the keyboard ends after one line, or sends the first again",
    points: 2,
    script: [
      isIn(),
      types(),
      arrives(),
      types(SECOND),
      getsLine(SECOND),
      types("third: {text3}"),
      getsLine("third: {text3}"),
    ],
  }),
  rule("rooms/13/4", {
    title: "lines that are pasted together are pieces of their own",
    quote: "**a piece is one `recv` of the other side**, kept apart by pauses of 0.1 s",
    why: "the server takes what comes together for one text",
    cause: "no pause follows a text, so that TCP joins the next one to it",
    points: 2,
    after: ["rooms/13/3"],
    script: [isIn(), sendRaw("jacky keys", `${FIRST}\n${SECOND}\n`), getsLine(), getsLine(SECOND)],
  }),
  rule("rooms/13/5", {
    title: "spaces within a line are sent",
    quote: PIECE,
    why: "code and tables live on them",
    cause: "split() and join() make one space of several",
    after: ["rooms/13/2"],
    script: [isIn(), types("a   b  c"), getsLine("a   b  c")],
  }),
  rule("rooms/13/6", {
    title: "a line in any alphabet is sent as it was typed",
    quote: PIECE,
    why: "not every language fits into ASCII",
    cause: 'encode("ascii") replaces or drops what it does not know',
    after: ["rooms/13/2"],
    script: [isIn(), types("Grüße, 你好 🙂"), getsLine("Grüße, 你好 🙂")],
  }),
  rule("rooms/13/7", {
    title: "a line of 900 bytes is one piece",
    quote: PIECE,
    why: "the handout's programs read up to 1,024 bytes at once",
    cause: "a buffer of a fixed size",
    after: ["rooms/13/2"],
    script: [isIn(), types(`begin ${"x".repeat(880)} end`), getsLine(`begin ${"x".repeat(880)} end`)],
  }),
  rule("rooms/13/8", {
    title: "what the server says is not sent back",
    quote: PIECE,
    why: "two such clients would fill the room without an end",
    cause: "what was received goes through the function that sends",
    after: ["rooms/13/2"],
    script: [isIn(), showsOthers(), types(), getsLine()],
  }),
  rule("rooms/13/9", {
    title: "what becomes of an empty line",
    quote: PIECE,
    why: "the return key is pressed by mistake",
    cause: "the handout does not say whether it is a text",
    level: "open",
    script: [isIn(), types(""), observe("jacky tcp", 500)],
  }),
];
