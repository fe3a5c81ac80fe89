import { holding, json } from "../../json_shape.ts";
import { type Rule, rule } from "../../rule.ts";
import { bind, expect, sendRaw, sendUntil } from "../../step.ts";
import { comes, connect, dumps, gets, leaves, online, ready, says, user } from "./prepare.ts";

const FIELDS_ADDED = "the reply is the request's object with fields added, sent to the address it came from";

/** Section 1: `CONNECT`. */
export const CONNECTING: readonly Rule[] = [
  rule("mychat/1/1", {
    title: "CONNECT is answered with isConnected true",
    quote:
      'the same with `"isConnected": true, "users": [{"username": "prince", "isOnline": true}], "newAccount": true`',
    why: "a client repeats CONNECT until this comes, and gives up after 15 s",
    cause: "the socket is bound to another port, or the request's object is sent back as it came",
    points: 2,
    script: [
      bind("jacky La"),
      sendUntil("jacky La", dumps(connect("jacky"))),
      expect("jacky La", json({ key: "CONNECT", isConnected: true })),
    ],
  }),
  rule("mychat/1/2", {
    title: "the answer has the fields of the request, unchanged",
    quote: FIELDS_ADDED,
    why: "a client tells answers apart by what it had put into them",
    cause: "a new object is made for the reply, with the fields that the server knows",
    script: [
      ready(),
      bind("jacky La"),
      says("jacky", { ...connect("jacky"), mark: "{text}" }),
      gets("jacky", { key: "CONNECT", isConnected: true, username: "{jacky}", isStach: false, mark: "{text}" }),
    ],
  }),
  rule("mychat/1/3", {
    title: "the answer lists the users, the one who connects among them and online",
    quote: '"users": [{"username": "prince", "isOnline": true}]',
    why: "the menu is made from this list",
    cause: "the list is made before the user is added to it",
    points: 2,
    script: [
      ready(),
      bind("jacky La"),
      says("jacky", connect("jacky")),
      gets("jacky", { key: "CONNECT", users: holding(user("jacky", true)) }),
    ],
  }),
  rule("mychat/1/4", {
    title: "newAccount is true when a name connects for the first time, and false when it comes back",
    quote: "the first contact of a user name registers it",
    why: "a client greets a new user in another way",
    cause: "newAccount is always true, or is looked up after the name was added",
    startsProgram: true,
    after: ["mychat/7/3"],
    script: [
      ready(),
      bind("jacky La"),
      says("jacky", connect("jacky")),
      gets("jacky", { key: "CONNECT", newAccount: true }),
      leaves("jacky"),
      bind("jacky La2"),
      sendRaw("jacky La2", dumps(connect("jacky"))),
      expect("jacky La2", json({ key: "CONNECT", newAccount: false })),
    ],
  }),
  rule("mychat/1/5", {
    title: "a second program is answered as the first, each at its own address",
    quote: "sent to the address it came from",
    why: "one server, many clients",
    cause: "the address of the first program, or of the last, is kept in one variable for all",
    points: 2,
    script: [
      ready(),
      bind("jacky La"),
      bind("bob La"),
      says("jacky", connect("jacky")),
      gets("jacky", { key: "CONNECT", isConnected: true, username: "{jacky}" }),
      says("bob", connect("bob")),
      gets("bob", { key: "CONNECT", isConnected: true, username: "{bob}" }),
      says("jacky", { key: "GET_USERS", username: "{jacky}" }),
      gets("jacky", { username: "{jacky}" }),
    ],
  }),
  rule("mychat/1/6", {
    title: "a repeated CONNECT is answered again",
    quote: "the client sends a connect request every 0.2 s",
    why: "the first answer may be lost",
    cause: "a name that is online is refused, or passed over",
    script: [online("jacky"), says("jacky", connect("jacky")), gets("jacky", { key: "CONNECT", isConnected: true })],
  }),
  rule("mychat/1/7", {
    title: "a name stands in the list once, however often it connects",
    quote: "shows each as `(online)` or `(offline)`",
    why: "CONNECT is repeated every 0.2 s",
    cause: "each CONNECT appends to the list",
    after: ["mychat/1/3", "mychat/1/6"],
    script: [
      online("jacky"),
      says("jacky", connect("jacky")),
      gets("jacky", { key: "CONNECT", users: holding(user("jacky")) }),
    ],
  }),
  rule("mychat/1/8", {
    title: "a request has one answer, and no datagram besides",
    quote: "One `json.dumps` object per datagram",
    why: "a client that expects one object reads the next as the answer to its next request",
    cause: "the answer is sent once to the address and once more to the list of addresses",
    after: ["mychat/2/1"],
    script: [
      online("jacky"),
      ["one", "two"].map((mark) => [
        says("jacky", { key: "GET_USERS", username: "{jacky}", mark }),
        gets("jacky", { key: "GET_USERS", mark }),
      ]),
    ],
  }),
  rule("mychat/1/9", {
    title: "who was there before stands in the list of who comes later",
    quote: "the available users with their state",
    why: "people see from the first moment whom they can write to",
    cause: "the answer has the new user alone",
    after: ["mychat/1/3"],
    script: [
      online("bob"),
      bind("jacky La"),
      says("jacky", connect("jacky")),
      gets("jacky", { key: "CONNECT", users: holding(user("bob", true), user("jacky")) }),
    ],
  }),
  rule("mychat/1/10", {
    title: "JSON without blanks, and with its keys in another order, is taken as well",
    quote: "JSON over UDP",
    why: "not every client is written in Python",
    cause: "the datagram is compared with a text, or taken apart at blanks",
    script: [
      ready(),
      bind("jacky La"),
      sendRaw("jacky La", '{"username":"{jacky}","isStach":false,"isConnected":false,"key":"CONNECT"}'),
      gets("jacky", { key: "CONNECT", isConnected: true, username: "{jacky}" }),
    ],
  }),
  rule("mychat/1/11", {
    title: "a user who connects from another address is reached there",
    quote: "sent to the address it came from",
    why: "a program that was started again has another port",
    cause: "the address of the first CONNECT is kept for good",
    after: ["mychat/1/6", "mychat/7/3"],
    script: [
      online("jacky", "bob"),
      leaves("bob"),
      comes("bob", "La2"),
      says("jacky", { key: "SENT_TO", msg: "{text}", sendto: "{bob}", sentfrom: "{jacky}" }),
      expect("bob La2", json({ key: "SENT_FROM", msg: "{text}" })),
    ],
  }),
];
