import { type Rule, rule } from "../../rule.ts";
import { accept, expect, listen, observe, send } from "../../step.ts";
import { linked, loggedIn, online } from "./prepare.ts";

/** `/port` with something that is no port, and the words after it. */
const malformed = (id: string, given: string, what: string, points = 1): Rule =>
  rule(id, {
    title: `${what} is answered 401`,
    quote: "`/port x`, `/port 70000`, `/login a` are malformed",
    why: "202 would say that the client does not listen, and end it",
    cause: "the word is turned into a number without looking at it, and the exception ends the session",
    points,
    after: ["im/8/1"],
    script: [
      loggedIn("jacky"),
      send("jacky La", given),
      expect("jacky La", "401 Unrecognized message"),
      linked("jacky"),
    ],
  });

/** Section 3: `/port` and Lb. */
export const LINK: readonly Rule[] = [
  rule("im/3/1", {
    title: "the server connects to the announced port and says 201",
    quote: "connected: `201 Build connection successful`",
    why: "messages come over Lb alone",
    cause: "the server waits for the client to connect, or connects to a fixed port",
    points: 3,
    script: [
      loggedIn("jacky"),
      listen("jacky Lb"),
      send("jacky La", "/port {jacky.Lb.port}"),
      accept("jacky Lb"),
      expect("jacky La", "201 Build connection successful"),
    ],
  }),
  rule("im/3/2", {
    title: "a port where nothing listens is answered 202",
    quote: "not: `202 Build connection failed`",
    why: "the client shows it and quits, and does not wait",
    cause: "connect() throws, and the session ends without an answer",
    points: 2,
    after: ["im/3/1"],
    script: [loggedIn("jacky"), send("jacky La", "/port 1"), expect("jacky La", "202 Build connection failed")],
  }),
  malformed("im/3/3", "/port x", "/port with a word that is no number"),
  malformed("im/3/4", "/port 70000", "/port with a number above 65535"),
  malformed("im/3/5", "/port", "/port without a number"),
  rule("im/3/6", {
    title: "a command before /port is answered 401",
    quote: "Only `/port N` is known here.",
    why: "a message that arrives for a client without Lb has nowhere to go",
    cause: "after the login every command is taken",
    after: ["im/8/1"],
    script: [
      loggedIn("jacky"),
      send("jacky La", "/list"),
      expect("jacky La", "401 Unrecognized message"),
      send("jacky La", "/toall {text}"),
      expect("jacky La", "401 Unrecognized message"),
    ],
  }),
  rule("im/3/7", {
    title: "a second /port is answered 401",
    quote:
      "A line that is not known in its stage, or is malformed, gets `401 Unrecognized message` and changes nothing.",
    why: "a session has one Lb",
    cause: "commands are looked up without the stage of the session",
    after: ["im/8/1"],
    script: [
      online("jacky"),
      listen("other Lb"),
      send("jacky La", "/port {other.Lb.port}"),
      expect("jacky La", "401 Unrecognized message"),
    ],
  }),
  rule("im/3/8", {
    title: "several clients have an Lb each",
    quote: "Lb: opened by the server to the client, to the port the client announced on La",
    why: "messages must not end up at another client",
    cause: "the socket of Lb is kept in one variable for all sessions",
    script: [loggedIn("jacky", "bob"), linked("bob"), linked("jacky")],
  }),
  rule("im/3/9", {
    title: "what the server does with a client after 202",
    quote: "not: `202 Build connection failed`; the client shows it and quits",
    why: "a client may want to announce another port",
    cause: "the handout says only what the client does",
    level: "open",
    script: [
      loggedIn("jacky"),
      send("jacky La", "/port 1"),
      expect("jacky La", "202 Build connection failed"),
      listen("jacky Lb"),
      send("jacky La", "/port {jacky.Lb.port}"),
      observe("jacky La"),
    ],
  }),
];
