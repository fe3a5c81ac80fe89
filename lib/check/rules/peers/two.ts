import { type Rule, rule } from "../../rule.ts";
import { exits, expectText, kill, runs } from "../../step.ts";
import { bothBegin, bothKnow, FIRST, SECOND, types } from "./prepare.ts";

const CHAT = "Clients talk to each other **directly over UDP**.";
const says = (from: string, to: string, text: string) => [
  types(to, text, from),
  expectText(`${to} screen`, text),
];

/** Section 6: two programs of the same kind, whatever they speak with each other. */
export const TWO: readonly Rule[] = [
  rule("peers/6/1", {
    title: "two of them know each other's names",
    quote: "The client keeps a **friend list**: name ↔ address",
    why: "the table of the course gives addresses only",
    cause: "the answer to a name request is not kept, or not shown",
    points: 2,
    after: ["peers/1/5"],
    script: [bothBegin(), expectText("jacky screen", "{bob}"), expectText("bob screen", "{jacky}")],
  }),
  rule("peers/6/2", {
    title: "what the user of one writes is shown by the other",
    quote: CHAT,
    why: "it is what the program is for",
    cause: "the two sides of the program do not agree on the form of a datagram",
    points: 3,
    script: [bothKnow(), says("jacky", "bob", FIRST)],
  }),
  rule("peers/6/3", {
    title: "the other answers",
    quote: CHAT,
    why: "a conversation has two sides",
    cause: "only the one that has asked first knows an address",
    points: 2,
    after: ["peers/6/2"],
    script: [bothKnow(), says("jacky", "bob", FIRST), says("bob", "jacky", SECOND)],
  }),
  rule("peers/6/4", {
    title: "ten texts are shown, all and in order",
    quote: "never shown twice, shown in the order it was sent",
    why: "an answer must not stand before its question",
    cause: "each datagram is handled by a thread of its own, or one that follows closely is dropped",
    points: 2,
    after: ["peers/6/2"],
    script: [
      bothKnow(),
      Array.from({ length: 10 }, (_, i) => types("bob", `no. ${i + 1}; {text}`)),
      Array.from({ length: 10 }, (_, i) => expectText("bob screen", `no. ${i + 1}; {text}`)),
    ],
  }),
  rule("peers/6/5", {
    title: "each text is shown once",
    quote: "never shown twice, shown in the order it was sent",
    why: "what stands there twice was said twice",
    cause: "what is repeated because no acknowledgement came is shown again",
    after: ["peers/6/4"],
    script: [
      bothKnow(),
      says("jacky", "bob", FIRST),
      types("bob", SECOND),
      expectText("bob screen", SECOND, { without: FIRST }),
    ],
  }),
  rule("peers/6/6", {
    title: "the other runs on when one of them is gone without a word",
    quote: "whether the friend still answers",
    why: "laptops are closed",
    cause: "the closed port of the other makes recvfrom() throw",
    points: 2,
    after: ["peers/6/2"],
    script: [
      bothKnow(),
      says("jacky", "bob", FIRST),
      kill("bob"),
      exits("bob"),
      types("bob", SECOND),
      types("bob", SECOND),
      { do: "wait", ms: 300 },
      runs("jacky"),
    ],
  }),
];
