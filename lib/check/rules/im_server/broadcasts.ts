import { type Rule, rule } from "../../rule.ts";
import { close, expect, send, silence, together } from "../../step.ts";
import { acknowledges, BEFORE_RECEIPT_MS, getsBroadcast, online, RECEIPT_MS } from "./prepare.ts";

/** Section 5: `/toall`. */
export const BROADCASTS: readonly Rule[] = [
  rule("im/5/1", {
    title: "a broadcast reaches every other user online",
    quote: "server → each other: `/broadcastfrom SENDER TEXT`",
    why: "it is how a class is told something",
    cause: "the loop over the sessions ends at the first error, or passes on to the sender alone",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/toall {text}"),
      together(
        expect("bob Lb", "/broadcastfrom {jacky} {text}"),
        expect("michael Lb", "/broadcastfrom {jacky} {text}", { more: RECEIPT_MS }),
      ),
    ],
  }),
  rule("im/5/2", {
    title: "the others get it at the same time, not one after another's receipt",
    quote: "It delays nobody else.",
    why: "one slow client would hold up the class",
    cause: "the loop sends to one, waits for its 302, and goes on to the next",
    after: ["im/5/1"],
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/toall {text}"),
      together(
        expect("bob Lb", "/broadcastfrom {jacky} {text}", { most: BEFORE_RECEIPT_MS }),
        expect("michael Lb", "/broadcastfrom {jacky} {text}", { most: BEFORE_RECEIPT_MS }),
      ),
    ],
  }),
  rule("im/5/3", {
    title: "303 comes when all others have acknowledged",
    quote: "303 when every other online user has answered 302, else 304",
    why: "the sender learns that all have it",
    cause: "receipts are counted with the sender's own, which never comes",
    points: 2,
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/toall {text}"),
      together(...getsBroadcast("bob", "jacky"), ...getsBroadcast("michael", "jacky")),
      acknowledges("bob"),
      acknowledges("michael"),
      expect("jacky La", "303 Message delivery successful"),
    ],
  }),
  rule("im/5/4", {
    title: "303 waits for the last of them",
    quote: "303 when every other online user has answered 302",
    why: "303 for some would hide who has missed it",
    cause: "the first receipt answers the command",
    after: ["im/5/3"],
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/toall {text}"),
      together(...getsBroadcast("bob", "jacky"), ...getsBroadcast("michael", "jacky")),
      acknowledges("bob"),
      silence("jacky La", 400),
    ],
  }),
  rule("im/5/5", {
    title: "the sender does not get it",
    quote: "server → each other",
    why: "the sender has it on the screen already",
    cause: "the loop goes over all sessions, the sender's included",
    script: [
      online("jacky", "bob"),
      send("jacky La", "/toall {text}"),
      getsBroadcast("bob", "jacky"),
      silence("jacky Lb"),
    ],
  }),
  rule("im/5/6", {
    title: "with nobody else online a broadcast is answered 303",
    quote: "`/toall` with nobody else online is 303",
    why: "there is no receiver that has missed it",
    cause: "the loop over no receivers leaves the success unset",
    script: [online("jacky"), send("jacky La", "/toall {text}"), expect("jacky La", "303 Message delivery successful")],
  }),
  rule("im/5/7", {
    title: "a receiver that does not acknowledge makes it 304",
    quote: "303 when every other online user has answered 302, else 304",
    why: "the sender must know that not all have it",
    cause: "recv() on Lb without a timeout, or a missing receipt that is not counted",
    points: 2,
    after: ["im/5/4"],
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/toall {text}"),
      together(...getsBroadcast("bob", "jacky"), ...getsBroadcast("michael", "jacky")),
      acknowledges("bob"),
      expect("jacky La", "304 Message delivery failed", { more: RECEIPT_MS }),
    ],
  }),
  rule("im/5/8", {
    title: "/toall without a text is answered 401",
    quote: "`/toall` with no text",
    why: "an empty message is a mistake of the typist",
    cause: "the text is what follows the first word, and may be empty",
    after: ["im/8/8"],
    script: [
      online("jacky", "bob"),
      send("jacky La", "/toall"),
      expect("jacky La", "401 Unrecognized message"),
      send("jacky La", "/toall "),
      expect("jacky La", "401 Unrecognized message"),
      silence("bob Lb", 100),
    ],
  }),
  rule("im/5/9", {
    title: "a broadcast arrives as it was said",
    quote: "TEXT is one or more characters and may hold spaces; it is forwarded untouched",
    why: "people send code, tables and other languages",
    cause: 'split() and join(" ") make one space of many',
    script: [
      online("jacky", "bob"),
      send("jacky La", "/toall a  b   grüß 你好"),
      expect("bob Lb", "/broadcastfrom {jacky} a  b   grüß 你好", { exact: true }),
    ],
  }),
  rule("im/5/10", {
    title: "a receiver that leaves before it has acknowledged makes it 304",
    quote: "closes while a message is in flight. Each ends in the right code (304, 202, 401)",
    why: "the sender must not wait for a receiver that is gone",
    cause: "the counter of receipts waits for one that cannot come",
    after: ["im/5/4"],
    script: [
      online("jacky", "bob", "michael"),
      send("jacky La", "/toall {text}"),
      together(...getsBroadcast("bob", "jacky"), ...getsBroadcast("michael", "jacky")),
      acknowledges("bob"),
      close("michael Lb", "reset"),
      close("michael La", "reset"),
      expect("jacky La", "304 Message delivery failed", { more: RECEIPT_MS }),
    ],
  }),
];
