import type { NewMessage, NewNotice, StoredMessage, StoredNotice } from "../chat/store.ts";

/** The message as it is kept under this number. */
export function keptMessage(seq: number, { from, to, text, time, id }: NewMessage): StoredMessage {
  return {
    type: "message",
    seq,
    from,
    to: "user" in to ? { user: to.user } : { room: to.room },
    text: wellFormed(text),
    time,
    id: id === undefined ? undefined : wellFormed(id),
  };
}

/** The notice as it is kept under this number. */
export function keptNotice(seq: number, { type, owner, to, id, of, time, why }: NewNotice): StoredNotice {
  const kept = { type, seq, owner, to: wellFormed(to), id: wellFormed(id), of, time };
  return { ...kept, why: why === undefined ? undefined : wellFormed(why) };
}

/** The text as a disk gives it back: half a surrogate pair, which UTF-8 cannot say, becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.toWellFormed();
}

/** The oldest of all these lists, at most `limit`, in the order of `seq`. */
export function oldest<T extends { readonly seq: number }>(lists: readonly (readonly T[])[], limit: number): T[] {
  return lists.flat().sort((one, other) => one.seq - other.seq).slice(0, Math.max(0, limit));
}
