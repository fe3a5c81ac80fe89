import type { HistoryMessage, Store } from "../chat/store.ts";
import { timeOfDay } from "../core/log.ts";
import { oneLine, sanitized } from "../core/text.ts";

/** Messages that are read at once. */
const PAGE = 250;

export type ExportFormat = "text" | "json";

/** A conversation with messages: a room, or two users. */
interface Kept {
  readonly id: number;
  readonly room: string | undefined;
  readonly users: readonly [string, string] | undefined;
}

/**
 * What a store keeps, as lines for a file, in the order in which it was said: every room, then every pair of users. With `of`
 * only the room of that name, or where there is none, the conversations of that user; undefined when there is neither.
 */
export function exportLines(store: Store, format: ExportFormat, of?: string): Iterable<string> | undefined {
  const { rooms, pairs, users } = store.snapshot;
  const nameOf = new Map(users.map(({ id, name }) => [id, name]));
  const all: Kept[] = [
    ...rooms.map(({ id, name }) => ({ id, room: name, users: undefined })),
    ...pairs.map(({ id, users: [one, other] }) => ({
      id,
      room: undefined,
      users: [nameOf.get(one)!, nameOf.get(other)!] as const,
    })),
  ];
  if (of === undefined) return lines(store, all, format);
  const room = all.filter((each) => each.room === of);
  const chosen = room.length > 0 ? room : all.filter(({ users }) => users?.includes(of));
  const isKnown = chosen.length > 0 || users.some(({ name }) => name === of);
  return isKnown ? lines(store, chosen, format) : undefined;
}

function* lines(store: Store, conversations: readonly Kept[], format: ExportFormat): Iterable<string> {
  for (const kept of conversations) {
    let titled = format === "json";
    for (const message of messages(store, kept.id)) {
      if (!titled) {
        yield `# ${kept.room === undefined ? clean(kept.users!.join(" and ")) : `room ${clean(kept.room)}`}`;
        titled = true;
      }
      yield format === "json" ? jsonLine(kept, message) : textLine(message);
    }
  }
}

function* messages(store: Store, conversation: number): Iterable<HistoryMessage> {
  for (let after = 0, more = true; more;) {
    const page = store.query({ type: "history", conversation, after, limit: PAGE });
    yield* page.messages;
    after = page.messages.at(-1)?.seq ?? after;
    more = page.more;
  }
}

function textLine({ time, from, text, edited, withdrawn, failed }: HistoryMessage): string {
  // Further lines are indented below the first.
  const said = withdrawn ? "(withdrawn)" : text.split(/\r?\n/).map(clean).join("\n    ");
  const notes = [...(edited && !withdrawn ? ["edited"] : []), ...(failed ? [`not delivered: ${clean(failed)}`] : [])];
  return `${dayOf(time)} ${timeOfDay(time)} ${clean(from)}: ${said}${notes.map((note) => ` (${note})`).join("")}`;
}

function jsonLine({ room, users }: Kept, message: HistoryMessage): string {
  const { seq, time, from, text, edited, withdrawn, failed } = message;
  const to = users === undefined ? { room } : { to: users[0] === from ? users[1] : users[0] };
  const state = { ...(edited ? { edited } : {}), ...(withdrawn ? { withdrawn } : {}), ...(failed ? { failed } : {}) };
  return JSON.stringify({ seq, time: new Date(time).toISOString(), from, ...to, text, ...state });
}

function dayOf(time: number): string {
  const date = new Date(time);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}

function clean(text: string): string {
  return sanitized(oneLine(text));
}
