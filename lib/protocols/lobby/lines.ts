import { encodeText, oneLine, sanitized } from "../../core/text.ts";
import type { Message } from "../../chat/event.ts";

/** What whoever comes in is greeted with. */
export const WELCOME = "Welcome to this chatroom!";

/** A line as it goes over the wire: programs like `nc` show it as it is, so nothing in it may steer a terminal. */
export function encodeLine(line: string): Uint8Array {
  return encodeText(sanitized(oneLine(line)) + "\n");
}

/** A message as everybody in the room gets it; made once for all. */
export function encodeMessage(message: Message): Uint8Array {
  return message.encoded("lobby", () => encodeLine(messageLine(message)));
}

/** A message as a line. */
export function messageLine({ from, text }: Pick<Message, "from" | "text">): string {
  return `<${from}> ${text}`;
}
