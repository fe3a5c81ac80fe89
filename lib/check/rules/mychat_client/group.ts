import { json } from "../../json_shape.ts";
import { type Rule, rule } from "../../rule.ts";
import { expect, expectText, ignore, silence } from "../../step.ts";
import {
  answered,
  asksToConnect,
  inGroup,
  online,
  onlineInTerminal,
  sends,
  shows,
  tells,
  TIME,
  types,
} from "./prepare.ts";

const joined = (who: string) =>
  tells(who, { key: "REQUEST_JOIN_GROUP", username: `{${who}}`, partofgroup: false, joined: true });
const said = (who: string, msg: string) => ({
  key: "SENT_TO_GROUP",
  msg,
  sentfrom: `{${who}}`,
  sent: true,
  time: TIME,
});

/** Section 13: the group. */
export const GROUP: readonly Rule[] = [
  rule("mychat/13/1", {
    title: "JOIN MyChat sends REQUEST_JOIN_GROUP with the user's name",
    quote: "`REQUEST_JOIN_GROUP` `username`",
    why: "the server lets in who asks",
    cause: "the name of the group is sent instead of the user's",
    points: 2,
    script: [
      online("jacky"),
      types("jacky", "JOIN MyChat"),
      sends("jacky", { key: "REQUEST_JOIN_GROUP", username: "{jacky}" }),
    ],
  }),
  rule("mychat/13/2", {
    title: "once joined, it asks for what was said there",
    quote: "`GET_GROUP_DATA` `username`",
    why: "what was missed comes only when it is asked for",
    cause: "the answer to REQUEST_JOIN_GROUP is thought to have it",
    points: 2,
    script: [
      asksToConnect("jacky"),
      answered("jacky"),
      ["CONNECT", "GET_USERS"].map((key) => ignore("jacky La", json({ key }))),
      types("jacky", "JOIN MyChat"),
      sends("jacky", { key: "REQUEST_JOIN_GROUP" }),
      joined("jacky"),
      sends("jacky", { key: "GET_GROUP_DATA", username: "{jacky}" }),
    ],
  }),
  rule("mychat/13/3", {
    title: "the screen says that one is in",
    quote: "--> [Access granted]",
    why: "the user knows where its text goes",
    cause: "the answer is not shown",
    level: "should",
    script: [onlineInTerminal("jacky"), inGroup("jacky"), shows("jacky", "[Access granted]")],
  }),
  rule("mychat/13/4", {
    title: "what was said before is shown, in order, with its senders",
    quote: "every message missed, one-on-one and in each group joined, in order, once each",
    why: "this is what the mailbox is for",
    cause: "the list is turned around, or its first item is left out",
    points: 2,
    after: ["mychat/13/2"],
    script: [
      asksToConnect("jacky"),
      answered("jacky"),
      ["CONNECT", "GET_USERS"].map((key) => ignore("jacky La", json({ key }))),
      types("jacky", "JOIN MyChat"),
      sends("jacky", { key: "REQUEST_JOIN_GROUP" }),
      joined("jacky"),
      expect("jacky La", json({ key: "GET_GROUP_DATA" })),
      tells("jacky", {
        ...{ key: "GET_GROUP_DATA", username: "{jacky}" },
        group_data: [
          { username: "{bob}", msg: "one {text}", time: TIME },
          { username: "{michael}", msg: "two {text2}", time: TIME },
        ],
      }),
      shows("jacky", /{bob}[^\n]*: one {text}[^]*{michael}[^\n]*: two {text2}/),
    ],
  }),
  rule("mychat/13/5", {
    title: "a text in the group is sent as SENT_TO_GROUP",
    quote: "`SENT_TO_GROUP` `msg` `sentfrom`",
    why: "it is what the group is for",
    cause: "sentfrom is left out, or the text has its line end",
    points: 2,
    script: [
      online("jacky"),
      inGroup("jacky"),
      types("jacky", "{text}"),
      sends("jacky", { key: "SENT_TO_GROUP", msg: "{text}", sentfrom: "{jacky}" }),
    ],
  }),
  rule("mychat/13/6", {
    title: "quotation marks and backslashes are sent as they were typed",
    quote: "One `json.dumps` object per datagram",
    why: "people write what they like",
    cause: "the JSON is put together by hand",
    after: ["mychat/13/5"],
    script: [
      online("jacky"),
      inGroup("jacky"),
      types("jacky", 'say "hi" \\ {text}'),
      sends("jacky", { key: "SENT_TO_GROUP", msg: 'say "hi" \\ {text}' }),
    ],
  }),
  rule("mychat/13/7", {
    title: "CONFIRM_MSG is shown as [Message sent - hh:mm:ss]",
    quote: "in a group the sender sees `[Message sent - hh:mm:ss]` once the server has it",
    why: "the user knows that the server has it",
    cause: "it is shown when the text is sent, and not when it is confirmed",
    script: [
      onlineInTerminal("jacky"),
      inGroup("jacky"),
      types("jacky", "{text}"),
      sends("jacky", { key: "SENT_TO_GROUP" }),
      tells("jacky", { key: "CONFIRM_MSG", msg: "{text}", sentfrom: "{jacky}", sent: true, time: TIME }),
      shows("jacky", /\[Message sent - [^\]]*12:10:55/),
    ],
  }),
  rule("mychat/13/8", {
    title: "what others say in the group is shown with their names",
    quote: "everyone who joined sees each message, as `>> name: text`",
    why: "no refresh is needed to see a message",
    cause: "nothing is read while the keyboard is waited for",
    points: 2,
    script: [
      online("jacky"),
      inGroup("jacky"),
      tells("jacky", said("bob", "{text}")),
      shows("jacky", /{bob}[^\n]*: {text}/),
    ],
  }),
  rule("mychat/13/9", {
    title: "the own copy of a message is not shown again",
    quote: "`SENT_TO_GROUP` to every member",
    why: "the user has just typed it",
    cause: "the sender's name is not compared",
    level: "should",
    after: ["mychat/13/8"],
    script: [
      online("jacky"),
      inGroup("jacky"),
      tells("jacky", said("jacky", "own {text}")),
      tells("jacky", said("bob", "other {text2}")),
      expectText("jacky screen", "other {text2}", { without: "own {text}" }),
    ],
  }),
  rule("mychat/13/10", {
    title: "a message without an answer is not sent again",
    quote: "These clients repeat nothing but CONNECT",
    why: "the server could not tell the repetition from a second message",
    cause: "every request is repeated like CONNECT",
    after: ["mychat/13/5"],
    script: [
      online("jacky"),
      inGroup("jacky"),
      types("jacky", "{text}"),
      sends("jacky", { key: "SENT_TO_GROUP" }),
      silence("jacky La", 1000),
    ],
  }),
];
