import { type Rule, rule } from "../../rule.ts";
import { closed, wait } from "../../step.ts";
import { asks, registers, request, visit } from "./prepare.ts";

const DROPPED = "An entry not renewed for 90 s is dropped (a crashed client never says `K`).";
const RENEWED = "The entry is added or renewed.";

/** The handout's time, and what a server adds that looks at its table every ten seconds. */
const EXPIRED_SECONDS = 105;
/** A busy machine must not make an entry older than 90 s by then. */
const FRESH_SECONDS = 75;
/** Clients ask every 30 s; a server may count from the first request or from the last. */
const RENEWAL_SECONDS = 50;

/** Section 6: entries that are not renewed. */
export const EXPIRY: readonly Rule[] = [
  rule("address-book/6/1", {
    title: "an entry that is not renewed is dropped",
    quote: DROPPED,
    why: "a client that has crashed would stay in the table for ever",
    cause: "entries have no time, or the time is looked at only when their own client asks",
    points: 3,
    longSeconds: EXPIRED_SECONDS,
    after: ["address-book/2/2"],
    script: [registers("alice", 3601), wait(EXPIRED_SECONDS * 1000), asks("ben", 3602, { lacks: [3601] })],
  }),
  rule("address-book/6/2", {
    title: "an entry that is renewed stays",
    quote: RENEWED,
    why: "a client that asks every 30 s is there",
    cause: "the time of the first request is kept, and the later ones do not change it",
    points: 2,
    longSeconds: 2 * RENEWAL_SECONDS,
    after: ["address-book/2/2"],
    script: [
      registers("alice", 3611),
      wait(RENEWAL_SECONDS * 1000),
      visit("alice again", request("R", 3611, "alice")),
      closed("alice again"),
      wait(RENEWAL_SECONDS * 1000),
      asks("ben", 3612, { has: [3611] }),
    ],
  }),
  rule("address-book/6/3", {
    title: "an entry is kept until its 90 s are over",
    quote: DROPPED,
    why: "two lost requests in a row are no reason to lose a friend",
    cause: "the time is compared in other units, or against the 30 s between two requests",
    points: 2,
    longSeconds: FRESH_SECONDS,
    after: ["address-book/2/2"],
    script: [registers("alice", 3621), wait(FRESH_SECONDS * 1000), asks("ben", 3622, { has: [3621] })],
  }),
];
