import { aNumber, holding, inOrder, json, type JsonPattern } from "../../json_shape.ts";
import { type Rule, rule } from "../../rule.ts";
import { close, closed, expect, expectText, sendRaw } from "../../step.ts";
import { comes, comesAs, gets, getsLater, hasHeardNothing, leaves, online, says, welcomed } from "./prepare.ts";

const STATES =
  "the server remembers every user it has ever seen, across restarts, and shows each as `(online)` or `(offline)`";
const resume = (link = "La") => ({ type: "resume", client: `${link}1`, answered: 0 });
const state = (who: string, isOnline: boolean): JsonPattern => ({ name: `{${who}}`, online: isOnline });
const asks = (who: string, ref: number) => says(who, { type: "users", ref });

/** Section 4: the session, and who is there. */
export const SESSION: readonly Rule[] = [
  rule("mailbox/4/1", {
    title: "resume is answered with begun",
    quote: "`begun` `store`, `last`, `accepted`, `refused`, `rooms`, `textBytes`, `searches`: the answer",
    why: "the client learns what it has to send again, and where its groups are",
    cause: "a field is missing, or null where a list is expected",
    points: 2,
    script: [
      welcomed("jacky"),
      says("jacky", resume()),
      gets("jacky", {
        ...{ type: "begun", store: /./, last: aNumber(), accepted: 0, refused: [], rooms: holding() },
        ...{ textBytes: aNumber() },
      }),
    ],
  }),
  rule("mailbox/4/2", {
    title: "every user is in the lobby",
    quote: "There is one group from the start",
    why: "a new user has somebody to talk to",
    cause: "the list of groups is empty until somebody joins one",
    points: 2,
    after: ["mailbox/4/1"],
    script: [welcomed("jacky"), says("jacky", resume()), gets("jacky", { type: "begun", rooms: holding("lobby") })],
  }),
  rule("mailbox/4/3", {
    title: "live follows once everything was told",
    quote: "everything up to entry `upTo` that concerns the user was told; from now on each new entry comes at once",
    why: "the client shows what was missed first, and then what is new",
    cause: "it is sent when the first message comes",
    after: ["mailbox/4/1"],
    script: [welcomed("jacky"), says("jacky", resume()), getsLater("jacky", { type: "live", upTo: aNumber() })],
  }),
  rule("mailbox/4/4", {
    title: "users is answered with the users who are online, with the ref of the question",
    quote: STATES,
    why: "the menu is made from this list",
    cause: "the list has names alone, or the ref is not repeated",
    points: 2,
    script: [
      online("jacky", "bob"),
      asks("jacky", 7),
      gets("jacky", { type: "users", ref: 7, list: holding(state("jacky", true), state("bob", true)) }),
    ],
  }),
  rule("mailbox/4/5", {
    title: "a user who has left is listed as offline",
    quote: STATES,
    why: "one can write to users who are away",
    cause: "the user is removed from the list, or stays online",
    points: 2,
    after: ["mailbox/4/4", "mailbox/4/9"],
    script: [
      online("jacky", "bob"),
      leaves("bob"),
      asks("jacky", 8),
      gets("jacky", { type: "users", list: holding(state("bob", false)) }),
    ],
  }),
  rule("mailbox/4/6", {
    title: "who is there learns that another user has come",
    quote: "users who came and went since the last one, collected for a quarter of a second",
    why: "no refresh is needed",
    cause: "users are told when they ask alone",
    script: [
      welcomed("jacky"),
      says("jacky", resume()),
      comes("bob"),
      expectText("jacky La", json({ type: "presence", online: holding("{bob}") })),
    ],
  }),
  rule("mailbox/4/7", {
    title: "who is there learns that another user has left",
    quote: "users who came and went since the last one, collected for a quarter of a second",
    why: "no refresh is needed",
    cause: "the end of a link is told to nobody",
    after: ["mailbox/4/6", "mailbox/4/9"],
    script: [
      welcomed("jacky"),
      says("jacky", resume()),
      comes("bob"),
      expectText("jacky La", json({ type: "presence", online: holding("{bob}") })),
      leaves("bob"),
      expectText("jacky La", json({ type: "presence", offline: holding("{bob}") })),
    ],
  }),
  rule("mailbox/4/8", {
    title: "ping is answered with pong and its ref",
    quote: "`ping` `ref`: asks for a sign of life",
    why: "a client that waits for an answer knows that there will be one",
    cause: "the ref is left out, or a text",
    script: [online("jacky"), says("jacky", { type: "ping", ref: 41 }), gets("jacky", { type: "pong", ref: 41 })],
  }),
  rule("mailbox/4/9", {
    title: "after bye the link is closed",
    quote: "`bye`: the connection ends",
    why: "the client waits for it before it ends",
    cause: "the user is removed, but the link is kept",
    script: [online("jacky"), says("jacky", { type: "bye" }), closed("jacky La")],
  }),
  rule("mailbox/4/10", {
    title: "a user whose link is closed without a bye is offline too",
    quote: STATES,
    why: "windows are closed without a word",
    cause: "only bye is looked at",
    after: ["mailbox/4/7"],
    script: [
      welcomed("jacky"),
      says("jacky", resume()),
      comes("bob"),
      expectText("jacky La", json({ type: "presence", online: holding("{bob}") })),
      close("bob La"),
      expectText("jacky La", json({ type: "presence", offline: holding("{bob}") })),
    ],
  }),
  rule("mailbox/4/11", {
    title: "a user who comes back is online again, and listed once",
    quote: "shows each as `(online)` or `(offline)`",
    why: "a list with a name twice shows two states",
    cause: "a second entry is made for the name",
    after: ["mailbox/4/5", "mailbox/3/6"],
    script: [
      online("jacky", "bob"),
      leaves("bob"),
      comes("bob", "La2"),
      asks("jacky", 9),
      gets("jacky", { type: "users", list: holding({ name: "{bob}" }) }),
      asks("jacky", 10),
      gets("jacky", { type: "users", list: holding(state("bob", true)) }),
    ],
  }),
  rule("mailbox/4/12", {
    title: "the list of users is sorted by name",
    quote: "users who can be addressed, sorted by name",
    why: "a long list is asked for in parts, each after the last name of the one before",
    cause: "users are listed in the order in which they came",
    after: ["mailbox/4/4", "mailbox/3/13"],
    script: [
      comesAs("guest1", "zz-{jacky}"),
      comesAs("guest2", "aa-{jacky}"),
      says("guest1", { type: "users", ref: 11 }),
      expect("guest1 La", json({ type: "users", list: inOrder({ name: "aa-{jacky}" }, { name: "zz-{jacky}" }) })),
    ],
  }),
  rule("mailbox/4/13", {
    title: "a message that is no JSON is answered with error, and changes nothing",
    quote: "an object could not be read; nothing has changed",
    why: "a mistake in a client must not end its chat",
    cause: "json.loads() throws in the loop of the server",
    after: ["mailbox/4/8"],
    script: [
      online("jacky"),
      sendRaw("jacky La", "hello, {text}"),
      gets("jacky", { type: "error" }),
      hasHeardNothing("jacky"),
    ],
  }),
];
