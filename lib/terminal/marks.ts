import { bold, dim, green, red } from "@std/fmt/colors";

/** The marks for the state of a message, in the chat and between peers. */
export const MARKS = {
  /** The server has it. */
  sent: "✓",
  /** The receiver has it. */
  delivered: "✓✓",
  failed: "✗",
} as const;

/** The colours of a line's parts. */
export interface Palette {
  /** A user's or room's name, always in the same colour. */
  readonly name: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly good: (text: string) => string;
  readonly loud: (text: string) => string;
}

const plain = (text: string) => text;

/** The colours of a terminal, or none. */
export function palette(colour: boolean): Palette {
  if (!colour) return { name: plain, quiet: plain, good: plain, loud: plain };
  return { name: colouredName, quiet: dim, good: green, loud: (text) => bold(red(text)) };
}

/** Six colours that are readable on dark and on light. */
const NAME_COLOURS = [31, 32, 33, 34, 35, 36];

/** A name in the colour that follows from it. */
export function colouredName(name: string): string {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return `\x1b[1;${NAME_COLOURS[sum % NAME_COLOURS.length]}m${name}\x1b[0m`;
}
