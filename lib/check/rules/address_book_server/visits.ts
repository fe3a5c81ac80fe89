import { type Rule, rule } from "../../rule.ts";
import { close, closed, dial, sendRaw } from "../../step.ts";
import { answered, asks, registers, registerTogether, request, REQUEST_MS, stillServes, visit } from "./prepare.ts";

const VISIT = "Every visit is a new TCP connection; the client sends one request, the server answers and closes.";
const LIMIT = "A request that trickles in, is too long, or never comes is closed after a short time limit.";

/** The ports of thirty clients that start together. */
const CLASS = Array.from({ length: 30 }, (_, i) => 3101 + i);

/** Section 1: a visit. */
export const VISITS: readonly Rule[] = [
  rule("address-book/1/1", {
    title: "the server accepts connections on the port that it was started with",
    quote: VISIT,
    why: "a client has no other way to learn who is there",
    cause: "the socket is UDP, as between clients, or the port is fixed in the program",
    points: 2,
    script: [dial("alice R")],
  }),
  rule("address-book/1/2", {
    title: "the server closes when it has answered",
    quote: VISIT,
    why: "the client reads until the end of the connection",
    cause: "the connection is kept for the next request",
    points: 3,
    script: [visit("alice R", `${request("R", 3001, "alice")}\n`), close("alice R"), closed("alice R")],
  }),
  rule("address-book/1/3", {
    title: "a request without a newline is answered",
    quote: "There is **no newline** and no length",
    why: "programs that were written from the handout send none",
    cause:
      "readline() waits for a newline, or recv() is called until the client has finished, and it waits for the answer",
    points: 3,
    after: ["address-book/1/2"],
    script: [visit("alice R", request("R", 3011, "alice")), closed("alice R")],
  }),
  rule("address-book/1/4", {
    title: "a request with a newline is answered as well",
    quote: "There is **no newline** and no length",
    why: "nc and echo send one",
    cause: "the newline stays at the end of the last field",
    level: "should",
    after: ["address-book/2/2"],
    script: [
      visit("alice R", `${request("R", 3021, "alice")}\n`),
      closed("alice R"),
      visit("ben R", `${request("R", 3022, "ben")}\r\n`),
      answered("ben R", { has: [3021] }),
    ],
  }),
  rule("address-book/1/5", {
    title: "a client that has finished sending gets its answer",
    quote: VISIT,
    why: "nc -N and shutdown() do so",
    cause: "recv() returns nothing, and the connection is closed before the answer is sent",
    after: ["address-book/2/2"],
    script: [
      registers("alice", 3031),
      visit("ben R", request("R", 3032, "ben")),
      close("ben R"),
      answered("ben R", { has: [3031] }),
    ],
  }),
  rule("address-book/1/6", {
    title: "visitors that say nothing do not hold up others",
    quote: "or never comes",
    why: "a port scanner would stop the class",
    cause: "the server reads the request before it accepts the next connection: it needs a thread for each, or select",
    points: 2,
    after: ["address-book/2/2"],
    script: [
      Array.from({ length: 8 }, (_, i) => dial(`mute${i + 1} R`)),
      registers("alice", 3041),
      asks("ben", 3042, { has: [3041] }),
    ],
  }),
  rule("address-book/1/7", {
    title: "a visitor that says nothing is closed after a while",
    quote: LIMIT,
    why: "such connections gather until there are no descriptors left",
    cause: "settimeout() is missing",
    after: ["address-book/1/2"],
    script: [dial("mute R"), closed("mute R", REQUEST_MS)],
  }),
  rule("address-book/1/8", {
    title: "half a request is closed after a while",
    quote: LIMIT,
    why: "the rest will never come",
    cause: "the time limit is for the first byte alone",
    after: ["address-book/1/7"],
    script: [visit("mute R", "R:"), closed("mute R", REQUEST_MS)],
  }),
  rule("address-book/1/9", {
    title: "a request without an end is closed",
    quote: LIMIT,
    why: "one visitor must not take the memory of all",
    cause: "what comes is added to a buffer that has no limit",
    after: ["address-book/1/2"],
    script: [visit("mute R", `R:${"9".repeat(100_000)}`), closed("mute R", REQUEST_MS)],
  }),
  rule("address-book/1/10", {
    title: "a request in two parts is one request",
    quote: LIMIT,
    why: "a network cuts where it likes",
    cause: "one recv() is taken for the request; read on until it has its four fields",
    level: "should",
    after: ["address-book/1/6", "address-book/2/7"],
    script: [
      visit("alice R", "R:{host}:30"),
      registers("carl", 3053),
      sendRaw("alice R", "51:alice"),
      closed("alice R"),
      asks("ben", 3052, { has: [3051], lacks: [30] }),
    ],
  }),
  rule("address-book/1/11", {
    title: "a hundred visits one after the other are all closed",
    quote: "Every visit is a new TCP connection",
    why: "thirty clients ask every thirty seconds",
    cause: "a descriptor or a thread is left behind for each",
    after: ["address-book/2/2"],
    script: [
      Array.from({ length: 100 }, (_, i) => [
        visit(`visit${i + 1} R`, request("R", 3061, "alice")),
        close(`visit${i + 1} R`),
        closed(`visit${i + 1} R`),
      ]),
      stillServes(),
    ],
  }),
  rule("address-book/1/12", {
    title: "thirty visits at the same time are all answered, and none is lost",
    quote: "the key of the table is (address of the connection, UDPPORT), the value is USERID",
    why: "a class starts its clients together",
    cause: "the table is written by several threads without a lock, or the backlog is too short",
    points: 2,
    after: ["address-book/2/2", "address-book/1/6", "address-book/2/7"],
    script: [
      registerTogether(CLASS),
      asks("ben", 3100, { has: CLASS }),
    ],
  }),
];
