import { type Rule, rule } from "../../rule.ts";
import { bind, close, exits, expect, kill, runs, send, sendRaw, sendUntil, start, type Step } from "../../step.ts";
import { holding, inOrder, json } from "../../json_shape.ts";
import { prepares } from "../../rule.ts";
import {
  comes,
  connect,
  dumps,
  gets,
  getsFrom,
  getsFromGroup,
  hasHeardNothing,
  joins,
  leaves,
  online,
  ownCopy,
  says,
  saysInGroup,
  saysTo,
  stillServes,
  user,
} from "./prepare.ts";

const DROPPED = "What is no JSON, has no `key`, or an unknown one is dropped and counted.";
const REMEMBERS = "the server remembers every user it has ever seen, across restarts";
const STOPS = "The server is turned off with `E` on its console (or a signal), tells its clients, and loses nothing.";

const harmless = (title: string, cause: string, datagram: string | Uint8Array, quote = DROPPED) => ({
  title,
  quote,
  why: "one wrong program must not end the chat of all",
  cause,
  script: [online("jacky", "bob"), sendRaw("bob La", datagram), hasHeardNothing("bob"), stillServes("jacky")],
});

/** The server that has ended is started again, and answers. */
const again: Step[] = [
  start("server"),
  ...prepares("mychat/1/1", [
    bind("other La"),
    sendUntil("other La", dumps({ ...connect("nobody"), username: "other" })),
    expect("other La", json({ key: "CONNECT", isConnected: true })),
  ]),
];

