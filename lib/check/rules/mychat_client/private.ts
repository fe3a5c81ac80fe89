import { type Rule, rule } from "../../rule.ts";
import { inChat, online, onlineInTerminal, opens, sends, sentFrom, shows, tells, TIME, types } from "./prepare.ts";

const CONFIRMED = "answers `CONFIRM_MSG_2` (`sendto` the sender), which is passed on";
const fields = { msg: "{text}", sendto: "{bob}", sentfrom: "{jacky}", sent: true, time: TIME };

/** Section 14: one-on-one. */
export const PRIVATE: readonly Rule[] = [
  rule("mychat/14/1", {
    title: "CHAT and a name asks for what the two have said",
    quote: "`GET_DATA` `find` `username`",
    why: "opening a chat shows what was said in it",
    cause: "find and username are exchanged",
    points: 2,
    script: [online("jacky"), opens("jacky", "bob")],
  }),
  rule("mychat/14/2", {
    title: "what the two have said is shown, in order",
    quote: "every message missed, one-on-one and in each group joined, in order, once each",
    why: "this is what the mailbox is for",
    cause: "the list is turned around, or its first item is left out",
    points: 2,
    after: ["mychat/14/1"],
    script: [
      online("jacky"),
      opens("jacky", "bob"),
      tells("jacky", {
        ...{ key: "GET_DATA", find: "{bob}", username: "{jacky}" },
        data: [
          { username: "{bob}", msg: "one {text}", time: TIME },
          { username: "{jacky}", msg: "two {text2}", time: TIME },
        ],
      }),
      shows("jacky", /{bob}[^\n]*: one {text}[^]*{jacky}[^\n]*: two {text2}/),
    ],
  }),
  rule("mychat/14/3", {
    title: "a text in a chat is sent as SENT_TO",
    quote: "`SENT_TO` `msg` `sendto` `sentfrom`",
    why: "it is for one",
    cause: "the text goes to the group",
    points: 2,
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      types("jacky", "{text}"),
      sends("jacky", { key: "SENT_TO", msg: "{text}", sendto: "{bob}", sentfrom: "{jacky}" }),
    ],
  }),
  rule("mychat/14/4", {
    title: "SENT_FROM is answered with CONFIRM_MSG_2 to the sender",
    quote: CONFIRMED,
    why: "the sender is told by it that the message has arrived",
    cause: "sendto is left as it came, so that the confirmation comes back",
    points: 2,
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      tells("jacky", sentFrom("bob", "jacky", "{text}")),
      sends("jacky", { key: "CONFIRM_MSG_2", sendto: "{bob}" }),
    ],
  }),
  rule("mychat/14/5", {
    title: "CONFIRM_MSG_2 has the text and the time of the message",
    quote: "the receiver gets `SENT_FROM` with the same fields, answers `CONFIRM_MSG_2`",
    why: "the sender's program finds its message by them",
    cause: "a new object is made for the confirmation",
    after: ["mychat/14/4"],
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      tells("jacky", sentFrom("bob", "jacky", "{text}")),
      sends("jacky", { key: "CONFIRM_MSG_2", msg: "{text}", time: TIME }),
    ],
  }),
  rule("mychat/14/6", {
    title: "a private message is shown with its sender",
    quote: "Real time: no refresh is needed to see a message.",
    why: "it is what the chat is for",
    cause: "it is confirmed and not shown",
    points: 2,
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      tells("jacky", sentFrom("bob", "jacky", "{text}")),
      shows("jacky", /{bob}[^\n]*: {text}/),
    ],
  }),
  rule("mychat/14/7", {
    title: "a message that comes in the menu is confirmed too",
    quote: CONFIRMED,
    why: "it has arrived, wherever its receiver is",
    cause: "messages are read in the loop of the chat alone",
    after: ["mychat/14/4"],
    script: [
      online("jacky"),
      tells("jacky", sentFrom("bob", "jacky", "{text}")),
      sends("jacky", { key: "CONFIRM_MSG_2", sendto: "{bob}" }),
    ],
  }),
  rule("mychat/14/8", {
    title: "a message of another user is confirmed to that user",
    quote: CONFIRMED,
    why: "others write while one chats",
    cause: "the confirmation goes to the user of the open chat",
    after: ["mychat/14/4"],
    script: [
      online("jacky"),
      inChat("jacky", "bob"),
      tells("jacky", sentFrom("michael", "jacky", "{text}")),
      sends("jacky", { key: "CONFIRM_MSG_2", sendto: "{michael}" }),
    ],
  }),
  rule("mychat/14/9", {
    title: "CONFIRM_MSG is shown as [Message sent - hh:mm:ss]",
    quote: "in a group the sender sees `[Message sent - hh:mm:ss]` once the server has it",
    why: "the user knows that the server has it",
    cause: "only the group's confirmations are shown",
    script: [
      onlineInTerminal("jacky"),
      inChat("jacky", "bob"),
      types("jacky", "{text}"),
      sends("jacky", { key: "SENT_TO" }),
      tells("jacky", { key: "CONFIRM_MSG", ...fields }),
      shows("jacky", /\[Message sent - [^\]]*12:10:55/),
    ],
  }),
  rule("mychat/14/10", {
    title: "CONFIRM_MSG_2 is shown as [Message received - hh:mm:ss]",
    quote: "one-on-one also `[Message received - hh:mm:ss]` once the other side has it",
    why: "the user knows that the other one has it",
    cause: "the two confirmations are shown alike",
    script: [
      onlineInTerminal("jacky"),
      inChat("jacky", "bob"),
      types("jacky", "{text}"),
      sends("jacky", { key: "SENT_TO" }),
      tells("jacky", { key: "CONFIRM_MSG", ...fields }),
      tells("jacky", { key: "CONFIRM_MSG_2", ...fields, sendto: "{jacky}", sentfrom: "{bob}" }),
      shows("jacky", /\[Message received - [^\]]*12:10:55/),
    ],
  }),
];
