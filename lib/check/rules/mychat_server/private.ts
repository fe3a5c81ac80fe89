import { type Rule, rule } from "../../rule.ts";
import { confirms, gets, hasHeardNothing, leaves, online, says, saysTo } from "./prepare.ts";

const SENT_FROM = "the receiver gets `SENT_FROM` with the same fields";
const CONFIRMED = "answers `CONFIRM_MSG_2` (`sendto` the sender), which is passed on";
const sends = (from: string, to: string, msg = "{text}") =>
  says(from, { key: "SENT_TO", msg, sendto: `{${to}}`, sentfrom: `{${from}}` });

/** A message and its confirmation by the server, whose time is kept. */
const confirmed = (from: string, to: string, msg = "{text}") => [
  sends(from, to, msg),
  gets(from, { key: "CONFIRM_MSG", msg, time: /^(?<time>\S+)$/ }),
];

/** Section 5: one-on-one. */
export const PRIVATE: readonly Rule[] = [
  rule("mychat/5/1", {
    title: "SENT_TO is answered with CONFIRM_MSG, sent true, and the fields of the message",
    quote: '`CONFIRM_MSG` with `"sent": true, "time": "12:10:55"`',
    why: "the client shows [Message sent - hh:mm:ss] by it",
    cause: "the key stays SENT_TO, or sent is missing",
    points: 2,
    script: [
      online("jacky", "bob"),
      sends("jacky", "bob"),
      gets("jacky", {
        ...{ key: "CONFIRM_MSG", sent: true, time: /^\d\d:\d\d:\d\d$/ },
        ...{ msg: "{text}", sendto: "{bob}", sentfrom: "{jacky}" },
      }),
    ],
  }),
  rule("mychat/5/2", {
    title: "the receiver gets SENT_FROM with the text and the names",
    quote: SENT_FROM,
    why: "no refresh is needed to see a message",
    cause: "the message waits until the receiver asks",
    points: 2,
    script: [
      online("jacky", "bob"),
      sends("jacky", "bob"),
      gets("bob", { key: "SENT_FROM", msg: "{text}", sendto: "{bob}", sentfrom: "{jacky}" }),
    ],
  }),
  rule("mychat/5/3", {
    title: "SENT_FROM has the time that was confirmed",
    quote: SENT_FROM,
    why: "both sides show the same time",
    cause: "the object for the receiver is made from the request and not from the reply",
    script: [
      online("jacky", "bob"),
      confirmed("jacky", "bob"),
      gets("bob", { key: "SENT_FROM", time: "{time}" }),
    ],
  }),
  rule("mychat/5/4", {
    title: "CONFIRM_MSG_2 of the receiver is passed on to the sender",
    quote: CONFIRMED,
    why: "[Message received - hh:mm:ss] is shown by it",
    cause: "sendto is taken for the receiver of the message, so that it goes back to who confirmed",
    points: 2,
    script: [
      // A server that runs may wait for confirmations of what other rules have sent.
      online("newcomer", "bob"),
      confirmed("newcomer", "bob"),
      gets("bob", { key: "SENT_FROM" }),
      confirms("bob", "newcomer", "{text}"),
      gets("newcomer", { key: "CONFIRM_MSG_2", msg: "{text}", sendto: "{newcomer}" }),
    ],
  }),
  rule("mychat/5/5", {
    title: "before the receiver has confirmed, the sender is not told that it has",
    quote: "one-on-one also `[Message received - hh:mm:ss]` once the other side has it",
    why: "a receipt that the server makes up says nothing",
    cause: "CONFIRM_MSG_2 is sent together with CONFIRM_MSG",
    points: 2,
    script: [
      online("jacky", "bob"),
      confirmed("jacky", "bob"),
      gets("bob", { key: "SENT_FROM" }),
      hasHeardNothing("jacky"),
    ],
  }),
  rule("mychat/5/6", {
    title: "nobody else gets a private message",
    quote: "**One-on-one** with any registered user",
    why: "private is private",
    cause: "the message goes to every address",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      confirmed("jacky", "bob"),
      gets("bob", { key: "SENT_FROM" }),
      hasHeardNothing("michael"),
    ],
  }),
  rule("mychat/5/7", {
    title: "a message to a user who is offline is confirmed as sent",
    quote: "**One-on-one** with any registered user, online or not.",
    why: "the server has it, and keeps it",
    cause: "the address of a user who is offline is looked up, which throws",
    points: 2,
    script: [
      online("jacky", "bob"),
      leaves("bob"),
      sends("jacky", "bob"),
      gets("jacky", { key: "CONFIRM_MSG", msg: "{text}" }),
    ],
  }),
  rule("mychat/5/8", {
    title: "messages go both ways",
    quote: "**One-on-one** with any registered user",
    why: "a conversation has two sides",
    cause: "the conversation is looked up by the pair in one order",
    script: [
      online("jacky", "bob"),
      confirmed("jacky", "bob"),
      gets("bob", { key: "SENT_FROM" }),
      saysTo("bob", "jacky", "back {text2}"),
      gets("jacky", { key: "SENT_FROM", msg: "back {text2}", sentfrom: "{bob}" }),
    ],
  }),
  rule("mychat/5/9", {
    title: "quotation marks, backslashes and characters outside of ASCII arrive as they were said",
    quote: "One `json.dumps` object per datagram",
    why: "people write what they like",
    cause: "the JSON is put together by hand, with + and quotation marks",
    script: [
      online("jacky", "bob"),
      sends("jacky", "bob", 'say "hi" \\ caf\u00e9 \u4f60\u597d {text}'),
      gets("bob", { key: "SENT_FROM", msg: 'say "hi" \\ caf\u00e9 \u4f60\u597d {text}' }),
    ],
  }),
  rule("mychat/5/10", {
    title: "a text that looks like a request is a text",
    quote: "Messages have a header (kind, sender, recipient, id) and a body",
    why: "what people say must not command the server",
    cause: "the datagram is searched for LOGOUT instead of reading its key",
    script: [
      online("jacky", "bob"),
      sends("jacky", "bob", '{"key": "LOGOUT", "username": "bob"} {text}'),
      gets("bob", { key: "SENT_FROM", msg: '{"key": "LOGOUT", "username": "bob"} {text}' }),
      sends("jacky", "bob", "LOGOUT"),
      gets("bob", { key: "SENT_FROM", msg: "LOGOUT" }),
    ],
  }),
  rule("mychat/5/11", {
    title: "a text of 2,000 characters arrives whole",
    quote: "One `json.dumps` object per datagram",
    why: "a datagram that is longer than the buffer of recvfrom() loses its end",
    cause: "recvfrom(1024)",
    points: 2,
    script: [
      online("jacky", "bob"),
      sends("jacky", "bob", `${"long ".repeat(400)}{text}`),
      gets("bob", { key: "SENT_FROM", msg: `${"long ".repeat(400)}{text}` }),
    ],
  }),
  rule("mychat/5/12", {
    title: "several messages arrive in the order in which they were confirmed",
    quote: "UDP loses, repeats and reorders datagrams; the chat must not.",
    why: "an answer must not stand before its question",
    cause: "each datagram is handled by a thread of its own",
    script: [
      online("jacky", "bob"),
      Array.from({ length: 5 }, (_, i) => saysTo("jacky", "bob", `${i} {text}`)),
      Array.from({ length: 5 }, (_, i) => gets("bob", { key: "SENT_FROM", msg: `${i} {text}` })),
    ],
  }),
  rule("mychat/5/13", {
    title: "what is answered to a message to an unknown user",
    quote: "**One-on-one** with any registered user",
    why: "the handout does not say what becomes of the message",
    cause: "some servers confirm it, some do not answer",
    level: "open",
    script: [
      online("jacky"),
      says("jacky", { key: "SENT_TO", msg: "{text}", sendto: "unknown", sentfrom: "{jacky}" }),
      { do: "observe", link: "jacky La", ms: 500 },
    ],
  }),
];
