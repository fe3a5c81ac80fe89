import { json } from "../../json_shape.ts";
import { type Rule, rule } from "../../rule.ts";
import { expect, together } from "../../step.ts";
import {
  comes,
  gets,
  getsFromGroup,
  hasHeardNothing,
  joins,
  leaves,
  online,
  ownCopy,
  says,
  saysInGroup,
} from "./prepare.ts";

const JOINED = '`"partofgroup": false` (true when in it already), `"joined": true`';
const TO_ALL = "`CONFIRM_MSG`, then `SENT_TO_GROUP` to every member";
const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;
const asksToJoin = (who: string) => says(who, { key: "REQUEST_JOIN_GROUP", username: `{${who}}` });
const sendsToGroup = (who: string, msg = "{text}") => says(who, { key: "SENT_TO_GROUP", msg, sentfrom: `{${who}}` });

/** Section 3: the group. */
export const GROUP: readonly Rule[] = [
  rule("mychat/3/1", {
    title: "REQUEST_JOIN_GROUP is answered with joined true",
    quote: JOINED,
    why: "the client lets its user into the group by it",
    cause: "joined is missing, or false for who joins for the first time",
    points: 2,
    script: [
      online("jacky"),
      asksToJoin("jacky"),
      gets("jacky", { key: "REQUEST_JOIN_GROUP", joined: true, username: "{jacky}" }),
    ],
  }),
  rule("mychat/3/2", {
    title: "partofgroup is false at the first time",
    quote: JOINED,
    why: "the client tells who is new",
    cause: "partofgroup is looked up after the user was added",
    startsProgram: true,
    after: ["mychat/3/1"],
    script: [online("jacky"), asksToJoin("jacky"), gets("jacky", { key: "REQUEST_JOIN_GROUP", partofgroup: false })],
  }),
  rule("mychat/3/3", {
    title: "partofgroup is true when the user is in the group already",
    quote: JOINED,
    why: "a member who joins again is not new",
    cause: "partofgroup is sent as a constant",
    script: [
      online("jacky"),
      joins("jacky"),
      asksToJoin("jacky"),
      gets("jacky", { key: "REQUEST_JOIN_GROUP", partofgroup: true, joined: true }),
    ],
  }),
  rule("mychat/3/4", {
    title: "SENT_TO_GROUP is answered with CONFIRM_MSG, sent true",
    quote: "in a group the sender sees `[Message sent - hh:mm:ss]` once the server has it",
    why: "nothing is repeated over UDP, so the user must know that it has arrived",
    cause: "the confirmation goes to the members and not to the sender",
    points: 2,
    script: [
      online("jacky"),
      joins("jacky"),
      ownCopy("jacky"),
      sendsToGroup("jacky"),
      gets("jacky", { key: "CONFIRM_MSG", sent: true, msg: "{text}", sentfrom: "{jacky}" }),
    ],
  }),
  rule("mychat/3/5", {
    title: "a message in the group reaches the other members",
    quote: TO_ALL,
    why: "everyone who joined sees each message",
    cause: "the list of members holds names whose addresses are not looked up",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      joins("jacky", "bob", "michael"),
      ownCopy("jacky"),
      sendsToGroup("jacky"),
      together(
        gets("bob", { key: "SENT_TO_GROUP", msg: "{text}", sentfrom: "{jacky}" }),
        gets("michael", { key: "SENT_TO_GROUP", msg: "{text}", sentfrom: "{jacky}" }),
      ),
    ],
  }),
  rule("mychat/3/6", {
    title: "the sender gets SENT_TO_GROUP too, after CONFIRM_MSG",
    quote: TO_ALL,
    why: "every member is a member, the sender too",
    cause: "the sender is left out of the loop, or the loop runs before the confirmation",
    level: "should",
    script: [
      online("jacky"),
      joins("jacky"),
      saysInGroup("jacky", "{text}"),
      gets("jacky", { key: "SENT_TO_GROUP", msg: "{text}", sentfrom: "{jacky}" }),
    ],
  }),
  rule("mychat/3/7", {
    title: "who has not joined does not get the group's messages",
    quote: "everyone who joined sees each message",
    why: "joining would mean nothing",
    cause: "the message goes to everyone who is online",
    startsProgram: true,
    script: [
      online("jacky", "bob"),
      joins("jacky"),
      ownCopy("jacky"),
      saysInGroup("jacky", "{text}"),
      hasHeardNothing("bob"),
    ],
  }),
  rule("mychat/3/8", {
    title: "each member gets a message once",
    quote: "everyone who joined sees each message, as `>> name: text`",
    why: "a text shown twice reads as said twice",
    cause: "a member who joins twice is in the list twice",
    script: [
      online("jacky", "bob"),
      joins("jacky", "bob", "bob"),
      ownCopy("jacky"),
      saysInGroup("jacky", "{text}"),
      getsFromGroup("bob", "{text}"),
      hasHeardNothing("bob"),
    ],
  }),
  rule("mychat/3/9", {
    title: "a member who comes back is a member still",
    quote: "a user who was away gets, on coming back, every message missed, one-on-one and in each group joined",
    why: "a group is joined once",
    cause: "members are removed at LOGOUT, or kept by address",
    after: ["mychat/7/3", "mychat/1/11"],
    script: [
      online("jacky", "bob"),
      joins("jacky", "bob"),
      ownCopy("jacky"),
      leaves("bob"),
      comes("bob", "La2"),
      saysInGroup("jacky", "{text}"),
      expect("bob La2", json({ key: "SENT_TO_GROUP", msg: "{text}" })),
    ],
  }),
  rule("mychat/3/10", {
    title: "CONFIRM_MSG has the time as hh:mm:ss",
    quote: '`CONFIRM_MSG` with `"sent": true, "time": "12:10:55"`',
    why: "it is shown as it comes: [Message sent - hh:mm:ss]",
    cause: "str(datetime.now()), or a number of seconds",
    script: [
      online("jacky"),
      joins("jacky"),
      ownCopy("jacky"),
      sendsToGroup("jacky"),
      gets("jacky", { key: "CONFIRM_MSG", time: TIME }),
    ],
  }),
  rule("mychat/3/11", {
    title: "what two members say reaches both in one order",
    quote: "everyone who joined sees each message",
    why: "a conversation reads the same for all",
    cause: "each message is sent by a thread of its own",
    script: [
      online("jacky", "bob", "michael"),
      joins("jacky", "bob", "michael"),
      ownCopy("jacky"),
      ownCopy("bob"),
      saysInGroup("jacky", "one {text}"),
      getsFromGroup("bob", "one {text}"),
      saysInGroup("bob", "two {text2}"),
      getsFromGroup("jacky", "two {text2}"),
      gets("michael", { key: "SENT_TO_GROUP", msg: "one {text}", sentfrom: "{jacky}" }),
      gets("michael", { key: "SENT_TO_GROUP", msg: "two {text2}", sentfrom: "{bob}" }),
    ],
  }),
];
