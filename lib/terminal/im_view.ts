import { bold, cyan, dim, green, red } from "@std/fmt/colors";
import { timeOfDay } from "../core/log.ts";
import { sanitized } from "../core/text.ts";

/** How lines of the IM handout look to a person: the line as it came, behind the time, with names in their colours. */
export function imView(line: string, time: number, colour: boolean): string {
  const shown = sanitized(line);
  if (!colour) return `${timeOfDay(time)} ${shown}`;
  return `${dim(timeOfDay(time))} ${coloured(shown)}`;
}

// Six that can be told apart on dark and on light.
const NAME_COLOURS = [31, 32, 33, 34, 35, 36];

/** A name in the colour that it always has. */
export function colouredName(name: string): string {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return `\x1b[1;${NAME_COLOURS[sum % NAME_COLOURS.length]}m${name}\x1b[0m`;
}

function coloured(line: string): string {
  const message = /^(\/from|\/broadcastfrom) (\S+)(.*)$/.exec(line);
  if (message) return `${dim(message[1]!)} ${colouredName(message[2]!)}${message[3]}`;
  const [code, rest] = [line.slice(0, 3), line.slice(3)];
  if (!/^\d{3}( |$)/.test(line)) return line;
  if (code === "301") return `${cyan(code)} ${rest.trimStart().split(" ").map(colouredName).join(" ")}`;
  const failure = code === "102" || code === "202" || code === "304" || code.startsWith("4");
  return `${failure ? red(code) : green(code)}${failure ? bold(rest) : rest}`;
}

/** What the parts of a line are painted with. */
export interface Palette {
  /** A name in the colour that it always has. */
  readonly name: (text: string) => string;
  /** What must not get in the way. */
  readonly quiet: (text: string) => string;
  readonly good: (text: string) => string;
  /** What must not be missed. */
  readonly loud: (text: string) => string;
}

const same = (text: string) => text;

/** The colours of a terminal, or none. */
export function palette(colour: boolean): Palette {
  if (!colour) return { name: same, quiet: same, good: same, loud: same };
  return { name: colouredName, quiet: dim, good: green, loud: (text) => bold(red(text)) };
}
