import { type Rule, rule } from "../../rule.ts";
import { accept, close, closed, expect, expectText, listen, runs, sendUntil, start, wait } from "../../step.ts";
import { answersTable, asksTable, begins, NAME_REQUEST, peersAre } from "./prepare.ts";

const ASKS = "For each new address the client sends a *name request*";
const REPLY =
  "Our client understands every one of them, with or without a count, with or without a fourth field, with the asker in it or not.";

const form = (table: string) => [
  asksTable(),
  peersAre("bob"),
  answersTable(table),
  expect("bob udp", NAME_REQUEST),
];

/** Section 1: the table, and the first datagram to an address. */
export const TABLE: readonly Rule[] = [
  rule("peers/1/1", {
    title: "the program asks the table server, with its UDP port and its user's name",
    quote: "Request: `TYPE:IP:UDPPORT:USERID`, for example `R:192.168.1.7:3001:alice`.",
    why: "the others find it there",
    cause: "the order of the fields is another, or another port is announced than the one that was picked",
    points: 2,
    script: [
      listen("jacky table"),
      start("jacky"),
      accept("jacky table"),
      expectText("jacky table", /R:[^:]*:{jacky.udp}:{jacky}/),
    ],
  }),
  rule("peers/1/2", {
    title: "it sends a first datagram to an address from the table",
    quote: ASKS,
    why: "the table gives addresses only",
    cause: "the answer of the table server is printed, and nothing else",
    points: 2,
    script: [begins("bob"), expect("bob udp", /\S/, { words: "a datagram" })],
  }),
  rule("peers/1/3", {
    title: "it sends one to every address from the table",
    quote: ASKS,
    why: "a table has more than one entry",
    cause: "only the first entry is taken from the answer",
    after: ["peers/1/2"],
    script: [
      begins("bob", "michael", "carol"),
      expect("bob udp", /\S/, { words: "a datagram" }),
      expect("michael udp", /\S/, { words: "a datagram" }),
      expect("carol udp", /\S/, { words: "a datagram" }),
    ],
  }),
  rule("peers/1/4", {
    title: "an answer of the table without a count and without names is understood",
    quote: REPLY,
    why: "it is the form of the handout's text",
    cause: "int() of what stands before the first hyphen throws",
    after: ["peers/1/2", "peers/2/1"],
    script: form("-R:127.0.0.1:{bob.udp.port}"),
  }),
  rule("peers/1/5", {
    title: "an answer of the table with a count and without names is understood",
    quote: REPLY,
    why: "it is the form of the course's server",
    cause: "the name is read from a fourth field that is not there",
    after: ["peers/1/2", "peers/2/1"],
    script: form("1-R:127.0.0.1:{bob.udp.port}"),
  }),
  rule("peers/1/6", {
    title: "an empty table does no harm",
    quote: "says `Null-` for an empty table",
    why: "the first user has an empty table",
    cause: "Null is taken for a number",
    script: [
      asksTable(),
      peersAre("bob"),
      answersTable("Null-"),
      // A name request shows that it still listens.
      sendUntil("bob udp", "IDReq\\: 7\\: 127.0.0.1\\: {bob.udp.port}"),
      expect("bob udp", /^ID\\: {jacky}/),
      wait(300),
      sendUntil("bob udp", "IDReq\\: 8\\: 127.0.0.1\\: {bob.udp.port}"),
      expectText("bob udp", "ID\\: {jacky}\\: 8"),
      runs("jacky"),
    ],
    after: ["peers/2/3", "peers/2/4"],
  }),
  rule("peers/1/7", {
    title: "at its end it says so to the table",
    quote: '`K` — "I am leaving." The entry is removed; the answer is empty.',
    why: "the others would write to a user who is gone",
    cause: "the program ends without a word",
    points: 2,
    after: ["peers/1/2"],
    script: [
      begins("bob"),
      closed("jacky table"),
      close("jacky keys"),
      accept("jacky table2"),
      expectText("jacky table2", /K:[^:]*:{jacky.udp}:{jacky}/),
    ],
  }),
];
