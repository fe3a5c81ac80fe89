import { type Rule, rule } from "../../rule.ts";
import { close, closed, dial, sendRaw, type Template } from "../../step.ts";
import { asks, NOTICED, registers, request, REQUEST_MS, stillServes, visit } from "./prepare.ts";

const ELSE = "Anything else: logged, closed, no change.";

interface Malformed {
  readonly title: string;
  readonly given: Template;
  readonly cause: string;
  /** The port that must not be listed. */
  readonly port: number;
  readonly level?: "should";
}

/** A request that is none is closed, and changes nothing. */
const malformed = (id: string, { title, given, cause, port, level }: Malformed): Rule =>
  rule(id, {
    title,
    quote: ELSE,
    why: "an entry that cannot be reached is worse than none",
    cause,
    ...(level && { level }),
    after: ["address-book/1/8", "address-book/2/2"],
    script: [
      registers("alice", 3600),
      visit("mallory R", given),
      closed("mallory R", REQUEST_MS),
      asks("ben", 3599, { has: [3600], lacks: [port] }),
    ],
  });

/** Section 4: what is no request. */
export const MALFORMED: readonly Rule[] = [
  rule("address-book/4/1", {
    title: "a request with fewer fields does not stop the listener",
    quote: "A request with fewer fields (`R:IP:PORT`) must never stop the listener.",
    why: "some clients send no name",
    cause: "the fourth field is taken without a look at their number, and IndexError ends the server",
    points: 3,
    after: ["address-book/1/8"],
    script: [
      visit("mallory R", "R:{host}:3601"),
      closed("mallory R", REQUEST_MS),
      visit("mallory R2", "R"),
      closed("mallory R2", REQUEST_MS),
      stillServes(),
    ],
  }),
  malformed("address-book/4/2", {
    title: "a type other than R and K is closed and changes nothing",
    given: request("X", 3611, "mallory"),
    cause: "every type that is not K is taken for R",
    port: 3611,
  }),
  malformed("address-book/4/3", {
    title: "a port that is no number is closed and changes nothing",
    given: "R:{host}:p3621:mallory",
    cause: "int() throws, or the field is put into the table as it is",
    port: 3621,
  }),
  malformed("address-book/4/4", {
    title: "a port above 65535 is closed and changes nothing",
    given: "R:{host}:70000:mallory",
    cause: "the number is not compared with anything",
    port: 70000,
  }),
  malformed("address-book/4/5", {
    title: "port 0 is closed and changes nothing",
    given: "R:{host}:0:mallory",
    cause: "the number is not compared with anything",
    port: 0,
  }),
  malformed("address-book/4/6", {
    title: "a type in small letters is closed and changes nothing",
    given: request("r", 3651, "mallory"),
    cause: "upper() before the comparison",
    port: 3651,
    level: "should",
  }),
  rule("address-book/4/7", {
    title: "a text without a colon does no harm",
    quote: ELSE,
    why: "port scanners and browsers send such texts",
    cause: "split() returns one field, and the exception ends the server",
    points: 2,
    after: ["address-book/1/8"],
    script: [
      visit("mallory R", "GET / HTTP/1.1\r\n\r\n"),
      closed("mallory R", REQUEST_MS),
      visit("mallory R2", "hello"),
      closed("mallory R2", REQUEST_MS),
      stillServes(),
    ],
  }),
  rule("address-book/4/8", {
    title: "bytes that are no UTF-8 do no harm",
    quote: ELSE,
    why: "port scanners send such bytes",
    cause: "decode() throws, and the exception ends the server",
    after: ["address-book/1/8"],
    script: [
      visit("mallory R", new Uint8Array([0x52, 0x3a, 0xff, 0xfe, 0x3a, 0x80, 0x0a])),
      closed("mallory R", REQUEST_MS),
      stillServes(),
    ],
  }),
  rule("address-book/4/9", {
    title: "a visitor that leaves without a request does no harm",
    quote: "or never comes",
    why: "port scanners connect and leave",
    cause: "recv() returns nothing, and the empty text is taken for a request",
    points: 2,
    script: [
      dial("mallory R"),
      close("mallory R"),
      dial("mallory R2"),
      close("mallory R2", "reset"),
      NOTICED,
      stillServes(),
    ],
  }),
  rule("address-book/4/10", {
    title: "a visitor that breaks within its request does no harm",
    quote: ELSE,
    why: "students' programs crash all the time",
    cause: "ConnectionResetError is caught nowhere",
    after: ["address-book/4/9"],
    script: [visit("mallory R", "R:12"), NOTICED, close("mallory R", "reset"), NOTICED, stillServes()],
  }),
  rule("address-book/4/11", {
    title: "sixty visitors that say nothing do not hold up others",
    quote: "or never comes",
    why: "connections that hang are common in a lab",
    cause: "there is a fixed number of threads",
    after: ["address-book/1/6"],
    script: [Array.from({ length: 60 }, (_, i) => dial(`mute${i + 1} R`)), stillServes()],
  }),
  rule("address-book/4/12", {
    title: "a client that does not read its answer does no harm",
    quote: "the server answers and closes",
    why: "a client that was killed in between reads nothing",
    cause: "the second send() of an answer throws, and the exception ends the server; in C, SIGPIPE does",
    script: [
      registers("alice", 3661),
      registers("carl", 3664),
      visit("mallory R", request("R", 3662, "mallory")),
      close("mallory R", "reset"),
      dial("mallory R2"),
      sendRaw("mallory R2", request("R", 3663, "mallory")),
      close("mallory R2", "reset"),
      NOTICED,
      stillServes(),
    ],
  }),
];
