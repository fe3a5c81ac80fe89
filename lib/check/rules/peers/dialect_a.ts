import { type Rule, rule } from "../../rule.ts";
import { bind, expect, ignore, sendUntil } from "../../step.ts";
import { A_ASKS, begins, containing, FIRST, friendsA, NAME_REQUEST, sayA, sends, shows, types } from "./prepare.ts";

const CHAT = "`text\\n\\: IP\\: PORT\\: NAME`";
const REQUEST = "`IDReq\\: N\\: IP\\: PORT`";
const ANSWERS = "the other side answers at once with an *acknowledgement* carrying its user name";
const PORT = "PORT is the announced UDP port of the one who speaks.";

const asksFrom = (link: string) => sendUntil(link, "IDReq\\: 7\\: 127.0.0.1\\: {bob.udp.port}");

/** Section 2: dialect A. */
export const DIALECT_A: readonly Rule[] = [
  rule("peers/2/1", {
    title: "it asks an address for a name as IDReq, with a number, its IP and its port",
    quote: REQUEST,
    why: "a program of dialect A answers nothing else",
    cause: "the separator is another, or a field is missing",
    points: 2,
    after: ["peers/1/2"],
    script: [begins("bob"), expect("bob udp", A_ASKS, { words: "IDReq\\: N\\: IP\\: PORT" })],
  }),
  rule("peers/2/2", {
    title: "IP and port in it are the announced ones",
    quote: PORT,
    why: "the answer goes there",
    cause: "the port of the socket that sends is named, or 0",
    after: ["peers/2/1"],
    script: [
      begins("bob"),
      expect("bob udp", /^IDReq\\: [^\\]+\\: 127\.0\.0\.1\\: {jacky.udp}(?!\d)/, {
        words: "IDReq\\: N\\: 127.0.0.1\\: {jacky.udp}",
      }),
    ],
  }),
  rule("peers/2/3", {
    title: "it answers IDReq with its user's name",
    quote: ANSWERS,
    why: "the other side has no other way to learn it",
    cause: "the thread that receives shows the request, and answers nothing",
    points: 2,
    script: [begins("bob"), ignore("bob udp", NAME_REQUEST), asksFrom("bob udp"), expect("bob udp", /^ID\\: {jacky}/)],
  }),
  rule("peers/2/4", {
    title: "the answer repeats the number of the request",
    quote: "N is a number of ours for that address, which A repeats in its answer",
    why: "the asker knows by it which address has answered",
    cause: "a number of the program's own is sent",
    after: ["peers/2/3"],
    script: [
      begins("bob"),
      ignore("bob udp", NAME_REQUEST),
      asksFrom("bob udp"),
      expect("bob udp", "ID\\: {jacky}\\: 7"),
    ],
  }),
  rule("peers/2/5", {
    title: "the answer goes to the port that the request names",
    quote: "Replies go to the announced port",
    why: "A and B send from a new socket each time",
    cause: "the address that recvfrom() returned is answered",
    points: 2,
    after: ["peers/2/4"],
    script: [
      begins("bob"),
      ignore("bob udp", NAME_REQUEST),
      bind("bob other", "{jacky.udp}"),
      asksFrom("bob other"),
      expect("bob udp", "ID\\: {jacky}\\: 7"),
    ],
  }),
  rule("peers/2/6", {
    title: "what a peer of dialect A says is shown",
    quote: "**One-to-one chat** with anyone on the list",
    why: "it is what the program is for",
    cause: "what comes is no name, and is dropped",
    points: 3,
    script: [friendsA("bob"), sends("bob", sayA("bob", FIRST)), shows(FIRST)],
  }),
  rule("peers/2/7", {
    title: "it is shown with the name of the peer who says it",
    quote: "The client keeps a **friend list**: name ↔ address",
    why: "one talks with several at once",
    cause: "the text is printed without its fields, or with an address",
    after: ["peers/2/6"],
    script: [friendsA("bob"), sends("bob", sayA("bob", FIRST)), shows(/{bob}[^\n]*first: {text}/)],
  }),
  rule("peers/2/8", {
    title: "what the user writes to it arrives",
    quote: "**One-to-one chat** with anyone on the list",
    why: "it is what the program is for",
    cause: "the name is looked up before the answer has come, or the text is only printed",
    points: 3,
    script: [friendsA("bob"), shows("{bob}"), types("bob"), expect("bob udp", containing(FIRST))],
  }),
  rule("peers/2/9", {
    title: "it arrives as the text, a line break, IP, port and name",
    quote: CHAT,
    why: "a program of dialect A that finds three fields ends its thread",
    cause: "the line break or a field is missing, or the port is that of the socket",
    points: 2,
    after: ["peers/2/8"],
    script: [
      friendsA("bob"),
      shows("{bob}"),
      types("bob"),
      expect("bob udp", "first: {text}\n\\: 127.0.0.1\\: {jacky.udp}\\: {jacky}", { exact: true }),
    ],
  }),
  rule("peers/2/10", {
    title: "a text with the separator in it does not make more fields",
    quote: "(In A the separator is a backslash, a colon and a space.)",
    why: "the other program takes a part of the text for an address",
    cause: "the text is put between the separators as it is",
    level: "should",
    after: ["peers/2/9"],
    script: [
      friendsA("bob"),
      shows("{bob}"),
      types("bob", "one\\: two {text}"),
      expect("bob udp", /^one(?!\\: )[^]*\n\\: 127\.0\.0\.1\\: {jacky.udp}\\: {jacky}$/, {
        words: "one…\n\\: 127.0.0.1\\: {jacky.udp}\\: {jacky}",
      }),
    ],
  }),
];
