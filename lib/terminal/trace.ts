import { timeOfDay } from "../core/log.ts";
import { cleaned } from "../core/text.ts";

/** A wire line as `--trace` shows it: `HH:MM:SS NAME La> …` goes to the server, `La< …` comes from it. */
export function traceLine(time: number, who: string, link: string, direction: "up" | "down", line: string): string {
  return `${timeOfDay(time)} ${cleaned(who)} ${link}${direction === "up" ? ">" : "<"} ${cleaned(line)}\n`;
}
