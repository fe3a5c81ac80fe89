import { type Rule, rule } from "../../rule.ts";
import { close, expect, send, sendRaw, silence } from "../../step.ts";
import { acknowledges, delivered, exchanged, getsPrivate, loggedIn, online, RECEIPT_MS } from "./prepare.ts";

/** A text that must arrive as it was said. */
const untouched = (id: string, text: string, what: string, cause: string): Rule =>
  rule(id, {
    title: `${what} arrives as it was said`,
    quote: "TEXT is one or more characters and may hold spaces; it is forwarded untouched",
    why: "people send code, tables and other languages",
    cause,
    after: ["im/4/1"],
    script: [
      online("jacky", "bob"),
      send("jacky La", `/to {bob} ${text}`),
      expect("bob Lb", `/from {jacky} ${text}`, { exact: true }),
    ],
  });

const unknownReceiver = (id: string, name: string, what: string, cause: string): Rule =>
  rule(id, {
    title: `a message to ${what} is answered 304`,
    quote: "`/to` an unknown or offline name is 304",
    why: "the sender must not wait for a receipt that cannot come",
    cause,
    script: [
      online("jacky"),
      send("jacky La", `/to ${name} {text}`),
      expect("jacky La", "304 Message delivery failed"),
    ],
  });

/** Section 4: `/to`. */
export const PRIVATE_MESSAGES: readonly Rule[] = [
  rule("im/4/1", {
    title: "the server passes a private message on to its receiver",
    quote: "server → NAME: `/from SENDER TEXT`",
    why: "this is the chat",
    cause: "the message is written to La, and not to the receiver's Lb",
    points: 3,
    script: [online("jacky", "bob"), send("jacky La", "/to {bob} {text}"), expect("bob Lb", "/from {jacky} {text}")],
  }),
  rule("im/4/2", {
    title: "a message that its receiver has acknowledged is answered 303",
    quote: "`303 Message delivery successful` or `304 Message delivery failed`",
    why: "the sender learns that it has arrived",
    cause: "the receiver's 302 is read from La, where it never comes",
    points: 3,
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      acknowledges("bob"),
      expect("jacky La", "303 Message delivery successful"),
    ],
  }),
  rule("im/4/3", {
    title: "303 waits for the receiver's 302",
    quote: "NAME → server: `302 Message receipt successful`",
    why: "303 before 302 confirms a delivery that has not happened",
    cause: "303 is sent as soon as the message was written to the socket",
    points: 2,
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      silence("jacky La", 400),
    ],
  }),
  unknownReceiver("im/4/4", "{nobody}", "an unknown name", "looking the name up throws, and the session ends"),
  unknownReceiver(
    "im/4/5",
    "{bob}",
    "a user who is not online",
    "the name is looked up in the users file, not among those online",
  ),
  rule("im/4/6", {
    title: "a message to oneself arrives",
    quote: "`/to` oneself is allowed",
    why: "people try a chat by writing to themselves",
    cause: "the thread that waits for the receipt is the one that holds the session's lock",
    script: [
      online("jacky"),
      send("jacky La", "/to {jacky} {text}"),
      expect("jacky Lb", "/from {jacky} {text}"),
      acknowledges("jacky"),
      delivered("jacky"),
    ],
  }),
  untouched("im/4/7", "a  b   c", "a text with several spaces", 'split() and join(" ") make one space of many'),
  untouched("im/4/8", "  {text}", "a text that begins with spaces", "strip() takes the spaces that were said"),
  untouched(
    "im/4/9",
    "grüß dich 你好 🎉",
    "a text in other letters",
    "bytes are decoded as ASCII or Latin-1, or cut within a letter",
  ),
  untouched(
    "im/4/10",
    "/exit",
    "a text that looks like a command",
    "the text is looked up as a command again",
  ),
  untouched("im/4/11", "x".repeat(1800), "a text of 1800 characters", "recv(1024) is taken for a whole line"),
  rule("im/4/12", {
    title: "a private message reaches its receiver alone",
    quote: "server → NAME: `/from SENDER TEXT`",
    why: "private means private",
    cause: "the message is sent to every session, and the clients are to sort it out",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      silence("michael Lb"),
    ],
  }),
  rule("im/4/13", {
    title: "the replies to the sender come over La, and nothing over Lb",
    quote: "Carries commands and their replies.",
    why: "on Lb the client takes everything for a message and acknowledges it",
    cause: "the reply goes to the session's socket, which became Lb",
    script: [online("jacky", "bob"), exchanged("jacky", "bob"), silence("jacky Lb")],
  }),
  rule("im/4/14", {
    title: "/to without a text, or without a name, is answered 401",
    quote: "`/to bob` with no text",
    why: "an empty message is a mistake of the typist",
    cause: "the words are taken by their place without counting them",
    after: ["im/8/8"],
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob}"),
      expect("jacky La", "401 Unrecognized message"),
      send("jacky La", "/to"),
      expect("jacky La", "401 Unrecognized message"),
      silence("bob Lb", 100),
    ],
  }),
  rule("im/4/15", {
    title: "a conversation goes both ways",
    quote: "server → NAME: `/from SENDER TEXT`; NAME → server: `302 Message receipt successful`",
    why: "an answer is the point of a message",
    cause: "after a message the session no longer reads commands",
    points: 2,
    after: ["im/4/13"],
    script: [
      online("jacky", "bob"),
      exchanged("jacky", "bob"),
      exchanged("bob", "jacky", "{text2}"),
      exchanged("jacky", "bob", "{text3}"),
    ],
  }),
  rule("im/4/16", {
    title: "a message that is never acknowledged is answered 304",
    quote:
      "A receiver that does not answer 302 within the receipt time limit (5 s, an option) counts as failed (304) for that message",
    why: "a stalled client must not stall those who write to it",
    cause: "recv() on Lb without a timeout",
    points: 2,
    after: ["im/4/3"],
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      expect("jacky La", "304 Message delivery failed", { more: RECEIPT_MS }),
    ],
  }),
  rule("im/4/17", {
    title: "a receiver that leaves before it has acknowledged is answered 304",
    quote: "closes while a message is in flight. Each ends in the right code (304, 202, 401) or a closed session",
    why: "the sender must not wait for a receiver that is gone",
    cause: "recv() returns nothing, and that is taken for a receipt",
    after: ["im/4/3"],
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      close("bob Lb", "reset"),
      close("bob La", "reset"),
      expect("jacky La", "304 Message delivery failed", { more: RECEIPT_MS }),
    ],
  }),
  rule("im/4/18", {
    title: "a receiver who is logged in and has no Lb yet",
    quote: "`/to` an unknown or offline name is 304",
    why: "between 101 and 201 a user is half there",
    cause: "the handout does not say whether such a user is online for messages",
    level: "open",
    script: [loggedIn("bob"), online("jacky"), send("jacky La", "/to {bob} {text}"), {
      do: "observe",
      link: "jacky La",
      ms: RECEIPT_MS + 1000,
    }],
  }),
  rule("im/4/19", {
    title: "a receipt that arrives in pieces is a receipt",
    quote: "Whatever a receiver answers is taken for what it is",
    why: "TCP may cut a line anywhere",
    cause: "one recv() is taken for a whole line",
    after: ["im/4/2"],
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      sendRaw("bob Lb", "302 Message rec"),
      { do: "wait", ms: 60 },
      sendRaw("bob Lb", "eipt successful\n"),
      expect("jacky La", "303 Message delivery successful"),
    ],
  }),
];
