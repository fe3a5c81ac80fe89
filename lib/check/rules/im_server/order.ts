import { type Rule, rule } from "../../rule.ts";
import { expect, send, sendRaw, silence, together } from "../../step.ts";
import { acknowledges, delivered, exchanged, getsPrivate, online, unrecognized } from "./prepare.ts";

const ONE_AT_A_TIME =
  "On one Lb the server has **one message in flight at a time**: it sends the next only after the 302 for the last.";

/** Section 9: order, and several at once. */
export const ORDER: readonly Rule[] = [
  rule("im/9/1", {
    title: "messages of one sender arrive in the order in which they were said",
    quote: "Messages to one receiver arrive in the order the server took them.",
    why: "answers before questions make no sense",
    cause: "a thread is started for each message",
    after: ["im/9/7", "im/4/15"],
    script: [
      online("jacky", "bob"),
      sendRaw("jacky La", ["one", "two", "three", "four"].map((word) => `/to {bob} ${word}\n`).join("")),
      ["one", "two", "three", "four"].map((word) => [expect("bob Lb", `/from {jacky} ${word}`), acknowledges("bob")]),
    ],
  }),
  rule("im/9/2", {
    title: "on one Lb the next message waits for the 302 of the last",
    quote: ONE_AT_A_TIME,
    why: "clients that take one recv() for one message get two in one",
    cause: "each sender's thread writes to the receiver's Lb by itself",
    points: 2,
    after: ["im/4/3"],
    script: [
      online("jacky", "michael", "bob"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      send("michael La", "/to {bob} {text2}"),
      silence("bob Lb", 400),
      acknowledges("bob"),
      expect("bob Lb", "/from {michael} {text2}"),
    ],
  }),
  rule("im/9/3", {
    title: "each of two senders is told of the message of their own",
    quote: "sends the next only after the 302 for the last",
    why: "a receipt belongs to one message",
    cause: "a receipt wakes every thread that waits",
    after: ["im/9/2"],
    script: [
      online("jacky", "michael", "bob"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      send("michael La", "/to {bob} {text2}"),
      acknowledges("bob"),
      delivered("jacky"),
      getsPrivate("bob", "michael", "{text2}"),
      silence("michael La", 200),
      acknowledges("bob"),
      delivered("michael"),
    ],
  }),
  rule("im/9/4", {
    title: "a receiver that does not answer delays nobody else's messages",
    quote: "It delays nobody else.",
    why: "one stalled laptop would stop the chat",
    cause: "a lock is held while a receipt is waited for",
    points: 2,
    script: [
      online("jacky", "bob", "michael", "carol"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      exchanged("michael", "carol", "{text2}"),
    ],
  }),
  rule("im/9/5", {
    title: "three conversations at once do not mix",
    quote: "server → NAME: `/from SENDER TEXT`",
    why: "a class is many conversations",
    cause: "the sender's name or the text is kept in a variable of all threads",
    script: [
      online("jacky", "bob", "michael", "carol"),
      send("jacky La", "/to {bob} {text}"),
      send("bob La", "/to {michael} {text2}"),
      send("michael La", "/to {carol} {text3}"),
      together(
        ...getsPrivate("bob", "jacky"),
        ...getsPrivate("michael", "bob", "{text2}"),
        ...getsPrivate("carol", "michael", "{text3}"),
      ),
      acknowledges("carol"),
      acknowledges("michael"),
      acknowledges("bob"),
      together(...delivered("jacky"), ...delivered("bob"), ...delivered("michael")),
    ],
  }),
  rule("im/9/6", {
    title: "a 302 that nobody waits for is dropped",
    quote: "A 302 that comes when nothing is in flight is dropped.",
    why: "it must not confirm the next message",
    cause: "receipts are counted in a queue, and the next message takes the one that is there",
    after: ["im/4/3"],
    script: [
      online("jacky", "bob"),
      acknowledges("bob"),
      exchanged("bob", "jacky", "{text2}"),
      send("jacky La", "/to {bob} {text}"),
      getsPrivate("bob", "jacky"),
      silence("jacky La", 400),
    ],
  }),
  rule("im/9/7", {
    title: "two commands in one write are two commands",
    quote: "Ours, the other way, take lines however they are cut or joined.",
    why: "TCP joins what is sent in quick succession",
    cause: "one recv() is taken for one command",
    points: 2,
    after: ["im/8/8"],
    script: [
      online("jacky"),
      sendRaw("jacky La", "/one\n/two\n"),
      unrecognized("jacky"),
      expect("jacky La", "401 Unrecognized message"),
    ],
  }),
  rule("im/9/8", {
    title: "a command that arrives in pieces is one command",
    quote: "take lines however they are cut or joined",
    why: "TCP may cut a line anywhere",
    cause: "one recv() is taken for one command",
    points: 2,
    script: [
      online("jacky", "bob"),
      sendRaw("jacky La", "/t"),
      { do: "wait", ms: 60 },
      sendRaw("jacky La", "o {bob} {text}"),
      { do: "wait", ms: 60 },
      sendRaw("jacky La", "\n"),
      expect("bob Lb", "/from {jacky} {text}"),
    ],
  }),
];