/** Sections 7 to 9: leaving, wrong datagrams, and turning the server off. */
export const LEAVING: readonly Rule[] = [
  rule("mychat/7/1", {
    title: "LOGOUT is answered with Loggedout true",
    quote: '`"Loggedout": true`',
    why: "the client waits for it before it ends",
    cause: "the entry of the user is removed, and its address with it, before the answer is sent",
    points: 2,
    script: [
      online("jacky"),
      says("jacky", { key: "LOGOUT", username: "{jacky}" }),
      gets("jacky", { key: "LOGOUT", Loggedout: true, username: "{jacky}" }),
    ],
  }),
  rule("mychat/7/2", {
    title: "after LOGOUT nothing is sent to the program any more",
    quote: "`LOGOUT` `username`",
    why: "the port may belong to another program by then",
    cause: "the address stays in the list",
    after: ["mychat/5/7"],
    script: [
      online("jacky", "bob"),
      joins("jacky", "bob"),
      ownCopy("jacky"),
      leaves("bob"),
      saysInGroup("jacky", "one {text}"),
      saysTo("jacky", "bob", "two {text}"),
      says("bob", connect("bob")),
      gets("bob", { key: "CONNECT" }),
    ],
  }),
  rule("mychat/7/3", {
    title: "who has logged out can connect again",
    quote: "a user who was away gets, on coming back",
    why: "people come back",
    cause: "a known name is refused",
    points: 2,
    script: [
      online("jacky"),
      leaves("jacky"),
      bind("jacky La2"),
      sendRaw("jacky La2", dumps(connect("jacky"))),
      expect("jacky La2", json({ key: "CONNECT", isConnected: true })),
    ],
  }),
  rule("mychat/7/4", {
    title: "when one user leaves, the others stay",
    quote: "`LOGOUT` `username`",
    why: "leaving ends one session",
    cause: "the list is cleared, or the entry is removed by its place",
    script: [
      online("jacky", "bob", "michael"),
      leaves("michael"),
      saysTo("jacky", "bob", "{text}"),
      getsFrom("bob", "{text}"),
      saysTo("bob", "jacky", "back {text}"),
      getsFrom("jacky", "back {text}"),
    ],
  }),
  rule(
    "mychat/8/1",
    harmless("a datagram that is no JSON is dropped", "json.loads() throws in the loop of the server", "hello"),
  ),
  rule("mychat/8/2", harmless("JSON without a key is dropped", 'data["key"] throws', '{"username": "{bob}"}')),
  rule(
    "mychat/8/3",
    harmless(
      "an unknown key is dropped",
      "the last branch takes whatever comes",
      '{"key": "HELLO", "username": "{bob}"}',
    ),
  ),
  rule(
    "mychat/8/4",
    harmless("JSON that is no object is dropped", 'data["key"] of a list or a number throws', '["key", "CONNECT"]'),
  ),
  rule(
    "mychat/8/5",
    harmless("bytes that are no UTF-8 are dropped", "decode() throws", new Uint8Array([0xff, 0xfe, 0x7b, 0xc3])),
  ),
  rule(
    "mychat/8/6",
    harmless(
      "an empty datagram is dropped",
      "the end of the loop is an empty datagram, as with TCP",
      new Uint8Array(0),
    ),
  ),
  rule("mychat/8/7", {
    title: "a message without a text does no harm",
    quote: DROPPED,
    why: "one wrong program must not end the chat of all",
    cause: 'data["msg"] throws',
    script: [
      online("jacky", "bob"),
      sendRaw("bob La", '{"key": "SENT_TO", "sendto": "{jacky}", "sentfrom": "{bob}"}'),
      hasHeardNothing("jacky"),
      stillServes("jacky"),
    ],
  }),
  rule(
    "mychat/8/8",
    harmless(
      "JSON that is cut off is dropped",
      "json.loads() throws in the loop of the server",
      '{"key": "GET_USERS", "username": "',
    ),
  ),
  rule("mychat/8/9", {
    title: "a program that vanishes without LOGOUT does no harm to the others",
    quote: "UDP loses, repeats and reorders datagrams; the chat must not.",
    why: "closed laptops do not log out",
    cause: "sendto() to a closed port fails later, in recvfrom()",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      joins("jacky", "bob", "michael"),
      ownCopy("jacky"),
      close("michael La"),
      saysInGroup("jacky", "one {text}"),
      getsFromGroup("bob", "one {text}"),
      saysInGroup("jacky", "two {text}"),
      getsFromGroup("bob", "two {text}"),
      stillServes("jacky"),
    ],
  }),
  rule("mychat/8/10", {
    title: "a private message to a program that has vanished does no harm",
    quote: "UDP loses, repeats and reorders datagrams; the chat must not.",
    why: "closed laptops do not log out",
    cause: "sendto() to a closed port fails later, in recvfrom()",
    script: [
      online("jacky", "bob"),
      close("bob La"),
      saysTo("jacky", "bob", "one {text}"),
      saysTo("jacky", "bob", "two {text}"),
      stillServes("jacky"),
    ],
  }),
  rule("mychat/8/11", {
    title: "twenty programs can be there at once",
    quote: "One UDP server, many clients",
    why: "a class has more than two",
    cause: "a list of five addresses",
    startsProgram: true,
    script: [
      online("jacky"),
      Array.from({ length: 20 }, (_, i) => [
        bind(`guest${i} La`),
        sendRaw(`guest${i} La`, `{"key": "CONNECT", "isConnected": false, "username": "guest${i}", "isStach": false}`),
        expect(`guest${i} La`, json({ key: "CONNECT", isConnected: true, username: `guest${i}` })),
      ]),
      says("jacky", { key: "GET_USERS", username: "{jacky}" }),
      gets("jacky", {
        key: "GET_USERS",
        users: holding(...Array.from({ length: 20 }, (_, i) => ({ username: `guest${i}` }))),
      }),
      runs("server"),
    ],
  }),
  rule("mychat/9/1", {
    title: "E on the server's console ends it",
    quote: STOPS,
    why: "the operator need not kill it",
    cause: "the console is not read while the server waits for a datagram",
    level: "should",
    startsProgram: true,
    script: [online("jacky"), send("server keys", "E"), exits("server", undefined, 5000)],
  }),
  rule("mychat/9/2", {
    title: "a server that was turned off and started again remembers the users",
    quote: REMEMBERS,
    why: "newAccount would greet everyone as new each morning",
    cause: "users are kept in memory alone",
    points: 2,
    startsProgram: true,
    after: ["mychat/1/4"],
    script: [
      online("jacky"),
      kill("server", "SIGTERM"),
      exits("server", undefined, 5000),
      again,
      bind("jacky La2"),
      sendRaw("jacky La2", dumps(connect("jacky"))),
      expect("jacky La2", json({ key: "CONNECT", newAccount: false, users: holding(user("jacky", true)) })),
    ],
  }),
  rule("mychat/9/3", {
    title: "a message to who was away survives a restart of the server",
    quote: STOPS,
    why: "what was confirmed as sent must not be lost",
    cause: "messages are kept in memory alone",
    points: 2,
    startsProgram: true,
    after: ["mychat/6/4"],
    script: [
      online("jacky", "bob"),
      leaves("bob"),
      saysTo("jacky", "bob", "{text}"),
      kill("server", "SIGTERM"),
      exits("server", undefined, 5000),
      again,
      comes("bob", "La2"),
      sendRaw("bob La2", dumps({ key: "GET_DATA", find: "{jacky}", username: "{bob}" })),
      expect("bob La2", json({ key: "GET_DATA", data: inOrder({ username: "{jacky}", msg: "{text}" }) })),
    ],
  }),
];
