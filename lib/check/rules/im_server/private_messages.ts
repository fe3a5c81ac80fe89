import { type Rule, rule } from "../../rule.ts";
import { expect, send, silence } from "../../step.ts";
import { online, receives } from "./prepare.ts";

/** Section 4: `/to`. */
export const PRIVATE_MESSAGES: readonly Rule[] = [
  rule("im/4/1", {
    title: "the server passes a private message on to its receiver",
    quote: "server → NAME: /from SENDER TEXT",
    why: "this is the chat",
    cause: "the message is written to La of its sender, or to La of its receiver, and not to the receiver's Lb",
    points: 2,
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      expect("bob Lb", "/from {jacky} {text}"),
    ],
  }),
  rule("im/4/2", {
    title: "a message that its receiver has acknowledged is answered 303",
    quote: "303 Message delivery successful",
    why: "the sender learns that it has arrived",
    cause: "the receiver's 302 is read from La, where it never comes",
    points: 2,
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      receives("bob", "/from {jacky} {text}"),
      expect("jacky La", "303 Message delivery successful"),
    ],
  }),
  rule("im/4/3", {
    title: "303 waits for the receiver's 302",
    quote: "NAME → server: 302 Message receipt successful",
    why: "303 before 302 says what nobody knows yet",
    cause: "303 is sent as soon as the message was written to the socket",
    points: 2,
    script: [
      online("jacky", "bob"),
      send("jacky La", "/to {bob} {text}"),
      expect("bob Lb", "/from {jacky} {text}"),
      silence("jacky La", 400),
      send("bob Lb", "302 Message receipt successful"),
      expect("jacky La", "303 Message delivery successful"),
    ],
  }),
];
