import { type Rule, rule } from "../../rule.ts";
import { close, expectText, sendRaw, type Step, together, wait } from "../../step.ts";
import { comes, FIRST, guests, hears, joins, says } from "./prepare.ts";

const CROWD = "More than 100 at once must be fine.";
const SPEAKERS = ["ann", "ben", "cleo", "dora", "eva"];

/** Section 6: many at once. */
export const CROWDS: readonly Rule[] = [
  rule("lobby/6/1", {
    title: "a hundred and twenty guests come in",
    quote: CROWD,
    why: "a lecture hall has more",
    cause: "listen() with a limit, an array of a fixed size, or a thread that is too expensive",
    points: 2,
    script: [comes(...guests(120))],
  }),
  rule("lobby/6/2", {
    title: "what one of a hundred and twenty says reaches all the others",
    quote: CROWD,
    why: "each of them is in the room",
    cause: "the loop over the connections stops at one that is slow, or at a fixed number",
    points: 2,
    after: ["lobby/6/1", "lobby/2/5", "lobby/2/9"],
    script: [
      comes(...guests(120)),
      says("guest60"),
      together(...guests(120).filter((who) => who !== "guest60").map((who) => expectText(`${who} tcp`, FIRST))),
    ],
  }),
  rule("lobby/6/3", {
    title: "the room is as it was when a hundred and twenty have left",
    quote: "A connection that breaks leaves the room",
    why: "the next lesson has a hundred and twenty more",
    cause: "what a guest costs is not given back",
    after: ["lobby/5/7", "lobby/5/9", "lobby/6/1", "lobby/5/2"],
    script: [
      comes("ann"),
      joins(...guests(120)),
      guests(120).map((who, i) => close(`${who} tcp`, i % 2 === 0 ? "finish" : "reset")),
      joins("ben"),
      says("ann"),
      hears("ben"),
    ],
  }),
  rule("lobby/6/4", {
    title: "lines of several guests at the same time do not run into one another",
    quote: "sent to everyone else as `<ADDRESS> text`",
    why: "people speak at the same time",
    cause: "what was read is kept in one variable for all connections",
    points: 2,
    after: ["lobby/3/1", "lobby/2/5", "lobby/2/7", "lobby/2/3"],
    script: [
      comes(...SPEAKERS),
      SPEAKERS.map((who) => sendRaw(`${who} tcp`, `from ${who}: `)),
      wait(100),
      SPEAKERS.map((who) => sendRaw(`${who} tcp`, "{text}\n")),
      together(...SPEAKERS.map((who) => hearsAll(who, SPEAKERS.filter((each) => each !== who)))),
    ],
  }),
  rule("lobby/6/5", {
    title: "a hundred lines of one guest arrive, all and in order",
    quote: "sent to everyone else as `<ADDRESS> text`",
    why: "a program that is piped into the client sends them so",
    cause:
      "what does not fit into the receiver's buffer is dropped, or send() has sent a part and the rest is forgotten",
    after: ["lobby/2/14", "lobby/3/5"],
    script: [
      comes("ann", "ben"),
      Array.from({ length: 100 }, (_, i) => says("ann", `no. ${i + 1}; {text}`)),
      Array.from({ length: 100 }, (_, i) => expectText("ben tcp", `no. ${i + 1}; {text}`)),
    ],
  }),
];

/** The lines of all of them have come, in any order. */
function hearsAll(who: string, speakers: readonly string[]): Step {
  const lines = new RegExp(`^${speakers.map((each) => `(?=[^]*from ${each}: {text}\\s)`).join("")}[^]*`);
  return expectText(`${who} tcp`, lines, {
    words: `the lines of ${speakers.join(", ")}, each whole: from NAME: {text}`,
  });
}
