import { type Rule, rule } from "../../rule.ts";
import { close, dial, expect, send, sendRaw } from "../../step.ts";
import { connected, loggedIn, NOTICED, unrecognized } from "./prepare.ts";

/** Section 1: the port, and lines. */
export const STARTING: readonly Rule[] = [
  rule("im/1/1", {
    title: "the server accepts connections on the port that it was started with",
    quote: "La: opened by the client to the server's port.",
    why: "a client has no other way in",
    cause: "the port is fixed in the program, or the socket listens on another address than the network's",
    points: 2,
    script: [dial("jacky La")],
  }),
  rule("im/1/2", {
    title: "each line of the server ends in a newline, and in nothing else",
    quote: "Text lines over TCP, each ended by `\\n`.",
    why: "a client that reads lines waits for the end of this one without end",
    cause: 'send() without "\\n", or a println() that ends lines in \\r\\n',
    points: 2,
    script: [
      connected("jacky"),
      send("jacky La", "/login {jacky} {jacky.password}"),
      expect("jacky La", /^\d{3} [^\r]*[^\s]$/, { exact: true, words: "a code, words, and \n" }),
    ],
  }),
  rule("im/1/3", {
    title: "a line that ends in \\r\\n is taken like one that ends in \\n",
    quote: "`\\r\\n` from a telnet user is taken as `\\n`",
    why: "telnet is the client that every student has at hand",
    cause: 'split("\\n") leaves \\r at the end of the password',
    level: "should",
    after: ["im/2/1"],
    script: [
      connected("jacky"),
      sendRaw("jacky La", "/login {jacky} {jacky.password}\r\n"),
      expect("jacky La", "101 Authentication successful"),
    ],
  }),
  rule("im/1/4", {
    title: "a client that connects and leaves at once does no harm",
    quote:
      "Each ends in the right code (304, 202, 401) or a closed session, a clear log line, the name gone from the list",
    why: "port scanners and closed laptops do so all day",
    cause: "recv() returns nothing, and the loop that reads goes round for ever or throws",
    script: [dial("other La"), close("other La"), NOTICED, loggedIn("jacky")],
  }),
  rule("im/1/5", {
    title: "a connection that says nothing does not hold up others",
    quote: "no effect on anybody else",
    why: "one student's idle client stops the class",
    cause: "the server reads from the new connection before it accepts the next: one thread for all",
    points: 2,
    script: [dial("other La"), loggedIn("jacky")],
  }),
  rule("im/1/6", {
    title: "what one connection says is answered on that connection alone",
    quote: "Carries commands and their replies.",
    why: "replies of others are noise at best",
    cause: "the socket of the last connection is kept in one variable for all",
    after: ["im/1/5"],
    script: [
      dial("other La"),
      connected("jacky"),
      send("other La", "/nothing"),
      unrecognized("other"),
      send("jacky La", "/nothing"),
      unrecognized("jacky"),
    ],
  }),
];
