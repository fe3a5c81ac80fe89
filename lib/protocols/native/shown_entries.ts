import type { ServerMessage } from "./messages.ts";

/** What a server tells of its log. */
export type LogMessage = Extract<ServerMessage, { type: "message" | "edit" | "withdrawal" | "failure" | "reaction" }>;

/** Entries of a store that are remembered: what another server tells anew is what was said lately or is unread. */
const MAX_ENTRIES = 4096;

/**
 * What was shown of earlier servers, whose numbers mean nothing at another one: an entry is known by its sender's client and the
 * number there or, if a handout's client has said it, by its time and text. So nothing is shown twice when a client moves.
 */
export class ShownEntries {
  /** Of the server that the client is connected to, the oldest first; and of those before. */
  #here = new Set<string>();
  #before = new Set<string>();

  /** An entry is to be shown; whether an earlier server has told it. */
  isRepeated(entry: LogMessage): boolean {
    const key = keyOf(entry);
    const isRepeated = this.#before.has(key);
    this.#here.add(key);
    if (this.#here.size > MAX_ENTRIES) this.#here.delete(this.#here.values().next().value!);
    return isRepeated;
  }

  /** The entries that follow have the numbers of another server. */
  moved(): void {
    this.#before = new Set([...this.#before, ...this.#here].slice(-MAX_ENTRIES));
    this.#here = new Set();
  }
}

function keyOf(entry: LogMessage): string {
  const { type, from, to, time } = entry;
  const { client, number } = "client" in entry ? entry : {};
  if (client !== undefined) return `${client} ${number} ${from}`;
  return JSON.stringify([type, from, to, time, "text" in entry ? entry.text : ""]);
}
