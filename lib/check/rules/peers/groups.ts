import { prepares, type Rule, rule } from "../../rule.ts";
import { expectText, type Script, send, type Step, type Template } from "../../step.ts";
import { FIRST, SECOND, threeKnow, types } from "./prepare.ts";

const GROUP =
  "**Group chat**: a named group of online clients; every member sees what each member says, and who joined and left.";

const joins = (who: string): Step => send(`${who} keys`, "/join {room}");
const leaves = (who: string): Step => send(`${who} keys`, "/leave {room}");
/** A member has joined, and the next one has not: what was typed after it has arrived. Only so is it known who came first. */
const isFirst = (who: string, other: string): Script => [
  types(other, "ready {text3}", who),
  prepares("peers/6/2", [expectText(`${other} screen`, "ready {text3}")]),
];
const saysIn = (who: string, text: Template): Step => send(`${who} keys`, `/say {room} ${text}`);
const shows = (who: string, text: Template | RegExp, without?: Template): Step =>
  expectText(`${who} screen`, text, { ...(without && { without }) });

/** A line with the names of the group and of another member. */
const isTold = (who: string, of: string): Step =>
  expectText(`${who} screen`, new RegExp(`{room}[^\\n]*{${of}}|{${of}}[^\\n]*{room}`), {
    words: `a line with {room} and {${of}}`,
  });

/** A text of one member is shown by another; prepared by peers/7/2. */
const hears = (who: string, text = FIRST): Step[] => prepares("peers/7/2", [shows(who, text)]);

/** All of them are in the group, and the first knows it; prepared by peers/7/1. */
const joined = (first: string, ...others: string[]): Script => [
  threeKnow(),
  joins(first),
  others.map((who) => [isFirst(first, who), joins(who), prepares("peers/7/1", [isTold(first, who)])]),
];

/** The same, and each has heard the first, so that what it was told before has arrived as well. */
const inGroup = (first: string, ...others: string[]): Script => [
  joined(first, ...others),
  saysIn(first, "welcome to {room}"),
  others.map((who) => hears(who, "welcome to {room}")),
];

/** Section 7: groups, of three of the same program. */
export const GROUPS: readonly Rule[] = [
  rule("peers/7/1", {
    title: "the members of a group are told who joins it",
    quote: GROUP,
    why: "who writes must know who reads",
    cause: "joining is a matter of the own program alone, and no datagram tells the others",
    points: 2,
    after: ["peers/6/2"],
    script: [threeKnow(), joins("jacky"), isFirst("jacky", "bob"), joins("bob"), isTold("jacky", "bob")],
  }),
  rule("peers/7/2", {
    title: "what a member says is shown by another",
    quote: GROUP,
    why: "it is what a group is for",
    cause: "the text is sent to the table server, or to no address, since the members are known by name alone",
    points: 3,
    script: [joined("jacky", "bob"), saysIn("jacky", FIRST), shows("bob", FIRST)],
  }),
  rule("peers/7/3", {
    title: "it is shown with the names of the group and of the member",
    quote: GROUP,
    why: "one person is in several groups, and a group has several members",
    cause: "it is shown like a text to one",
    script: [
      inGroup("jacky", "bob"),
      saysIn("jacky", FIRST),
      expectText("bob screen", /(?=[^\n]*{room})(?=[^\n]*{jacky})[^\n]*first: {text}/, {
        words: "a line with {room}, {jacky} and first: {text}",
      }),
    ],
    after: ["peers/7/2"],
  }),
  rule("peers/7/4", {
    title: "a member who has come later is heard by those who were there",
    quote: GROUP,
    why: "a group has no owner",
    cause: "who joins is told to the members, and the members are not told to who joins",
    points: 2,
    after: ["peers/7/2"],
    script: [inGroup("jacky", "bob"), saysIn("bob", FIRST), shows("jacky", FIRST)],
  }),
  rule("peers/7/5", {
    title: "each of three members sees what one says",
    quote: GROUP,
    why: "a group is more than two",
    cause: "the loop over the members ends with the first",
    points: 2,
    script: [
      inGroup("jacky", "bob", "michael"),
      saysIn("jacky", FIRST),
      hears("bob"),
      shows("michael", FIRST),
    ],
  }),
  rule("peers/7/6", {
    title: "what is said in a group is not shown by who is not in it",
    quote: "a named group of online clients",
    why: "the members have not written to the others",
    cause: "the text is sent to all friends",
    points: 2,
    script: [
      inGroup("jacky", "bob"),
      saysIn("jacky", FIRST),
      hears("bob"),
      types("michael", SECOND),
      shows("michael", SECOND, FIRST),
    ],
  }),
  rule("peers/7/7", {
    title: "the members are told who leaves",
    quote: GROUP,
    why: "who writes must know who reads",
    cause: "leaving is a matter of the own program alone, and no datagram tells the others",
    after: ["peers/7/4"],
    script: [inGroup("jacky", "bob"), leaves("bob"), isTold("jacky", "bob")],
  }),
  rule("peers/7/8", {
    title: "who has left sees no more of it",
    quote: GROUP,
    why: "leaving is meant",
    cause: "the name is taken from the list that is shown, and not from the one that is sent to",
    after: ["peers/7/6"],
    script: [
      inGroup("jacky", "bob"),
      leaves("bob"),
      prepares("peers/7/7", [isTold("jacky", "bob")]),
      saysIn("jacky", FIRST),
      types("bob", SECOND),
      shows("bob", SECOND, FIRST),
    ],
  }),
];
