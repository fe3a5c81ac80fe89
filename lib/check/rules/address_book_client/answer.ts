import { type Rule, rule } from "../../rule.ts";
import { pause, runs, sendRaw, type Step, wait } from "../../step.ts";
import { answers, asks, entry, friends, greeted, greets, TABLE } from "./prepare.ts";

const ANSWER =
  "The answer, in the form of the text, is one `-R:IP:PORT` for each *other* entry, one after the other with nothing between";
const ASKS = "For each new address the client sends a *name request*";
const UNTIL = "read the answer until the connection closes";
const COUNT = "The course's server puts a count in front and says `Null-` for an empty table";
const NAMES = "One team's server added the name as a fourth field (`1-R:10.0.0.5:3001:bob`)";

/** A second is time for a client to end that breaks. */
const stillRuns = (): Step[] => [wait(1000), runs("jacky")];

/** More than the usual 1024 bytes. */
const MANY = 60;

/** Section 12: the answer. That an address was understood shows in the datagram that it gets. */
export const ANSWERS: readonly Rule[] = [
  rule("address-book/12/1", {
    title: "it sends a datagram to the address in the table",
    quote: ASKS,
    why: "the table has no names: it must ask for them",
    cause: "the table is shown only, or the answer is cut at other characters than its dashes and colons",
    points: 3,
    script: [asks(), friends(), answers(entry()), greeted()],
  }),
  rule("address-book/12/2", {
    title: "three entries are three addresses",
    quote: ANSWER,
    why: "a class is more than two",
    cause: "the answer is split once, or the loop ends with its first entry",
    points: 3,
    after: ["address-book/12/1"],
    script: [
      asks(),
      friends(3),
      answers(entry(1) + entry(2) + entry(3)),
      [1, 2, 3].map((number) => greeted(number)),
    ],
  }),
  rule("address-book/12/3", {
    title: "an empty answer does no harm",
    quote: "empty when nobody else is online",
    why: "each client is the first once",
    cause: "the answer is split, and its first part is taken without a look at the number of parts",
    points: 2,
    script: [asks(), answers(""), stillRuns()],
  }),
  rule("address-book/12/4", {
    title: "an answer in two parts is one answer",
    quote: UNTIL,
    why: "a network cuts where it likes",
    cause: "one recv() is taken for the answer",
    points: 2,
    after: ["address-book/12/2"],
    script: [
      asks(),
      friends(2),
      sendRaw(TABLE, `${entry(1)}-R:{host}`),
      pause(200),
      answers(entry(2).replace("-R:{host}", "")),
      greets(1),
      greeted(2),
    ],
  }),
  rule("address-book/12/5", {
    title: "sixty entries are sixty addresses",
    quote: ANSWER,
    why: "a lecture hall has as many",
    cause: "recv(1024) is taken for the answer",
    after: ["address-book/12/4"],
    script: [
      asks(),
      friends(MANY),
      answers(Array.from({ length: MANY }, (_, i) => entry(i + 1)).join("")),
      greeted(1),
      greeted(MANY),
    ],
  }),
  rule("address-book/12/6", {
    title: "a count before the entries is understood",
    quote: COUNT,
    why: "the course's server sends it",
    cause: "an entry is expected to be the first",
    level: "should",
    after: ["address-book/12/2"],
    script: [asks(), friends(2), answers(`2${entry(1)}${entry(2)}`), greeted(1), greeted(2)],
  }),
  rule("address-book/12/7", {
    title: "Null- is an empty table",
    quote: COUNT,
    why: "the course's server says so to the first client",
    cause: 'int("Null") throws',
    level: "should",
    after: ["address-book/12/3"],
    script: [asks(), answers("Null-"), stillRuns()],
  }),
  rule("address-book/12/8", {
    title: "names after the ports are understood",
    quote: NAMES,
    why: "one team's server sends them",
    cause: "the name is taken for a part of the port",
    level: "should",
    after: ["address-book/12/6"],
    script: [asks(), friends(2), answers(`2${entry(1)}:bob${entry(2)}:carl`), greeted(1), greeted(2)],
  }),
  rule("address-book/12/9", {
    title: "its own entry does not hold up the others",
    quote: "for each *other* entry",
    why: "some servers list the client that asks",
    cause: "the loop ends where it finds itself",
    level: "should",
    after: ["address-book/12/2"],
    script: [asks(), friends(), answers(`-R:{host}:{jacky.udp}${entry()}`), greeted()],
  }),
  rule("address-book/12/10", {
    title: "an entry that is no address does not hold up the others",
    quote: ANSWER,
    why: "a server may list what a client has claimed",
    cause: "int() or the socket throws, and the rest of the table is lost",
    level: "should",
    after: ["address-book/12/2"],
    script: [asks(), friends(), answers(`-R:{host}:0-R:nowhere:3001-R:{host}:70000${entry()}`), greeted()],
  }),
  rule("address-book/12/11", {
    title: "a newline after the answer does no harm",
    quote: ANSWER,
    why: "print() adds one, and so do servers that were tried with nc",
    cause: "the port with its newline is no number",
    level: "should",
    after: ["address-book/12/1"],
    script: [asks(), friends(), answers(`${entry()}\n`), greeted()],
  }),
];
