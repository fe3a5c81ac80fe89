import { timeOfDay } from "../core/log.ts";
import { sanitized } from "../core/text.ts";

const encoder = new TextEncoder();

/** Writes a text to standard output, all of it, now. For what a program says before it serves anybody. */
export function print(text: string): void {
  writeNow(Deno.stdout, text);
}

/** Writes a text to standard error, all of it, now. For what a program says before it serves anybody, or as it ends. */
export function printError(text: string): void {
  writeNow(Deno.stderr, text);
}

/** Writes all of a text to a stream that is read; when nobody is left to read it, there is nobody to tell either. */
export function writeNow(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch { /* it is closed */ }
}

/** A wire line as `--trace` shows it: `HH:MM:SS NAME La> …` goes to the server, `La< …` comes from it. */
export function traceLine(time: number, who: string, link: string, direction: "up" | "down", line: string): string {
  return `${timeOfDay(time)} ${sanitized(who)} ${link}${direction === "up" ? ">" : "<"} ${sanitized(line)}\n`;
}
