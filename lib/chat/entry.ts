import type { RecordId } from "./record_id.ts";

/** Where a message goes: to one user, or to a room. */
export type Target = { readonly user: string } | { readonly room: string };

export type EntryType = "message" | "edit" | "withdrawal" | "failure" | "reaction";

/**
 * One entry of the log. Edits and withdrawals come from who said the message; a failure says that a private message never
 * arrived, and concerns its sender alone. A reaction is any member's, and no handout has words for it.
 */
export interface Entry {
  readonly type: EntryType;
  /** Grows by one with each entry that is kept, and is never given twice; below zero for one that is not kept. */
  readonly seq: number;
  readonly from: string;
  readonly to: Target;
  /** The new text of an edit, the reason of a failure, nothing for a withdrawal, the mark of a reaction. */
  readonly text: string;
  /** The wall clock, in ms since 1970; never less than that of the entry before, if both were said at this server. */
  readonly time: number;
  /** The message that an edit, a withdrawal, a failure or a reaction is about, or to which a message replies. */
  readonly of?: number | undefined;
  /** Which client of the sender said it, and its number there; none where the protocol has no such thing. */
  readonly client?: string | undefined;
  readonly number?: number | undefined;
  /** Its record, where servers share it; entries that are read from the store have none. */
  readonly record?: RecordId | undefined;
}

/** Whether an entry is a private one that waits for its receiver. */
export function waits<E extends Pick<Entry, "type" | "from" | "to">>(
  entry: E,
): entry is E & { readonly to: { readonly user: string } } {
  return !["failure", "reaction"].includes(entry.type) && "user" in entry.to && entry.to.user !== entry.from;
}

/** Whether an entry changes a message. */
export function isChange(type: EntryType): boolean {
  return type === "edit" || type === "withdrawal" || type === "reaction";
}

/** Whether two targets are the same. */
export function sameTarget(one: Target, other: Target): boolean {
  return "user" in one ? "user" in other && one.user === other.user : "room" in other && one.room === other.room;
}

/** An entry in the words of a handout; undefined where it has none. */
export function handoutText({ type, text }: Entry): string | undefined {
  if (type === "message") return text;
  if (type === "edit") return `(edited) ${text}`;
  return type === "withdrawal" ? "(withdrawn a message)" : undefined;
}
