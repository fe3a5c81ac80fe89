import { encodeText, oneLine, sanitized } from "../../core/text.ts";
import type { Message } from "../../chat/event.ts";

/** The greeting of a new guest. */
export const WELCOME = "Welcome to this chatroom!";

/** Encodes a line. Programs like `nc` print it unfiltered, so terminal control characters are removed. */
export function encodeLine(line: string): Uint8Array {
  return encodeText(sanitized(oneLine(line)) + "\n");
}

/** Encodes a message, once for all receivers. */
export function encodeMessage(message: Message): Uint8Array {
  return message.encoded("lobby", () => encodeLine(messageLine(message)));
}

/** A message as a line. */
export function messageLine({ from, text }: Pick<Message, "from" | "text">): string {
  return `<${from}> ${text}`;
}
