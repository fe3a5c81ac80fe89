import { bold, dim, green, red } from "@std/fmt/colors";
import { colouredName } from "./im_view.ts";

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
