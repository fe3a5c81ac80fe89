import { prepares, type Rule, rule } from "../../rule.ts";
import { accept, close, exits, expectPiece, expectText, kill, silence } from "../../step.ts";
import { AGAIN, asks, hearsOfNone, leaves, NOTICED, saysOffline, signsOff } from "./prepare.ts";

const LEAVES = '`K` — "I am leaving." The entry is removed; the answer is empty.';

/** The client has said that it leaves, the server closes, and the client ends; prepared by address-book/14/4. */
const ends = () => [saysOffline(), close(AGAIN), prepares("address-book/14/4", [exits("jacky")])];

/** Section 14: the end. */
export const LEAVING: readonly Rule[] = [
  rule("address-book/14/1", {
    title: "at the end of its input it says that it leaves, in a visit of its own",
    quote: LEAVES,
    why: "the others would write into the void for 90 s",
    cause: "the program ends without it",
    points: 3,
    script: [leaves(), accept(AGAIN), signsOff()],
  }),
  rule("address-book/14/2", {
    title: "K has four fields and nothing else, as R has",
    quote: "There is **no newline** and no length",
    why: "a newline becomes a part of the name where the server does not expect it",
    cause: "println() or a padded buffer is sent",
    after: ["address-book/14/3", "address-book/11/3"],
    script: [
      leaves(),
      accept(AGAIN),
      expectPiece(AGAIN, /^K:[^:\s]*:\d{1,5}:{jacky}$/, {
        exact: true,
        words: "K:IP:UDPPORT:{jacky} and nothing else",
      }),
    ],
  }),
  rule("address-book/14/3", {
    title: "K has the port and the name of R",
    quote: "the key of the table is (address of the connection, UDPPORT), the value is USERID",
    why: "the server finds the entry by them",
    cause: "the UDP socket is closed before its port is looked up, or a field is left empty",
    points: 2,
    after: ["address-book/11/5", "address-book/14/1"],
    script: [
      leaves(),
      accept(AGAIN),
      expectText(AGAIN, /K:[^:]*:{jacky.udp}:{jacky}/, { words: "K:IP:{jacky.udp}:{jacky}" }),
    ],
  }),
  rule("address-book/14/4", {
    title: "it ends once the server has closed",
    quote: LEAVES,
    why: "a user waits for it",
    cause: "a thread that asks or listens keeps the process alive",
    points: 2,
    script: [leaves(), saysOffline(), close(AGAIN), exits("jacky")],
  }),
  rule("address-book/14/5", {
    title: "its status is 0 then",
    quote: LEAVES,
    why: "a script that runs it takes another status for a failure",
    cause: "input() throws EOFError, which is caught nowhere",
    script: [leaves(), ends(), exits("jacky", "zero")],
  }),
  rule("address-book/14/6", {
    title: "it ends although the server does not close",
    quote: "the answer is empty",
    why: "a server that hangs must not hold a user",
    cause: "recv() waits for an answer without a time limit",
    level: "should",
    after: ["address-book/14/4"],
    script: [leaves(), saysOffline(), exits("jacky", undefined, 3000)],
  }),
  rule("address-book/14/7", {
    title: "it says that it leaves once",
    quote: LEAVES,
    why: "the second K may remove the entry of the next program at this port",
    cause: "both the loop of the keyboard and the end of the program send it",
    after: ["address-book/14/4"],
    script: [leaves(), ends(), silence("jacky table3")],
  }),
  rule("address-book/14/8", {
    title: "Ctrl-C is an end, too: it says that it leaves",
    quote: LEAVES,
    why: "most users end a program so",
    cause: "KeyboardInterrupt is caught nowhere",
    level: "should",
    after: ["address-book/14/1"],
    script: [asks(), kill("jacky", "SIGINT"), NOTICED, hearsOfNone(), accept(AGAIN), signsOff()],
  }),
];
