import { type Rule, rule } from "../../rule.ts";
import { bind, expect, silence, start } from "../../step.ts";
import { json } from "../../json_shape.ts";
import { answered, asksInTerminal, asksToConnect, onlineInTerminal, sends, shows, types } from "./prepare.ts";

const EVERY = "the client sends a connect request every 0.2 s, showing a `*` for each, and gives up after 15 s";
const GIVES_UP_MS = 15_000;

/** Section 11: `CONNECT`. */
export const CONNECTING: readonly Rule[] = [
  rule("mychat/11/1", {
    title: "after the name was typed the client sends CONNECT with it",
    quote: '`{"key": "CONNECT", "isConnected": false, "username": "prince", "isStach": false}`',
    why: "everything begins with it",
    cause: "the arguments are not read, or the datagram is no JSON",
    points: 2,
    script: [
      bind("jacky La"),
      start("jacky"),
      types("jacky", "{jacky}"),
      sends("jacky", { key: "CONNECT", username: "{jacky}" }),
    ],
  }),
  rule("mychat/11/2", {
    title: "CONNECT has isConnected false and isStach",
    quote: '`{"key": "CONNECT", "isConnected": false, "username": "prince", "isStach": false}`',
    why: "the server sends the object back with isConnected set, and other programs read all of its fields",
    cause: "fields that seem to say nothing were left out",
    after: ["mychat/11/1"],
    script: [
      bind("jacky La"),
      start("jacky"),
      types("jacky", "{jacky}"),
      sends("jacky", { key: "CONNECT", isConnected: false, isStach: false }),
    ],
  }),
  rule("mychat/11/3", {
    title: "CONNECT is sent again while there is no answer",
    quote: EVERY,
    why: "the first one may be lost, or the server not started yet",
    cause: "recvfrom() waits without a timeout",
    points: 2,
    script: [asksToConnect("jacky"), sends("jacky", { key: "CONNECT" }), sends("jacky", { key: "CONNECT" })],
  }),
  rule("mychat/11/4", {
    title: "the screen has a star for each CONNECT",
    quote: EVERY,
    why: "the user sees that something is tried",
    cause: "the output is kept in a buffer until the line ends",
    level: "should",
    after: ["mychat/11/3"],
    script: [
      asksInTerminal("jacky"),
      sends("jacky", { key: "CONNECT" }),
      sends("jacky", { key: "CONNECT" }),
      shows("jacky", /\[connecting to server\][^\n]*\*[^\n]*\*/),
    ],
  }),
  rule("mychat/11/5", {
    title: "the answer is shown as [connected to server]",
    quote: "Connected: `[connected to server]`.",
    why: "the user knows that it can begin",
    cause: "isConnected is not looked at",
    script: [asksInTerminal("jacky"), answered("jacky"), shows("jacky", "[connected to server]")],
  }),
  rule("mychat/11/6", {
    title: "after 15 s without an answer it says so and gives up",
    quote: "gives up after 15 s with `[couldn't connect to server]`",
    why: "a wrong address is seen at last",
    cause: "the loop has no end",
    after: ["mychat/11/3"],
    script: [
      asksInTerminal("jacky"),
      expect("jacky screen", /\[couldn't connect to server\]/, { in: "text", more: GIVES_UP_MS }),
    ],
  }),
  rule("mychat/11/7", {
    title: "nothing is sent before the name was typed",
    quote: "The name is asked before connecting.",
    why: "a server needs a name to log the user in with",
    cause: "CONNECT is sent with an empty name",
    script: [
      bind("jacky La"),
      start("jacky"),
      silence("jacky La", 500),
      types("jacky", "{jacky}"),
      expect("jacky La", json({ key: "CONNECT", username: "{jacky}" })),
    ],
  }),
  rule("mychat/11/8", {
    title: "the screen says who one is",
    quote: "#####[you: alice]#####",
    why: "several windows are open in a lab",
    cause: "the name of the answer's list is shown",
    level: "should",
    script: [onlineInTerminal("jacky"), shows("jacky", /\[you: [^\]]*{jacky}/)],
  }),
];
