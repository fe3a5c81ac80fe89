import { type Rule, rule } from "../../rule.ts";
import { come, connects, gets, sends } from "./prepare.ts";
import { NOTES } from "../rooms_pieces.ts";
import { dial, expectText } from "../../step.ts";

const SHOWS =
  "The server's terminal: `Server is listening to port: 12345`, `IP:PORT Connected`, the file's name and size when it begins, `Sent` when every receiver has it.";

/** Section 6: the server's terminal. */
export const TERMINAL: readonly Rule[] = [
  rule("rooms/6/1", {
    title: "the terminal shows the port",
    quote: SHOWS,
    why: "the person who runs the server tells the others where it is",
    cause: "the output is kept in a buffer, or nothing is printed",
    startsProgram: true,
    script: [
      connects("jacky"),
      expectText("server screen", "Server is listening to port: {port}", {
        weak: [[/listening[^\n]*{port}/i, "the words are others"]],
      }),
    ],
  }),
  rule("rooms/6/2", {
    title: "the terminal shows who has connected, from where",
    quote: SHOWS,
    why: "it shows whether a client has found the server",
    cause: "accept() gives the address, and it is not printed",
    startsProgram: true,
    after: ["rooms/1/1"],
    script: [
      dial("jacky tcp"),
      expectText("server screen", /127\.0\.0\.1:\d+ Connected/, {
        weak: [[/127\.0\.0\.1\W+\d{4,5}\W/, "the words are others"]],
      }),
    ],
  }),
  rule("rooms/6/3", {
    title: "the terminal shows a file's name and size",
    quote: SHOWS,
    why: "the person who runs the server sees what holds it up",
    cause: "only texts are printed",
    level: "should",
    startsProgram: true,
    after: ["rooms/3/1"],
    script: [
      come("jacky", "bob"),
      sends("jacky"),
      expectText("server screen", new RegExp(`notes\\.txt[^\\n]*\\n?[^\\n]*\\b${NOTES.bytes.length}\\b`)),
    ],
  }),
  rule("rooms/6/4", {
    title: "the terminal shows Sent once the receiver has it",
    quote: SHOWS,
    why: "the person who runs the server sees that it went well",
    cause: "it is printed for nothing, or not at all",
    level: "should",
    startsProgram: true,
    after: ["rooms/6/3"],
    script: [come("jacky", "bob"), sends("jacky"), gets("bob", "jacky"), expectText("server screen", /\bSent\b/)],
  }),
];
