import { type Rule, rule } from "../../rule.ts";
import { exits, sendRaw } from "../../step.ts";
import { inChat, inGroup, online, opens, sends, sentFrom, shows, stillWorks, tells, TIME, types } from "./prepare.ts";

const DROPPED = "What is no JSON, has no `key`, or an unknown one is dropped and counted.";
const harmless = (title: string, cause: string, datagram: string | Uint8Array) => ({
  title,
  quote: DROPPED,
  why: "any program of the network can send to the port",
  cause,
  script: [online("jacky"), sendRaw("jacky La", datagram), stillWorks("jacky", "bob")],
});

/** Sections 15 and 16: leaving, and wrong datagrams. */
export const LEAVING: readonly Rule[] = [
  rule("mychat/15/1", {
    title: "E sends LOGOUT with the user's name",
    quote: "`LOGOUT` `username`",
    why: "the user is shown as offline by it",
    cause: "the program ends without a word",
    points: 2,
    script: [online("jacky"), types("jacky", "E"), sends("jacky", { key: "LOGOUT", username: "{jacky}" })],
  }),
  rule("mychat/15/2", {
    title: "after the answer to LOGOUT it ends with status 0",
    quote: '`"Loggedout": true`',
    why: "a script that runs it waits for its end",
    cause: "a thread that still reads keeps the process alive",
    script: [
      online("jacky"),
      types("jacky", "E"),
      sends("jacky", { key: "LOGOUT" }),
      tells("jacky", { key: "LOGOUT", username: "{jacky}", Loggedout: true }),
      exits("jacky", "zero"),
    ],
  }),
  rule("mychat/15/3", {
    title: "it ends also when LOGOUT is not answered",
    quote: "UDP loses, repeats and reorders datagrams; the chat must not.",
    why: "the answer may be lost, or the server be gone",
    cause: "recvfrom() waits without a timeout",
    level: "should",
    after: ["mychat/15/2"],
    script: [online("jacky"), types("jacky", "E"), sends("jacky", { key: "LOGOUT" }), exits("jacky", undefined, 5000)],
  }),
  rule("mychat/15/4", {
    title: "after B another chat can be opened",
    quote: "`B` to go back to the menu",
    why: "people talk to more than one",
    cause: "B is sent as a text",
    after: ["mychat/14/1"],
    script: [online("jacky"), inGroup("jacky"), types("jacky", "B"), opens("jacky", "bob")],
  }),
  rule("mychat/15/5", {
    title: "after B and another CHAT, the text goes to the new one",
    quote: "`CHAT user`",
    why: "a text that goes to the wrong one cannot be taken back",
    cause: "the receiver of the first chat is kept",
    after: ["mychat/14/3", "mychat/15/4"],
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      types("jacky", "B"),
      types("jacky", "JOIN MyChat"),
      sends("jacky", { key: "REQUEST_JOIN_GROUP" }),
      tells("jacky", { key: "REQUEST_JOIN_GROUP", username: "{jacky}", partofgroup: true, joined: true }),
      tells("jacky", { key: "GET_GROUP_DATA", username: "{jacky}", group_data: [] }),
      types("jacky", "{text}"),
      sends("jacky", { key: "SENT_TO_GROUP", msg: "{text}" }),
    ],
  }),
  rule("mychat/15/6", {
    title: "E works in a chat as well",
    quote: "`B`, `R`, `E` work in small letters too, in the menu and inside a chat",
    why: "one leaves from where one is",
    cause: "E is sent as a text",
    level: "should",
    after: ["mychat/15/1"],
    script: [
      online("jacky"),
      inGroup("jacky"),
      types("jacky", "E"),
      sends("jacky", { key: "LOGOUT", username: "{jacky}" }),
    ],
  }),
  rule(
    "mychat/16/1",
    harmless("a datagram that is no JSON does no harm", "json.loads() throws in the thread that reads", "hello"),
  ),
  rule("mychat/16/2", harmless("JSON without a key does no harm", 'data["key"] throws', '{"username": "{jacky}"}')),
  rule(
    "mychat/16/3",
    harmless("an unknown key does no harm", "the last branch takes whatever comes", '{"key": "HELLO"}'),
  ),
  rule(
    "mychat/16/4",
    harmless("bytes that are no UTF-8 do no harm", "decode() throws", new Uint8Array([0xff, 0xfe, 0xc3])),
  ),
  rule("mychat/16/5", harmless("an empty datagram does no harm", "it is taken for the end", new Uint8Array(0))),
  rule("mychat/16/6", {
    title: "a message of 2,000 characters is shown whole",
    quote: "One `json.dumps` object per datagram",
    why: "a datagram that is longer than the buffer of recvfrom() loses its end",
    cause: "recvfrom(1024)",
    points: 2,
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      tells("jacky", sentFrom("bob", "jacky", `${"long ".repeat(400)}{text}`)),
      shows("jacky", "long {text}"),
    ],
  }),
  rule("mychat/16/7", {
    title: "several messages are shown in the order in which they came",
    quote: "UDP loses, repeats and reorders datagrams; the chat must not.",
    why: "an answer must not stand before its question",
    cause: "each datagram is shown by a thread of its own",
    after: ["mychat/14/6"],
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      ["one", "two", "three"].map((word) => [
        tells("jacky", { ...sentFrom("bob", "jacky", `${word} {text}`), time: TIME }),
        sends("jacky", { key: "CONFIRM_MSG_2" }),
      ]),
      shows("jacky", /one {text}[^]*two {text}[^]*three {text}/),
    ],
  }),
];
