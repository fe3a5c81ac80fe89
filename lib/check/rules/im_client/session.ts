import { type Rule, rule } from "../../rule.ts";
import { accept, dial, exits, expect, expectText, listen, send, start } from "../../step.ts";
import { connected, loggingIn, online } from "./prepare.ts";

export const SESSION: readonly Rule[] = [
  rule("im/12/1", {
    title: "the client connects to the server's port",
    quote: "La: opened by the client to the server's port.",
    why: "everything begins with it",
    cause: "the arguments are not read, or stand in another order",
    script: [listen("jacky La"), start("jacky"), accept("jacky La")],
  }),
  rule("im/13/1", {
    title: "the client sends /login with the name and the password that were typed",
    quote: "Only /login username password is known here.",
    why: "nobody gets in without it",
    cause: "the name and the password are sent as two lines",
    points: 2,
    script: [
      connected("jacky"),
      send("jacky keys", "{jacky}"),
      send("jacky keys", "{jacky.password}"),
      expect("jacky La", "/login {jacky} {jacky.password}"),
    ],
  }),
  rule("im/14/1", {
    title: "after 101 the client announces a port and takes the server's connection",
    quote: "Lb: opened by the server to the client, to the port the client announced on La",
    why: "incoming messages come over it",
    cause: "the port is announced before the socket listens",
    points: 2,
    script: [
      loggingIn("jacky"),
      send("jacky La", "101 Authentication successful"),
      expect("jacky La", /^\/port (?<jackyLb>\d{1,5})$/),
      dial("jacky Lb", "{jackyLb}"),
    ],
  }),
  rule("im/15/1", {
    title: "an incoming message is shown and answered 302",
    quote: "NAME → server: 302 Message receipt successful",
    why: "without it the sender is told 304",
    cause: "302 is sent over La",
    points: 2,
    script: [
      online("jacky"),
      send("jacky Lb", "/from {bob} {text}"),
      expect("jacky Lb", "302 Message receipt successful"),
      expectText("jacky screen", "{text}"),
    ],
  }),
  rule("im/16/1", {
    title: "after 310 the client ends with status 0",
    quote: "The client quits after 310",
    why: "a script that runs it waits for its end",
    cause: "a thread that still reads keeps the process alive",
    script: [
      online("jacky"),
      send("jacky keys", "/exit"),
      expect("jacky La", "/exit"),
      send("jacky La", "310 Bye bye"),
      exits("jacky", "zero"),
    ],
  }),
];
