import { aNumber, theNumber } from "../../json_shape.ts";
import { prepares, type Rule, rule } from "../../rule.ts";
import { closed, expect, ignore, silence } from "../../step.ts";
import { json } from "../../json_shape.ts";
import { comes, confirmation, gets, getsFrom, hasHeardNothing, online, says, saysTo, toUser } from "./prepare.ts";

const RECEIVED = "one-on-one also `[Message received - hh:mm:ss]` once the other side has it";
const IN_ORDER = "The server takes the numbers in order, and each once";

/** Section 6: one-on-one, confirmations, numbers. */
export const PRIVATE: readonly Rule[] = [
  rule("mailbox/6/1", {
    title: "a private message reaches its receiver, with its sender and time",
    quote: "**One-on-one** with any registered user, online or not.",
    why: "it is what the chat is for",
    cause: "the receiver is looked up by the address of the sender",
    points: 2,
    script: [
      online("jacky", "bob"),
      says("jacky", toUser(1, "bob", "{text}")),
      gets("bob", {
        ...{ type: "message", seq: aNumber(), from: "{jacky}", to: "{bob}" },
        ...{ text: "{text}", time: aNumber() },
      }),
    ],
  }),
  rule("mailbox/6/2", {
    title: "the sender is told once the server has it",
    quote: "An own entry with the client's `client` and a `number` says that everything up to the number is stored",
    why: "what is not confirmed is sent again, or shown as not sent",
    cause: "the own entry has no number, and `sent` is not sent either",
    points: 2,
    script: [online("jacky", "bob"), says("jacky", toUser(1, "bob", "{text}")), expect("jacky La", confirmation(1))],
  }),
  rule("mailbox/6/3", {
    title: "a private message reaches no one else",
    quote: "private messages to and from the user, what happens in the user's rooms",
    why: "it is for one",
    cause: "each message goes to everyone who is online",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      saysTo("jacky", 1, "bob", "{text}"),
      getsFrom("bob", "jacky", "{text}"),
      hasHeardNothing("michael"),
    ],
  }),
  rule("mailbox/6/4", {
    title: "when the receiver has acknowledged it, the sender is told that it was received",
    quote: RECEIVED,
    why: "the sender knows that the other one has it",
    cause: "ack is passed over, or answered to its sender",
    points: 2,
    after: ["mailbox/6/1", "mailbox/6/2"],
    script: [
      online("jacky", "bob"),
      saysTo("jacky", 1, "bob", "{text}"),
      prepares("mailbox/6/1", [gets("bob", { type: "message", text: "{text}", seq: aNumber("seq") })]),
      says("bob", { type: "ack", seq: "#{seq}" }),
      gets("jacky", { type: "received", by: "{bob}", upTo: theNumber("seq") }),
    ],
  }),
  rule("mailbox/6/5", {
    title: "before the receiver has acknowledged it, nothing says that it was received",
    quote: RECEIVED,
    why: "received before ack confirms what has not happened",
    cause: "it is sent as soon as the message was written to the socket",
    points: 2,
    after: ["mailbox/6/4"],
    script: [
      online("jacky", "bob"),
      saysTo("jacky", 1, "bob", "{text}"),
      getsFrom("bob", "jacky", "{text}"),
      ignore("jacky La", json({ type: "sent" })),
      silence("jacky La", 400),
    ],
  }),
  rule("mailbox/6/6", {
    title: "a number that comes again is answered again, and told once",
    quote: "a repeated number is answered as it was the first time, and changes nothing",
    why: "a client that lost its connection says it again",
    cause: "the number is not compared with those that were taken",
    points: 2,
    after: ["mailbox/6/1", "mailbox/6/2"],
    script: [
      online("jacky", "bob"),
      saysTo("jacky", 1, "bob", "{text}"),
      getsFrom("bob", "jacky", "{text}"),
      says("jacky", toUser(1, "bob", "{text}")),
      expect("jacky La", confirmation(1)),
      hasHeardNothing("bob"),
    ],
  }),
  rule("mailbox/6/7", {
    title: "a gap in the numbers ends the connection",
    quote: "A gap ends the connection.",
    why: "what is missing could never be said in its place",
    cause: "any greater number is taken",
    level: "should",
    after: ["mailbox/6/2"],
    script: [online("jacky", "bob"), says("jacky", toUser(3, "bob", "{text}")), closed("jacky La")],
  }),
  rule("mailbox/6/8", {
    title: "a message to a user who was never there is refused, with its number",
    quote: "what was said under this number is refused, and stays so",
    why: "a name with a typing mistake is noticed",
    cause: "a dictionary of the users throws, or the message waits forever",
    points: 2,
    script: [
      online("jacky"),
      says("jacky", { type: "say", number: 1, to: "no-{jacky}", text: "{text}" }),
      gets("jacky", { type: "failed", number: 1, why: /./ }),
    ],
  }),
  rule("mailbox/6/9", {
    title: "after a refused number the next one is taken",
    quote: IN_ORDER,
    why: "one mistake must not end the chat",
    cause: "a refused number does not count, so that the next one is a gap",
    after: ["mailbox/6/8", "mailbox/6/2"],
    script: [
      online("jacky", "bob"),
      says("jacky", { type: "say", number: 1, to: "no-{jacky}", text: "{text}" }),
      prepares("mailbox/6/8", [gets("jacky", { type: "failed", number: 1 })]),
      says("jacky", toUser(2, "bob", "{text2}")),
      expect("jacky La", confirmation(2)),
      getsFrom("bob", "jacky", "{text2}"),
    ],
  }),
  rule("mailbox/6/10", {
    title: "a text of 4,000 characters arrives whole",
    quote: "Larger than a datagram: cut and put together again by the transport.",
    why: "a text that is cut says something else",
    cause: "what does not fit into a datagram is cut off",
    points: 2,
    after: ["mailbox/6/1"],
    script: [
      online("jacky", "bob"),
      says("jacky", toUser(1, "bob", `${"long ".repeat(800)}{text}`)),
      gets("bob", { type: "message", text: `${"long ".repeat(800)}{text}` }),
    ],
  }),
  rule("mailbox/6/11", {
    title: "quotes, line ends and characters outside of ASCII arrive as they were said",
    quote: "One JSON object per datagram behind the transport's short header",
    why: "a text is the user's, whatever is in it",
    cause: "JSON is put together by hand",
    after: ["mailbox/6/1"],
    script: [
      online("jacky", "bob"),
      says("jacky", toUser(1, "bob", 'say "{text}"\nZo\u00eb \\ \u2713')),
      gets("bob", { type: "message", text: 'say "{text}"\nZo\u00eb \\ \u2713' }),
    ],
  }),
  rule("mailbox/6/12", {
    title: "what one client of a user says is told to the user's other client",
    quote: "A client's own entries are among them.",
    why: "both windows show the same conversation",
    cause: "a second login takes the place of the first, or only the receiver is told",
    level: "should",
    after: ["mailbox/3/6", "mailbox/6/2"],
    script: [
      online("jacky", "bob"),
      comes("jacky", "La2"),
      saysTo("jacky", 1, "bob", "{text}"),
      gets("jacky", { type: "message", to: "{bob}", text: "{text}" }, "La2"),
    ],
  }),
];
