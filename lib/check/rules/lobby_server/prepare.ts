import { prepares } from "../../rule.ts";
import { dial, expectText, type Script, send, type Step, type Template } from "../../step.ts";

/** The greeting, and whatever comes with it. */
const GREETING = /[^]*\S[^]*/;

const greeted = (id: string, who: string): Script => [
  prepares("lobby/1/1", [dial(`${who} tcp`)]),
  prepares(id, [expectText(`${who} tcp`, GREETING)]),
];

/** Come into the empty room: connect and are greeted; prepared by lobby/1/1, lobby/1/2, and lobby/1/5 for all but the first. */
export const comes = (...people: string[]): Script =>
  people.map((who, i) => greeted(i === 0 ? "lobby/1/2" : "lobby/1/5", who));

/** Come when others are there; prepared by lobby/1/5. */
export const joins = (...people: string[]): Script => people.map((who) => greeted("lobby/1/5", who));

/** Texts that are not part of one another. */
export const FIRST = "first: {text}";
export const SECOND = "second: {text2}";
export const THIRD = "third: {text3}";

export const says = (who: string, text: Template = FIRST): Step => send(`${who} tcp`, text);

/** A text of another guest arrives; prepared by lobby/2/1. */
export const hears = (who: string, text: Template = FIRST): Step[] =>
  prepares("lobby/2/1", [expectText(`${who} tcp`, text)]);

/** One speaks, and the others hear it. */
export const chat = (from: string, ...to: string[]): Script => [says(from), to.map((who) => hears(who))];

/** That many guests: guest1, guest2, … */
export const guests = (count: number): string[] => Array.from({ length: count }, (_, i) => `guest${i + 1}`);
