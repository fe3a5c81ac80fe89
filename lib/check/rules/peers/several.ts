import { type Rule, rule } from "../../rule.ts";
import { bind, expect, ignore, runs, silence, unlisten, wait } from "../../step.ts";
import {
  arrives,
  containing,
  FIRST,
  friendsA,
  NAME_REQUEST,
  sayA,
  says,
  SECOND,
  sends,
  shows,
  THIRD,
  types,
} from "./prepare.ts";

const DROPPED =
  "What arrives from a stranger, is malformed, or repeats an old datagram is dropped and counted, never shown as chat.";
/** The handout's 30 s between two requests, and what a busy machine adds. */
const TABLE_AWAY_MS = 35_000;
const THREE = "at least three clients at once";

const harmless = (title: string, cause: string, datagram: string | Uint8Array) => ({
  title,
  quote: DROPPED,
  why: "any program of the network can send to the port",
  cause,
  script: [friendsA("bob"), shows("{bob}"), sends("bob", datagram), says("bob"), runs("jacky")],
});

/** Section 5: several peers, and datagrams that are wrong. */
export const SEVERAL: readonly Rule[] = [
  rule("peers/5/1", {
    title: "what three peers say is shown, each with its name",
    quote: THREE,
    why: "one socket has the datagrams of all",
    cause: "only the first peer is listened to, or all have the name of the last",
    points: 2,
    after: ["peers/2/7"],
    script: [
      friendsA("bob", "michael", "carol"),
      sends("bob", sayA("bob", FIRST)),
      shows(/{bob}[^\n]*first: {text}/),
      sends("michael", sayA("michael", SECOND)),
      shows(/{michael}[^\n]*second: {text2}/),
      sends("carol", sayA("carol", THIRD)),
      shows(/{carol}[^\n]*third: {text3}/),
    ],
  }),
  rule("peers/5/2", {
    title: "what the user writes goes to the one whose name stands there, and to no other",
    quote: "**One-to-one chat** with anyone on the list",
    why: "what goes to the wrong one cannot be taken back",
    cause: "the text is sent to all addresses, or to the one that has spoken last",
    points: 3,
    after: ["peers/5/1"],
    script: [
      friendsA("bob", "michael"),
      says("bob"),
      says("michael", SECOND),
      types("bob", THIRD),
      arrives("bob", THIRD),
      silence("michael udp"),
    ],
  }),
  rule("peers/5/3", {
    title: "a conversation goes on: several texts in turn, both ways",
    quote: "**One-to-one chat** with anyone on the list",
    why: "one text each is no chat",
    cause: "the socket is closed after one datagram, or the thread that receives ends",
    points: 2,
    script: [
      friendsA("bob"),
      says("bob"),
      types("bob", SECOND),
      arrives("bob", SECOND),
      says("bob", THIRD),
      types("bob", "again {text}"),
      expect("bob udp", containing("again {text}")),
    ],
  }),
  rule("peers/5/4", {
    title: "a text in any alphabet goes both ways as it is",
    quote: "**One-to-one chat** with anyone on the list",
    why: "not every language fits into ASCII",
    cause: "bytes are decoded or encoded as ASCII",
    after: ["peers/2/6", "peers/2/8"],
    script: [
      friendsA("bob"),
      sends("bob", sayA("bob", "Grüße, 你好 🙂")),
      shows("Grüße, 你好 🙂"),
      types("bob", "Łódź {text}"),
      expect("bob udp", containing("Łódź {text}")),
    ],
  }),
  rule("peers/5/5", {
    title: "a text of 900 bytes is shown whole",
    quote: "one `recvfrom` is one message",
    why: "a datagram that is longer than the buffer of recvfrom() loses its end",
    cause: "recvfrom(512)",
    after: ["peers/2/6"],
    script: [friendsA("bob"), sends("bob", sayA("bob", `${"long ".repeat(170)}end`)), shows("long end")],
  }),
  rule(
    "peers/5/6",
    harmless("bytes that are no UTF-8 do no harm", "decode() throws", new Uint8Array([0xff, 0xfe, 0xc3])),
  ),
  rule("peers/5/7", harmless("an empty datagram does no harm", "it is taken for the end", new Uint8Array(0))),
  rule(
    "peers/5/8",
    harmless("a request with fewer fields does no harm", "a field that is missing is read", "IDReq\\: 7"),
  ),
  rule(
    "peers/5/9",
    harmless(
      "a text with more fields does no harm",
      "the fields are unpacked into four names",
      "a\\: b\\: c\\: d\\: e\\: f",
    ),
  ),
  rule(
    "peers/5/10",
    harmless("a port that is no number does no harm", "int() throws", "IDReq\\: 7\\: 127.0.0.1\\: many"),
  ),
  rule("peers/5/11", {
    title: "what a stranger says is not shown",
    quote: DROPPED,
    why: "any program could speak under any name",
    cause: "the name in the datagram is believed, whatever address it comes from",
    points: 2,
    after: ["peers/2/6"],
    script: [
      friendsA("bob"),
      shows("{bob}"),
      bind("michael udp", "{jacky.udp}"),
      ignore("michael udp", NAME_REQUEST),
      sends("michael", sayA("michael", FIRST)),
      // Datagrams of two sockets may overtake each other.
      wait(300),
      sends("bob", sayA("bob", SECOND)),
      shows(SECOND, FIRST),
    ],
  }),
  rule("peers/5/12", {
    title: "the chat goes on while the table server is away",
    quote: "It carries no chat.",
    why: "the table server is needed to find each other, and for nothing else",
    cause: "the exception of connect() at the next request ends the program",
    points: 2,
    longSeconds: TABLE_AWAY_MS / 1000,
    after: ["peers/5/3"],
    script: [
      friendsA("bob"),
      unlisten("jacky table"),
      wait(TABLE_AWAY_MS),
      says("bob"),
      types("bob", SECOND),
      arrives("bob", SECOND),
      runs("jacky"),
    ],
  }),
];
