import { type Rule, rule } from "../../rule.ts";
import { expect, expectText, ignore, packets, sendRaw, silence, start, startWith } from "../../step.ts";
import { asks, COOKIE, onlineInTerminal, opens, shows, types } from "./prepare.ts";

const EVERY = "the client sends a connect request every 0.2 s, showing a `*` for each";
const GIVES_UP_MS = 16_000;

/** Section 11: opening a link. */
export const OPENING: readonly Rule[] = [
  rule("mailbox/11/1", {
    title: "after the name was typed the client sends HELLO",
    quote: "The client sends HELLO every 0.2 s until COOKIE arrives",
    why: "everything begins with it",
    cause: "the arguments are not read, or HELLO does not have its 48 bytes",
    points: 2,
    script: [
      packets("jacky La"),
      ignore("jacky La", /^\{/),
      start("jacky"),
      types("jacky", "{jacky}"),
      expect("jacky La", /^HELLO [0-9a-f]{16}$/),
    ],
  }),
  rule("mailbox/11/2", {
    title: "HELLO is sent again while there is no answer",
    quote: "The client sends HELLO every 0.2 s until COOKIE arrives",
    why: "the first one may be lost, or the server not started yet",
    cause: "recvfrom() waits without a timeout",
    points: 2,
    script: [asks(), expect("jacky La", /^HELLO/), expect("jacky La", /^HELLO/)],
  }),
  rule("mailbox/11/3", {
    title: "COOKIE is answered with OPEN, with the cookie and the client's own number",
    quote: "then OPEN until OPENED arrives",
    why: "without a link nothing can be said",
    cause: "the cookie is cut, or a new number is drawn",
    points: 2,
    script: [
      asks(),
      ignore("jacky La", /^HELLO/),
      sendRaw("jacky La", `COOKIE {number} ${COOKIE}`),
      expect("jacky La", `OPEN {number} ${COOKIE}`),
    ],
  }),
  rule("mailbox/11/4", {
    title: "OPEN is sent again while there is no answer",
    quote: "then OPEN until OPENED arrives",
    why: "OPEN or OPENED may be lost",
    cause: "recvfrom() waits without a timeout",
    points: 2,
    script: [opens(), expect("jacky La", `OPEN {number} ${COOKIE}`)],
  }),
  rule("mailbox/11/5", {
    title: "after a second without OPENED it begins again with HELLO",
    quote: "after a second without OPENED it starts again with HELLO",
    why: "the server may have been started again, and knows the cookie no longer",
    cause: "OPEN is sent until the end",
    after: ["mailbox/11/4"],
    script: [
      asks(),
      sendRaw("jacky La", `COOKIE {number} ${COOKIE}`),
      expectText("jacky La", `OPEN {number} ${COOKIE}`),
      expectText("jacky La", /^HELLO/, { more: 1000 }),
    ],
  }),
  rule("mailbox/11/6", {
    title: "after 15 s without an answer it says so and gives up",
    quote: "gives up after 15 s with `[couldn't connect to server]`",
    why: "a wrong address is seen at last",
    cause: "the loop has no end",
    after: ["mailbox/11/2"],
    script: [
      packets("jacky La"),
      startWith("jacky", { inTerminal: true }),
      shows("jacky", /name/i),
      types("jacky", "{jacky}"),
      expectText("jacky screen", /\[couldn't connect to server\]/, { more: GIVES_UP_MS }),
    ],
  }),
  rule("mailbox/11/7", {
    title: "the screen has a star for each request",
    quote: EVERY,
    why: "the user sees that something is tried",
    cause: "the output is kept in a buffer until the line ends",
    level: "should",
    after: ["mailbox/11/2"],
    script: [
      packets("jacky La"),
      startWith("jacky", { inTerminal: true }),
      shows("jacky", /name/i),
      types("jacky", "{jacky}"),
      shows("jacky", /\[connecting to server\][^\n]*\*[^\n]*\*/),
    ],
  }),
  rule("mailbox/11/8", {
    title: "the screen says that it is connected",
    quote: "Connected: `[connected to server]`.",
    why: "the user knows that it can begin",
    cause: "the words are written before the server has answered, or not at all",
    script: [onlineInTerminal(), shows("jacky", "[connected to server]")],
  }),
  rule("mailbox/11/9", {
    title: "a COOKIE for another number is passed over",
    quote: "eight bytes that identify the link or the client",
    why: "an answer to an earlier request, or to another program, opens no link",
    cause: "the number is not compared",
    after: ["mailbox/11/3"],
    script: [
      asks(),
      ignore("jacky La", /^HELLO/),
      sendRaw("jacky La", `COOKIE 00000000000000ff ${COOKIE}`),
      silence("jacky La", 500),
    ],
  }),
  rule("mailbox/11/10", {
    title: "nothing is sent before the name was typed",
    quote: "The name is asked before connecting.",
    why: "a server needs a name to log the user in with",
    cause: "the link is opened first",
    script: [
      packets("jacky La"),
      startWith("jacky", { inTerminal: true }),
      shows("jacky", /name/i),
      silence("jacky La", 500),
      types("jacky", "{jacky}"),
      expectText("jacky La", /^HELLO/),
    ],
  }),
];
