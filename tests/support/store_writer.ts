import type { EntryType } from "../../lib/chat/entry.ts";
import type { Write } from "../../lib/chat/store.ts";
import type { ChatStore } from "../../lib/store/chat_store.ts";

/** Writes into a store as the chat does. What is gathered is one batch at `commit`. */
export class StoreWriter {
  last: number;
  time: number;
  readonly #users = new Map<string, number>();
  readonly #conversations = new Map<string, number>();
  #lastConversation: number;
  #writes: Write[] = [];

  constructor(readonly store: ChatStore, time = 1_700_000_000_000) {
    const { last, time: newest, users, rooms, pairs } = store.snapshot;
    this.last = last;
    this.time = newest || time;
    for (const { id, name } of users) this.#users.set(name, id);
    for (const { id, name } of rooms) this.#conversations.set(`#${name}`, id);
    for (const { id, users: [one, other] } of pairs) this.#conversations.set(pairKey(one, other), id);
    this.#lastConversation = Math.max(...this.#conversations.values());
  }

  write(...writes: readonly Write[]): void {
    this.#writes.push(...writes);
  }

  user(name: string): number {
    const known = this.#users.get(name);
    if (known !== undefined) return known;
    const id = this.#users.size + 1;
    this.#users.set(name, id);
    this.write({ type: "user", id, name }, { type: "register", user: id, key: undefined, time: this.time });
    return id;
  }

  room(name: string): number {
    return this.#conversation(`#${name}`, (id) => ({ type: "room", id, name, unlisted: false }));
  }

  pair(one: string, other: string): number {
    const users = [this.user(one), this.user(other)] as const;
    return this.#conversation(pairKey(...users), (id) => ({ type: "pair", id, users }));
  }

  join(name: string, room: string): void {
    this.write({ type: "join", room: this.room(room), user: this.user(name), since: this.last });
  }

  /** The number of an entry in a conversation. */
  say(from: string, conversation: number, text: string, of?: number, kind: EntryType = "message"): number {
    const seq = ++this.last;
    const sender = this.user(from);
    const { time } = this;
    const none = { client: undefined, number: undefined };
    this.write({ type: "entry", kind, seq, conversation, from: sender, text, time, of, ...none });
    return seq;
  }

  commit(): void {
    const writes = this.#writes;
    this.#writes = [];
    this.store.append({ writes, last: this.last, time: this.time });
  }

  #conversation(key: string, write: (id: number) => Write): number {
    const known = this.#conversations.get(key);
    if (known !== undefined) return known;
    const id = ++this.#lastConversation;
    this.#conversations.set(key, id);
    this.write(write(id));
    return id;
  }
}

function pairKey(one: number, other: number): string {
  return [one, other].sort((a, b) => a - b).join(" ");
}
