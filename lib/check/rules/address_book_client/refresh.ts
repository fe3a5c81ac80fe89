import { type Rule, rule } from "../../rule.ts";
import { accept, expectText, listenAgain, runs, silence, unlisten, wait } from "../../step.ts";
import {
  AGAIN,
  answers,
  asks,
  asksAgain,
  entry,
  friends,
  greeted,
  greets,
  hearsOfNone,
  REFRESH_MS,
  requests,
  TABLE,
} from "./prepare.ts";

const REPEATS = "Clients repeat `R` every 30 s.";

/** Section 13: the next requests. */
export const REFRESHES: readonly Rule[] = [
  rule("address-book/13/1", {
    title: "it asks again within half a minute",
    quote: REPEATS,
    why: "who comes later is found by it, and the own entry is dropped after 90 s without it",
    cause: "there is no timer, or it waits for the keyboard",
    points: 3,
    script: [
      asks(),
      hearsOfNone(),
      accept(AGAIN, REFRESH_MS),
      expectText(AGAIN, /^R:/, { words: "R:IP:UDPPORT:{jacky}" }),
    ],
  }),
  rule("address-book/13/2", {
    title: "it does so with the same port and name",
    quote: "The entry is added or renewed.",
    why: "another port is another entry, and the old one leads nowhere",
    cause: "a new UDP socket is opened for each request, or a field is filled once only",
    after: ["address-book/11/5", "address-book/13/1"],
    script: [
      asks(),
      hearsOfNone(),
      accept(AGAIN, REFRESH_MS),
      expectText(AGAIN, /R:[^:]*:{jacky.udp}:{jacky}/, { words: "R:IP:{jacky.udp}:{jacky}" }),
    ],
  }),
  rule("address-book/13/3", {
    title: "an address that is new in a later table is asked",
    quote: "For each new address the client sends a *name request*",
    why: "most friends come later",
    cause: "only the first answer is read",
    points: 2,
    after: ["address-book/12/2"],
    script: [
      asks(),
      friends(2),
      answers(entry(1)),
      greets(1),
      asksAgain(),
      answers(entry(1) + entry(2), AGAIN),
      greeted(2),
    ],
  }),
  rule("address-book/13/4", {
    title: "it pauses between two requests",
    quote: REPEATS,
    why: "a class that asks without a pause stops the server",
    cause: "sleep() is missing in the loop",
    script: [asks(), hearsOfNone(), silence(AGAIN)],
  }),
  rule("address-book/13/5", {
    title: "an answer that is none does no harm: it asks again",
    quote: REPEATS,
    why: "another program may listen at the port for a while",
    cause: "the exception ends the thread that asks",
    level: "should",
    after: ["address-book/13/3"],
    script: [
      asks(),
      friends(),
      answers("HTTP/1.1 400 Bad Request\r\n\r\n"),
      asksAgain(),
      answers(entry(), AGAIN),
      greeted(),
    ],
  }),
  rule("address-book/13/6", {
    title: "a server that was away is asked when it is back",
    quote: REPEATS,
    why: "the server is the one part that all others need, and it is started anew at times",
    cause: "the exception of connect() ends the thread that asks, or the program",
    longSeconds: 2 * REFRESH_MS / 1000,
    points: 2,
    after: ["address-book/13/1"],
    script: [
      asks(),
      hearsOfNone(),
      unlisten(TABLE),
      // Within, it asks at least once.
      wait(REFRESH_MS),
      runs("jacky"),
      listenAgain(TABLE),
      accept(AGAIN, REFRESH_MS),
      requests(AGAIN),
    ],
  }),
];
