import { inOrder, json, lacking } from "../../json_shape.ts";
import { type Rule, rule } from "../../rule.ts";
import { expect, sendRaw } from "../../step.ts";
import { comes, dumps, gets, getsFrom, joins, leaves, online, ownCopy, says, saysInGroup, saysTo } from "./prepare.ts";

const LIST = "`data`: the same, of the two of them";
const MISSED = "a user who was away gets, on coming back, every message missed";
const asks = (who: string, find: string, link = "La") =>
  sendRaw(`${who} ${link}`, dumps({ key: "GET_DATA", find: `{${find}}`, username: `{${who}}` }));

/** Section 6: what two users have said to each other. */
export const PRIVATE_RETRIEVAL: readonly Rule[] = [
  rule("mychat/6/1", {
    title: "GET_DATA is answered with what the asker has said to the other",
    quote: LIST,
    why: "opening a chat shows what was said in it",
    cause: "the list is sent under another name, or only what was received is kept",
    points: 2,
    script: [
      online("jacky", "bob"),
      saysTo("jacky", "bob", "{text}"),
      asks("jacky", "bob"),
      gets("jacky", {
        ...{ key: "GET_DATA", find: "{bob}", username: "{jacky}" },
        data: inOrder({ username: "{jacky}", msg: "{text}", time: /^\d\d:\d\d:\d\d$/ }),
      }),
    ],
  }),
  rule("mychat/6/2", {
    title: "the list has both sides of the conversation, in order, each once",
    quote: "in order, once each, with the time it was sent",
    why: "answers without questions cannot be followed",
    cause: "two lists are kept, one a direction, and put together one after the other",
    after: ["mychat/6/1"],
    script: [
      online("jacky", "bob"),
      saysTo("jacky", "bob", "one {text}"),
      getsFrom("bob", "one {text}"),
      saysTo("bob", "jacky", "two {text2}"),
      getsFrom("jacky", "two {text2}"),
      saysTo("jacky", "bob", "three {text3}"),
      asks("jacky", "bob"),
      gets("jacky", {
        key: "GET_DATA",
        data: inOrder(
          { username: "{jacky}", msg: "one {text}" },
          { username: "{bob}", msg: "two {text2}" },
          { username: "{jacky}", msg: "three {text3}" },
        ),
      }),
    ],
  }),
  rule("mychat/6/3", {
    title: "what was said to others is not in it",
    quote: LIST,
    why: "a conversation is read by two",
    cause: "all private messages of the asker are listed, of every conversation",
    points: 2,
    after: ["mychat/6/1"],
    script: [
      online("jacky", "bob", "michael"),
      saysTo("jacky", "michael", "{text}"),
      asks("jacky", "bob"),
      gets("jacky", { key: "GET_DATA", data: lacking({ msg: "{text}" }) }),
    ],
  }),
  rule("mychat/6/4", {
    title: "a user who was away gets every message missed, in order",
    quote: `${MISSED}, one-on-one and in each group joined, in order, once each`,
    why: "this is what the mailbox is for",
    cause: "a message to a user who is offline is dropped",
    points: 2,
    after: ["mychat/6/1", "mychat/5/7", "mychat/7/3"],
    script: [
      online("jacky", "bob"),
      leaves("bob"),
      saysTo("jacky", "bob", "one {text}"),
      saysTo("jacky", "bob", "two {text2}"),
      comes("bob", "La2"),
      asks("bob", "jacky", "La2"),
      expect(
        "bob La2",
        json({
          key: "GET_DATA",
          data: inOrder({ username: "{jacky}", msg: "one {text}" }, { username: "{jacky}", msg: "two {text2}" }),
        }),
      ),
    ],
  }),
  rule("mychat/6/5", {
    title: "asked for again, the list has the same messages",
    quote: "the server remembers for them",
    why: "an answer may be lost, and the chat may be opened again",
    cause: "the messages are removed when they have been given",
    after: ["mychat/6/1"],
    script: [
      online("jacky", "bob"),
      saysTo("jacky", "bob", "{text}"),
      getsFrom("bob", "{text}"),
      asks("bob", "jacky"),
      gets("bob", { key: "GET_DATA", data: inOrder({ msg: "{text}" }) }),
      asks("bob", "jacky"),
      gets("bob", { key: "GET_DATA", data: inOrder({ msg: "{text}" }) }),
    ],
  }),
  rule("mychat/6/6", {
    title: "what was said in the group is not in it",
    quote: LIST,
    why: "the group has its own list",
    cause: "one list is kept for everything that was said",
    after: ["mychat/6/1"],
    script: [
      online("jacky", "bob"),
      joins("jacky"),
      ownCopy("jacky"),
      saysInGroup("jacky", "{text}"),
      asks("jacky", "bob"),
      gets("jacky", { key: "GET_DATA", data: lacking({ msg: "{text}" }) }),
    ],
  }),
  rule("mychat/6/7", {
    title: "before anything was said the list is empty",
    quote: LIST,
    why: "a client goes through the list without asking whether there is one",
    cause: "the pair is looked up in a dictionary, which throws",
    startsProgram: true,
    script: [online("jacky", "bob"), asks("jacky", "bob"), gets("jacky", { key: "GET_DATA", data: [] })],
  }),
  rule("mychat/6/8", {
    title: "the time in the list is the one that was confirmed",
    quote: "with the time it was sent",
    why: "who comes back wants to know when it was said",
    cause: "the time is taken anew when the list is made",
    after: ["mychat/6/1"],
    script: [
      online("jacky", "bob"),
      says("jacky", { key: "SENT_TO", msg: "{text}", sendto: "{bob}", sentfrom: "{jacky}" }),
      gets("jacky", { key: "CONFIRM_MSG", time: /^(?<time>\S+)$/ }),
      { do: "wait", ms: 1100 },
      asks("jacky", "bob"),
      gets("jacky", { key: "GET_DATA", data: inOrder({ msg: "{text}", time: "{time}" }) }),
    ],
  }),
];
