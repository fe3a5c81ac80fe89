import type { Target } from "../chat/entry.ts";
import type { ConversationView } from "../chat/event.ts";
import type { ServerMessage } from "../protocols/native/messages.ts";
import type { NativeRequest } from "../protocols/native/requests.ts";
import type { PeerEvent } from "./event.ts";

/** An entry of the log that the page was told, or would have been if it had been open. */
export type PageEntry = Extract<ServerMessage, { type: "message" | "failure" }>;

/** Entries that are remembered; the oldest is forgotten first. */
const ENTRIES = 2000;
/** Messages whose outcome may still come. */
const PENDING = 10_000;

/** The log that a page is told: entries with numbers, and up to where messages were received and read. */
export class PageLog {
  /** Up to where each person has received what the user said. */
  readonly received: Map<string, number> = new Map();
  readonly #entries: PageEntry[] = [];
  /** The entries of messages, by the peer's ids. */
  readonly #messages = new Map<string, { readonly seq: number; readonly to: Target }>();
  /** Up to where the user has read each conversation. */
  readonly #read = new Map<string, number>();
  #last = 0;

  /** `name`: the user's. */
  constructor(readonly name: string) {}

  /** The number of the newest entry. */
  get last(): number {
    return this.#last;
  }

  /** The entries after a number. */
  after(seq: number): PageEntry[] {
    return this.#entries.filter((entry) => entry.seq > seq);
  }

  /** Adds a message of another person. */
  add(from: string, to: Target, text: string, time: number): PageEntry {
    return this.#keep({ type: "message", seq: ++this.#last, from, to, text, time });
  }

  /** Adds a message of the user; `peerId` names it in what the peer tells of it. */
  addOwn(
    peerId: string,
    to: Target,
    text: string,
    time: number,
    produced: { client?: string; number?: number },
  ): PageEntry {
    const seq = ++this.#last;
    this.#messages.set(peerId, { seq, to });
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= PENDING) break;
      this.#messages.delete(oldest);
    }
    return this.#keep({ type: "message", seq, from: this.name, to, text, time, ...produced });
  }

  /** A message of the user was received, or has failed: what the page is told of that. */
  settled(event: Extract<PeerEvent, { type: "delivered" | "failed" }>, time: number): ServerMessage | undefined {
    const message = event.id === undefined ? undefined : this.#messages.get(event.id);
    if (!message) return undefined;
    const { seq: of, to } = message;
    if (event.type === "delivered") {
      if ("room" in to) return undefined;
      const upTo = Math.max(of, this.received.get(event.to) ?? 0);
      this.received.set(event.to, upTo);
      return { type: "received", by: event.to, upTo };
    }
    // It may have failed for one member of a group alone.
    const who = "room" in to && event.to && "user" in event.to ? `${event.to.user}: ` : "";
    return this.#keep({ type: "failure", seq: ++this.#last, from: this.name, to, of, text: who + event.why, time });
  }

  /** The user has read a conversation up to a number. */
  read(of: Target, upTo: number): void {
    this.#read.set(keyOf(of), Math.max(upTo, this.#read.get(keyOf(of)) ?? 0));
  }

  /** The conversations of the user, as `conversations` tells them. */
  conversations(): ConversationView[] {
    const views = new Map<string, ConversationView>();
    for (const { type, seq, from, to, time } of this.#entries) {
      if (type !== "message") continue;
      const of = "room" in to || from === this.name ? to : { user: from };
      const key = keyOf(of);
      const read = this.#read.get(key) ?? 0;
      const isUnread = from !== this.name && seq > read;
      const unread = (views.get(key)?.unread ?? 0) + (isUnread ? 1 : 0);
      const received = "user" in of ? this.received.get(of.user) ?? 0 : 0;
      views.set(key, { of, last: seq, time, read, unread, received });
    }
    return [...views.values()];
  }

  /** The messages of a conversation that a page asks for, and whether there are more. */
  history(
    { of, before = Infinity, after = 0, limit }: Extract<NativeRequest, { type: "history" }>,
  ): Pick<Extract<ServerMessage, { type: "history" }>, "messages" | "more"> {
    const failed = new Map(this.#entries.flatMap((entry) => entry.type === "failure" ? [[entry.of, entry.text]] : []));
    const all = this.#entries.flatMap((entry) =>
      entry.type === "message" && entry.seq < before && entry.seq > after && this.#isOf(entry, of)
        ? [{
          ...entry,
          edited: false,
          withdrawn: false,
          ...(failed.has(entry.seq) ? { failed: failed.get(entry.seq)! } : {}),
        }]
        : []
    );
    const messages = after > 0 ? all.slice(0, limit) : all.slice(Math.max(0, all.length - limit));
    return { messages, more: messages.length < all.length };
  }

  #isOf({ from, to }: PageEntry, of: Target): boolean {
    if ("room" in of) return "room" in to && to.room === of.room;
    return "user" in to && (from === this.name ? to.user : from) === of.user;
  }

  #keep(entry: PageEntry): PageEntry {
    this.#entries.push(entry);
    if (this.#entries.length > ENTRIES) this.#entries.splice(0, this.#entries.length - ENTRIES);
    return entry;
  }
}

function keyOf(of: Target): string {
  return "user" in of ? `user ${of.user}` : `room ${of.room}`;
}
