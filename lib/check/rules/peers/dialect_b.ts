import { type Rule, rule } from "../../rule.ts";
import { bind, expect, ignore, sendUntil } from "../../step.ts";
import {
  B_ASKS,
  begins,
  containing,
  FIRST,
  friendB,
  friendC,
  NAME_REQUEST,
  sayB,
  sayC,
  sends,
  shows,
  types,
  untilHeard,
} from "./prepare.ts";

const ANSWERS = "the other side answers at once with an *acknowledgement* carrying its user name";
const CHAT = "**One-to-one chat** with anyone on the list";
const asksFrom = (link: string) => sendUntil(link, "{bob.udp.port}!X_GET_NAME|{bob.udp.port}");
const B_NAME = "{jacky.udp}!X_NAME|{jacky}|{jacky.udp}";

/** Section 3: dialect B; section 4: dialect C. */
export const DIALECT_B: readonly Rule[] = [
  rule("peers/3/1", {
    title: "it asks an address for a name as X_GET_NAME, with its port",
    quote: "`PORT!X_GET_NAME\\|PORT`",
    why: "a program of dialect B answers nothing else",
    cause: "the port is named once, or not at all",
    points: 2,
    after: ["peers/1/2"],
    script: [
      begins("bob"),
      expect("bob udp", B_ASKS, { words: "{jacky.udp}!X_GET_NAME|{jacky.udp}, alone or at the end" }),
    ],
  }),
  rule("peers/3/2", {
    title: "it answers X_GET_NAME with its user's name and port",
    quote: ANSWERS,
    why: "the other side has no other way to learn it",
    cause: "only the requests of its own kind are known",
    points: 2,
    script: [begins("bob"), ignore("bob udp", NAME_REQUEST), asksFrom("bob udp"), expect("bob udp", B_NAME)],
  }),
  rule("peers/3/3", {
    title: "the answer goes to the port that the request names",
    quote: "Replies go to the announced port",
    why: "A and B send from a new socket each time",
    cause: "the address that recvfrom() returned is answered",
    points: 2,
    after: ["peers/3/2"],
    script: [
      begins("bob"),
      ignore("bob udp", NAME_REQUEST),
      bind("bob other", "{jacky.udp}"),
      asksFrom("bob other"),
      expect("bob udp", B_NAME),
    ],
  }),
  rule("peers/3/4", {
    title: "what a peer of dialect B says is shown with its name",
    quote: CHAT,
    why: "the datagram has the port alone: the name is that of the answer",
    cause: "the port is shown in place of the name, or the text is taken for one of dialect A",
    points: 3,
    script: [friendB(), shows("{bob}"), sends("bob", sayB("bob", FIRST)), shows(/{bob}[^\n]*first: {text}/)],
  }),
  rule("peers/3/5", {
    title: "what the user writes to it arrives",
    quote: CHAT,
    why: "it is what the program is for",
    cause: "the dialect of the answer is not kept with the friend",
    points: 3,
    script: [friendB(), shows("{bob}"), types("bob"), expect("bob udp", containing(FIRST))],
  }),
  rule("peers/3/6", {
    title: "it arrives as the port, the text, and a line break",
    quote: "`PORT!text\\n`",
    why: "the other program finds the name by the port",
    cause: "the form of another dialect is sent, or the port of the socket",
    points: 2,
    after: ["peers/3/5"],
    script: [
      friendB(),
      shows("{bob}"),
      types("bob"),
      expect("bob udp", "{jacky.udp}!first: {text}\n", { exact: true }),
    ],
  }),
  rule("peers/4/1", {
    title: "what a peer of dialect C says is shown with its name",
    quote: "(names come with the table)",
    why: "it is never asked, and answers nothing",
    cause: "a text is taken only from an address that has answered",
    points: 3,
    script: [friendC(), untilHeard("bob", sayC("bob", FIRST)), shows(/{bob}[^\n]*first: {text}/)],
  }),
  rule("peers/4/2", {
    title: "what the user answers arrives as the text, a line break, + and the name",
    quote: "`text\\n+NAME`",
    why: "the receiving of dialect C ends at a text without the +",
    cause: "the form of another dialect is sent",
    points: 3,
    after: ["peers/4/1"],
    script: [
      friendC(),
      untilHeard("bob", sayC("bob", FIRST)),
      shows(FIRST),
      types("bob", "second: {text2}"),
      expect("bob udp", "second: {text2}\n+{jacky}", { exact: true }),
    ],
  }),
  rule("peers/4/3", {
    title: "a text with + in it has one + in its datagram",
    quote: "`text\\n+NAME`",
    why: "the other program splits at +, and ends its thread when there are three parts",
    cause: "the text is put before the + as it is",
    level: "should",
    after: ["peers/4/2"],
    script: [
      friendC(),
      untilHeard("bob", sayC("bob", FIRST)),
      shows(FIRST),
      types("bob", "1+1 {text2}"),
      expect("bob udp", /^1[^+]*\+{jacky}$/, { words: "1…+{jacky}, with no other +" }),
    ],
  }),
];
