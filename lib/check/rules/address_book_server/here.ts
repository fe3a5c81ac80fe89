import { type Rule, rule } from "../../rule.ts";
import { closed, expectWhole, observe } from "../../step.ts";
import { answered, asks, registers, registerTogether, request, stillServes, visit } from "./prepare.ts";

const ANSWER =
  "The answer, in the form of the text, is one `-R:IP:PORT` for each *other* entry, one after the other with nothing between";
const KEY = "the key of the table is (address of the connection, UDPPORT), the value is USERID";

const SIXTY = Array.from({ length: 60 }, (_, i) => 3401 + i);

/** Section 2: `R`, "I am here; who else is?" */
export const HERE: readonly Rule[] = [
  rule("address-book/2/1", {
    title: "who asks first gets an empty answer",
    quote: "empty when nobody else is online",
    why: "an entry of one's own would be a friend that does not exist",
    cause: "the entry is added before the answer is made, or a text such as OK is sent",
    startsProgram: true,
    after: ["address-book/1/3", "address-book/2/6"],
    script: [
      visit("alice R", request("R", 3201, "alice")),
      expectWhole("alice R", /^(Null-|0-?)?$/, { words: "an empty answer, or Null-, then the close" }),
    ],
  }),
  rule("address-book/2/2", {
    title: "who asks next is told of the first",
    quote: ANSWER,
    why: "it is what the server is for",
    cause: "the table's key is the address alone, and two programs on one machine are one; or the entry is not kept",
    points: 3,
    after: ["address-book/1/3"],
    script: [registers("alice", 3211), asks("ben", 3212, { has: [3211] })],
  }),
  rule("address-book/2/3", {
    title: "the entry has the address that the server sees, not that of the request",
    quote: "The server trusts the address it sees for the IP, and the request for the port",
    why: "a program may not know its own address, or claim another's",
    cause: "the second field is put into the table",
    points: 2,
    after: ["address-book/2/2"],
    script: [
      registers("alice", 3221, "10.9.9.9"),
      visit("ben R", request("R", 3222, "ben")),
      expectWhole("ben R", /^(?=[^]*R:{ben.R.address}:3221(?!\d))(?![^]*10\.9\.9\.9:3221)[^]*$/, {
        words: "an answer with {ben.R.address}:3221, then the close",
      }),
    ],
  }),
  rule("address-book/2/4", {
    title: "what stands in the request for the address does not matter",
    quote: "The server trusts the address it sees for the IP",
    why: "some programs send localhost, or nothing",
    cause: "the second field is parsed as an address, and the exception ends the visit",
    level: "should",
    after: ["address-book/2/3"],
    script: [registers("alice", 3231, "localhost"), asks("ben", 3232, { has: [3231] })],
  }),
  rule("address-book/2/5", {
    title: "the entries stand one after the other, with nothing between and nothing around them",
    quote: ANSWER,
    why: "clients split the answer at its dashes and colons",
    cause: "print() adds a newline, or the list is sent as Python shows it",
    points: 2,
    startsProgram: true,
    after: ["address-book/2/7", "address-book/2/6"],
    script: [
      registers("alice", 3241),
      registers("carl", 3242),
      visit("ben R", request("R", 3243, "ben")),
      expectWhole("ben R", twoEntries("{ben.R.address}", 3241, 3242), {
        exact: true,
        words: "-R:{ben.R.address}:3241-R:{ben.R.address}:3242, in any order and with nothing else, then the close",
      }),
    ],
  }),
  rule("address-book/2/6", {
    title: "the asker is not in its own answer",
    quote: "one `-R:IP:PORT` for each *other* entry",
    why: "a client would be its own friend",
    cause: "the loop over the table does not leave out the asker's key",
    points: 2,
    after: ["address-book/2/2"],
    script: [
      registers("alice", 3251),
      registers("ben", 3252),
      visit("alice again", request("R", 3251, "alice")),
      answered("alice again", { has: [3252], lacks: [3251] }),
    ],
  }),
  rule("address-book/2/7", {
    title: "all others are listed",
    quote: ANSWER,
    why: "a class is more than two",
    cause: "the loop ends with its first entry",
    points: 2,
    after: ["address-book/2/2"],
    script: [
      registers("alice", 3261),
      registers("carl", 3262),
      registers("dora", 3263),
      asks("ben", 3264, { has: [3261, 3262, 3263] }),
    ],
  }),
  rule("address-book/2/8", {
    title: "who comes again is listed once",
    quote: "The entry is added or renewed.",
    why: "clients come every thirty seconds",
    cause: "the table is a list, and each visit appends to it",
    points: 2,
    after: ["address-book/2/2"],
    script: [
      registers("alice", 3271),
      visit("alice again", request("R", 3271, "alice")),
      closed("alice again"),
      visit("ben R", request("R", 3272, "ben")),
      expectWhole("ben R", once("{ben.R.address}", 3271), {
        words: "an answer with the port 3271 once, then the close",
      }),
    ],
  }),
  rule("address-book/2/9", {
    title: "two clients with one name are two entries",
    quote: KEY,
    why: "a user may have two programs open",
    cause: "the table's key is the name",
    after: ["address-book/2/7"],
    script: [
      registers("alice", 3281),
      visit("alice again", request("R", 3282, "alice")),
      closed("alice again"),
      asks("ben", 3283, { has: [3281, 3282] }),
    ],
  }),
  rule("address-book/2/10", {
    title: "another name at the same port takes the entry's place",
    quote: KEY,
    why: "the port's old user is gone",
    cause: "the table's key has the name in it",
    after: ["address-book/2/8", "address-book/2/9"],
    script: [
      registers("alice", 3291),
      registers("carl", 3291),
      visit("ben R", request("R", 3292, "ben")),
      expectWhole("ben R", once("{ben.R.address}", 3291), {
        words: "an answer with the port 3291 once, then the close",
      }),
    ],
  }),
  rule("address-book/2/11", {
    title: "the highest port is a port",
    quote: "the request for the port",
    why: "a system may give any port",
    cause: "ports are limited to four digits, or to those that the handout suggests",
    after: ["address-book/2/2"],
    script: [registers("alice", 65535), asks("ben", 3302, { has: [65535] })],
  }),
  rule("address-book/2/12", {
    title: "a name in any alphabet, with a space, is a name",
    quote: KEY,
    why: "not every name fits into ASCII",
    cause: 'decode("ascii") throws, or the name must be a word',
    after: ["address-book/2/2"],
    script: [
      visit("alice R", request("R", 3311, "Ånna 小明")),
      closed("alice R"),
      asks("ben", 3312, { has: [3311] }),
    ],
  }),
  rule("address-book/2/13", {
    title: "an answer with sixty entries is complete",
    quote: ANSWER,
    why: "a lecture hall has as many",
    cause: "the answer is cut to a buffer of 1024 bytes",
    after: ["address-book/2/7", "address-book/1/12"],
    script: [
      registerTogether(SIXTY),
      asks("ben", 3400, { has: SIXTY }),
      stillServes(),
    ],
  }),
  rule("address-book/2/14", {
    title: "the form of the answer",
    quote: "The course's server puts a count in front and says `Null-` for an empty table",
    why: "clients understand one form or several",
    cause: "text is -R:IP:PORT, count is 1-R:IP:PORT, names is 1-R:IP:PORT:NAME; all three are right",
    level: "open",
    script: [registers("alice", 3331), visit("ben R", request("R", 3332, "ben")), observe("ben R")],
  }),
];

/** These two entries in any of the three forms, in any order. */
function twoEntries(address: string, one: number, two: number): RegExp {
  const [first, second] = [one, two].map((port) => `-R:${address}:${port}(:[^:\\s-]+)?`);
  return new RegExp(`^2?(${first}${second}|${second}${first})$`);
}

/** An answer with this entry, which is in it once. */
function once(address: string, port: number): RegExp {
  const entry = `R:${address}:${port}(?!\\d)`;
  return new RegExp(`^(?![^]*${entry}[^]*${entry})(?=[^]*${entry})[^]*$`);
}
