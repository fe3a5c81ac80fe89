import { type Rule, rule } from "../../rule.ts";
import { expectText } from "../../step.ts";
import { AGAIN, answers, asks, asksAgain, entry, friends, greets, looks, NOTICED, SCREEN } from "./prepare.ts";

const TABLE =
  "the *client address table* as it stands, one line an entry with IP, port, name, and since when it is known (`/table`, and in the page)";
const OWN = "its own address and port";

/** Names that are asked for at the start have their time before the screen is the user's. */
const more = 5000;

const LINE = "a line with {host} and {jacky.friend.port}";

/** The first table is here, and it has this friend. */
const listed = (answer = entry()) => [asks(), friends(), answers(answer), greets(), NOTICED];

/** Section 15: what the client shows. How a user asks for it is open in the handout, so that all of it is recommended. */
export const WINDOWS: readonly Rule[] = [
  rule("address-book/15/1", {
    title: "/table shows address and port of an entry in one line",
    quote: TABLE,
    why: "the user sees whom the server has",
    cause: "only the names of friends are shown",
    level: "should",
    script: [listed(), looks(), expectText(SCREEN, /{host}[^\n\d]{1,20}{jacky.friend.port}/, { more, words: LINE })],
  }),
  rule("address-book/15/2", {
    title: "/table shows the name that the server tells",
    quote: TABLE,
    why: "a user thinks of names, and not of ports",
    cause: "the fourth field is dropped",
    level: "should",
    after: ["address-book/12/8", "address-book/15/1"],
    script: [
      listed(`1${entry()}:zelda`),
      looks(),
      expectText(SCREEN, /{jacky.friend.port}[^\n]*zelda|zelda[^\n]*{jacky.friend.port}/, {
        more,
        words: "a line with {jacky.friend.port} and zelda",
      }),
    ],
  }),
  rule("address-book/15/3", {
    title: "it shows since when an entry is known",
    quote: TABLE,
    why: "the user sees who has just come",
    cause: "the time of an entry is not kept",
    level: "should",
    after: ["address-book/15/1"],
    script: [
      listed(),
      looks(),
      expectText(SCREEN, /{jacky.friend.port}[^\n]*\b\d{1,2}:\d{2}/, {
        more,
        words: "a line with {jacky.friend.port} and a time",
      }),
    ],
  }),
  rule("address-book/15/4", {
    title: "it shows its own address and port",
    quote: OWN,
    why: "another user may want to type them",
    cause: "only the entries of others are shown",
    level: "should",
    script: [
      listed(),
      looks(),
      expectText(SCREEN, /\d+(\.\d+){3}[^\n\d]{1,20}{jacky.udp}(?!\d)/, {
        more,
        words: "a line with its address and {jacky.udp}",
      }),
    ],
  }),
  rule("address-book/15/5", {
    title: "/table shows no entry that the server no longer has",
    quote: "as it stands",
    why: "the user would write into the void",
    cause: "what an answer has is added, and nothing is removed",
    level: "should",
    after: ["address-book/15/1", "address-book/13/3"],
    script: [
      asks(),
      friends(2),
      answers(entry(1)),
      greets(1),
      NOTICED,
      looks(),
      expectText(SCREEN, /{host}[^\n\d]{1,20}{jacky.friend.port}[^\n]*\n/, { more, words: LINE }),
      asksAgain(),
      answers(entry(2), AGAIN),
      greets(2),
      NOTICED,
      looks(),
      expectText(SCREEN, /{host}[^\n\d]{1,20}{jacky.friend2.port}/, {
        more,
        words: "a line with {host} and {jacky.friend2.port}, and none with {jacky.friend.port}",
        without: /{host}[^\n\d]{1,20}{jacky.friend.port}/,
      }),
    ],
  }),
];
