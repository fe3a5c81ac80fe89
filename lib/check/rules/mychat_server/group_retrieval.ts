import { inOrder, json, lacking } from "../../json_shape.ts";
import { type Rule, rule } from "../../rule.ts";
import { expect, sendRaw } from "../../step.ts";
import { comes, dumps, gets, joins, leaves, online, ownCopy, says, saysInGroup, saysTo } from "./prepare.ts";

const LIST = '`group_data`: a list of `{"username", "msg", "time"}` — the retrieval';
const asks = (who: string, link = "La") =>
  sendRaw(`${who} ${link}`, dumps({ key: "GET_GROUP_DATA", username: `{${who}}` }));

/** Section 4: what was said in the group. */
export const GROUP_RETRIEVAL: readonly Rule[] = [
  rule("mychat/4/1", {
    title: "GET_GROUP_DATA is answered with what was said, its sender and its time",
    quote: LIST,
    why: "a member sees what was said before",
    cause: "the texts alone are kept, or the list is called data",
    points: 2,
    script: [
      online("jacky"),
      joins("jacky"),
      ownCopy("jacky"),
      saysInGroup("jacky", "{text}"),
      asks("jacky"),
      gets("jacky", { key: "GET_GROUP_DATA", group_data: inOrder({ username: "{jacky}", msg: "{text}", time: /./ }) }),
    ],
  }),
  rule("mychat/4/2", {
    title: "before anything was said the list is empty",
    quote: LIST,
    why: "a client goes through the list without asking whether there is one",
    cause: "the field is missing, or None",
    startsProgram: true,
    script: [online("jacky"), joins("jacky"), asks("jacky"), gets("jacky", { key: "GET_GROUP_DATA", group_data: [] })],
  }),
  rule("mychat/4/3", {
    title: "the list is in the order in which the messages were said, each once",
    quote: "in order, once each, with the time it was sent",
    why: "a conversation out of order cannot be followed",
    cause: "the newest is put first, or a message is kept once for each member",
    after: ["mychat/4/1"],
    script: [
      online("jacky", "bob"),
      joins("jacky", "bob"),
      ownCopy("jacky"),
      ownCopy("bob"),
      saysInGroup("jacky", "one {text}"),
      gets("bob", { key: "SENT_TO_GROUP" }),
      saysInGroup("bob", "two {text2}"),
      gets("jacky", { key: "SENT_TO_GROUP" }),
      saysInGroup("jacky", "three {text3}"),
      asks("jacky"),
      gets("jacky", {
        key: "GET_GROUP_DATA",
        group_data: inOrder(
          { username: "{jacky}", msg: "one {text}" },
          { username: "{bob}", msg: "two {text2}" },
          { username: "{jacky}", msg: "three {text3}" },
        ),
      }),
    ],
  }),
  rule("mychat/4/4", {
    title: "the time of a message is the one that was confirmed",
    quote: "with the time it was sent",
    why: "the time of the question says nothing about the message",
    cause: "the time is taken anew when the list is made",
    after: ["mychat/4/1"],
    script: [
      online("jacky"),
      joins("jacky"),
      ownCopy("jacky"),
      says("jacky", { key: "SENT_TO_GROUP", msg: "{text}", sentfrom: "{jacky}" }),
      gets("jacky", { key: "CONFIRM_MSG", time: /^(?<time>\S+)$/ }),
      { do: "wait", ms: 1100 },
      asks("jacky"),
      gets("jacky", { key: "GET_GROUP_DATA", group_data: inOrder({ msg: "{text}", time: "{time}" }) }),
    ],
  }),
  rule("mychat/4/5", {
    title: "a member who was away gets what was said meanwhile",
    quote: "a user who was away gets, on coming back, every message missed",
    why: "this is what the mailbox is for",
    cause: "messages are kept only while a member is online to get them",
    points: 2,
    after: ["mychat/4/3", "mychat/7/3"],
    script: [
      online("jacky", "bob"),
      joins("jacky", "bob"),
      ownCopy("jacky"),
      leaves("bob"),
      saysInGroup("jacky", "one {text}"),
      saysInGroup("jacky", "two {text2}"),
      comes("bob", "La2"),
      asks("bob", "La2"),
      expect(
        "bob La2",
        json({ key: "GET_GROUP_DATA", group_data: inOrder({ msg: "one {text}" }, { msg: "two {text2}" }) }),
      ),
    ],
  }),
  rule("mychat/4/6", {
    title: "private messages are not in the group's list",
    quote: "`GET_GROUP_DATA` `username`",
    why: "what was said to one is read by all",
    cause: "one list is kept for everything that was said",
    points: 2,
    after: ["mychat/4/1"],
    script: [
      online("jacky", "bob"),
      joins("jacky"),
      saysTo("jacky", "bob", "{text}"),
      asks("jacky"),
      gets("jacky", { key: "GET_GROUP_DATA", group_data: lacking({ msg: "{text}" }) }),
    ],
  }),
  rule("mychat/4/7", {
    title: "what the list has for a member who joined later",
    quote: LIST,
    why: "the handout does not say whether a member sees what was said before it joined",
    cause: "some servers keep one list for all, some a list for each member",
    level: "open",
    script: [
      online("jacky", "bob"),
      joins("jacky"),
      ownCopy("jacky"),
      saysInGroup("jacky", "{text}"),
      joins("bob"),
      asks("bob"),
      { do: "observe", link: "bob La" },
    ],
  }),
];
