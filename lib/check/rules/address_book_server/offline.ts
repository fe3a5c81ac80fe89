import { type Rule, rule } from "../../rule.ts";
import { closed, expectWhole } from "../../step.ts";
import { asks, leaves, registers, request, stillServes, visit } from "./prepare.ts";

const LEAVES = '`K` — "I am leaving." The entry is removed; the answer is empty.';
const KEY = "the key of the table is (address of the connection, UDPPORT)";

/** Section 3: `K`, "I am leaving." */
export const OFFLINE: readonly Rule[] = [
  rule("address-book/3/1", {
    title: "who has left is listed no longer",
    quote: LEAVES,
    why: "the others would write into the void",
    cause: "K is read and not acted on",
    points: 3,
    after: ["address-book/2/2"],
    script: [registers("alice", 3501), leaves("alice", 3501), asks("ben", 3502, { lacks: [3501] })],
  }),
  rule("address-book/3/2", {
    title: "K is closed without an answer",
    quote: "the answer is empty",
    why: "a client that leaves does not look for one",
    cause: "K goes through the code of R, which sends the table",
    script: [
      registers("ben", 3512),
      registers("alice", 3511),
      visit("alice K", request("K", 3511, "alice")),
      expectWhole("alice K", "", { words: "the close, with nothing before it" }),
    ],
  }),
  rule("address-book/3/3", {
    title: "the others stay when one leaves",
    quote: "The entry is removed",
    why: "one leaves, and not all who are at its address",
    cause: "every entry of the address is removed, or the table is emptied",
    points: 2,
    after: ["address-book/3/1"],
    script: [
      registers("alice", 3521),
      registers("carl", 3523),
      leaves("alice", 3521),
      asks("ben", 3522, { has: [3523], lacks: [3521] }),
    ],
  }),
  rule("address-book/3/4", {
    title: "K finds its entry by the address that the server sees",
    quote: "The server trusts the address it sees for the IP",
    why: "a program may not know its own address",
    cause: "the entry is looked for under the address of the request",
    after: ["address-book/3/1", "address-book/2/3"],
    script: [registers("alice", 3531), leaves("alice", 3531, "10.9.9.9"), asks("ben", 3532, { lacks: [3531] })],
  }),
  rule("address-book/3/5", {
    title: "K finds its entry by the port, not by the name",
    quote: KEY,
    why: "a name may stand in the table twice",
    cause: "the table is searched for the name",
    after: ["address-book/3/3", "address-book/2/9"],
    script: [
      registers("alice", 3541),
      visit("alice again", request("R", 3543, "alice")),
      closed("alice again"),
      leaves("alice", 3543),
      asks("ben", 3542, { has: [3541], lacks: [3543] }),
    ],
  }),
  rule("address-book/3/6", {
    title: "K with another name removes the entry of its port",
    quote: KEY,
    why: "the user may have changed the name",
    cause: "the name is compared as well",
    level: "should",
    after: ["address-book/3/1", "address-book/2/10"],
    script: [registers("alice", 3551), leaves("carl", 3551), asks("ben", 3552, { lacks: [3551] })],
  }),
  rule("address-book/3/7", {
    title: "K of a client that is not in the table does no harm",
    quote: LEAVES,
    why: "a client leaves twice, or after the server was started anew",
    cause: "del throws KeyError, and the exception ends the server",
    points: 2,
    after: ["address-book/3/3"],
    script: [registers("alice", 3561), leaves("carl", 3569), asks("ben", 3562, { has: [3561] }), stillServes()],
  }),
  rule("address-book/3/8", {
    title: "who has left can come again",
    quote: "The entry is added or renewed.",
    why: "a client is closed and started again",
    cause: "those who have left are kept in a list of their own",
    after: ["address-book/3/1"],
    script: [
      registers("alice", 3571),
      leaves("alice", 3571),
      visit("alice again", request("R", 3571, "alice")),
      closed("alice again"),
      asks("ben", 3572, { has: [3571] }),
    ],
  }),
];
