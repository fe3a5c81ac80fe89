import { encodeText, linesOf, oneLine, sanitized } from "../../core/text.ts";
import type { Message } from "../../chat/event.ts";

/** The greeting of a new guest. */
export const WELCOME = "Welcome to this chatroom!";

/** Encodes a line. Programs like `nc` print it unfiltered, so terminal control characters are removed. */
export function encodeLine(line: string): Uint8Array {
  return encodeText(sanitized(oneLine(line)) + "\n");
}

/** Encodes a message, once for all receivers: a line for each line of its text. */
export function encodeMessage(message: Message): readonly Uint8Array[] {
  return message.encoded("lobby", () => messageLines(message).map(encodeLine));
}

/** A message as lines. */
export function messageLines({ from, text }: Pick<Message, "from" | "text">): readonly string[] {
  return linesOf(text).map((line) => `<${from}> ${line}`);
}
