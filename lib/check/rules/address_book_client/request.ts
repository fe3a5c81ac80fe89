import { type Rule, rule } from "../../rule.ts";
import { accept, close, closed, expectPiece, expectText, listen, pause, send, silence, start } from "../../step.ts";
import { answers, asks, connects, entry, friends, greeted, KEYS, requests, TABLE } from "./prepare.ts";

const VISIT = "Every visit is a new TCP connection; the client sends one request, the server answers and closes.";
const FORM = "Request: `TYPE:IP:UDPPORT:USERID`, for example `R:192.168.1.7:3001:alice`.";
const READS = "send it with one `send` and read the answer until the connection closes";

/** Section 11: the request. */
export const REQUESTS: readonly Rule[] = [
  rule("address-book/11/1", {
    title: "the client connects to the table server's address and port",
    quote: VISIT,
    why: "everything begins with it",
    cause: "the arguments stand in another order, the port is fixed in the program, or the socket is UDP",
    points: 2,
    script: [listen(TABLE), start("jacky"), accept(TABLE)],
  }),
  rule("address-book/11/2", {
    title: "it says that it is here, by its name",
    quote: '`R` — "I am here; who else is?"',
    why: "the others find it by this",
    cause: "the client waits for the server to speak first, or for its user",
    points: 3,
    script: [connects(), requests()],
  }),
  rule("address-book/11/3", {
    title: "the request has four fields and nothing else: no newline, no length",
    quote: "There is **no newline** and no length",
    why: "a newline becomes a part of the name where the server does not expect it",
    cause: "println() or a padded buffer is sent",
    points: 2,
    after: ["address-book/11/2"],
    script: [
      connects(),
      expectPiece(TABLE, /^R:[^:\s]*:\d{1,5}:{jacky}$/, {
        exact: true,
        words: "R:IP:UDPPORT:{jacky} and nothing else",
      }),
    ],
  }),
  rule("address-book/11/4", {
    title: "the second field is an address of its machine",
    quote: FORM,
    why: "some servers put it into the table as it is",
    cause: "the address that the socket is bound to is 0.0.0.0, or a name such as localhost is sent",
    level: "should",
    after: ["address-book/11/2"],
    script: [
      connects(),
      expectText(TABLE, /R:(?!0\.)\d{1,3}(\.\d{1,3}){3}:/, { words: "R:IP:… with an address such as 192.168.1.7" }),
    ],
  }),
  rule("address-book/11/5", {
    title: "the third field is the UDP port that the user picked",
    quote: "A client has one UDP socket, on a port its user picks",
    why: "the others send to this port",
    cause: "the port of the TCP connection is sent, or the UDP socket is bound to another one",
    points: 2,
    after: ["address-book/11/2"],
    script: [connects(), expectText(TABLE, /R:[^:]*:{jacky.udp}:/, { words: "R:IP:{jacky.udp}:…" })],
  }),
  rule("address-book/11/6", {
    title: "it waits for an answer that takes a second",
    quote: READS,
    why: "a server that is busy answers later",
    cause: "the socket has a short time limit, or does not block",
    after: ["address-book/12/1"],
    script: [asks(), friends(), pause(1000), answers(entry()), greeted()],
  }),
  rule("address-book/11/7", {
    title: "it closes its side of a visit that is over",
    quote: VISIT,
    why: "each visit would take a descriptor of the server for ever",
    cause: "close() is missing",
    script: [asks(), close(TABLE), closed(TABLE)],
  }),
  rule("address-book/11/8", {
    title: "what the user types does not go to the table server",
    quote: "It carries no chat.",
    why: "the server takes it for a part of the request",
    cause: "one socket is used for both",
    after: ["address-book/11/3"],
    script: [asks(), send(KEYS, "{text}"), silence(TABLE)],
  }),
];
