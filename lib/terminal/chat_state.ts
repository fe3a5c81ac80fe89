import type { Target } from "../chat/store.ts";
import type { PeerEvent } from "../peers/event.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { sameTarget } from "./commands.ts";
import type { ChatMode } from "./chat_style.ts";
import { bareName } from "./peer_names.ts";

/** What a face is told, of a server or of peers. */
export type ChatEvent = ClientEvent | PeerEvent;

/** What was said here, and where. */
export interface SentMessage {
  readonly to: Target;
  readonly text: string;
}

/** States of messages come in their order, and late ones speak of few; those said before need no words. */
const SPOKEN = 1000;
/** A lab has a hundred names; who knows more of them than this forgets the oldest. */
const NAMES = 10_000;

/** What a face remembers of a chat: where one is, who and what there is, what was said here. */
export class ChatState {
  me = "";
  #here: Target | undefined;
  /** What was said elsewhere since one was there last, by conversation, the latest last. */
  readonly #unread = new Map<string, { readonly name: string; count: number }>();
  /** When we came in last. */
  since = 0;
  /** Users heard of. */
  readonly users = new Set<string>();
  /** Whether the server has told of all users there are. */
  usersListed = false;
  /** Rooms that we are in. */
  readonly joined = new Set<string>();
  /** Rooms heard of. */
  readonly rooms: Set<string>;
  readonly #spoken = new Map<string, SentMessage>();
  #latest = "";

  constructor({ home, rooms }: Pick<ChatMode<unknown>, "home" | "rooms">) {
    this.#here = home;
    this.rooms = new Set(rooms);
  }

  /** Where a line goes that is no command; undefined outside of any conversation. */
  get here(): Target | undefined {
    return this.#here;
  }

  set here(to: Target | undefined) {
    this.#here = to;
    if (to) this.#unread.delete(keyOf(to));
  }

  /** How much was said in other conversations since one was there, the latest first. */
  get unread(): readonly { readonly name: string; readonly count: number }[] {
    return [...this.#unread.values()].reverse();
  }

  /** Something was said here. */
  sent(id: string, spoken: SentMessage): void {
    this.#spoken.set(id, spoken);
    this.#latest = id;
    if (this.#spoken.size > SPOKEN) dropOldest(this.#spoken);
  }

  /** What was said under an id, while it is remembered. */
  sentMessage(id: string): SentMessage | undefined {
    return this.#spoken.get(id);
  }

  /** Whether a state of this message is clear without saying which one it is: the last, said where one still is. */
  isObvious(id: string): boolean {
    return id === this.#latest && sameTarget(this.#spoken.get(id)?.to, this.here);
  }

  /** Whether anybody was heard of by that name, with or without where they are. */
  hasHeardOf(name: string): boolean {
    if (this.users.has(name)) return true;
    for (const user of this.users) if (bareName(user) === name || user === bareName(name)) return true;
    return false;
  }

  /** The conversation that a message belongs to. */
  conversation({ from, to }: ShownMessage): Target {
    return "room" in to || from === this.me ? to : { user: from };
  }

  /** Learns what an event tells. */
  learn(event: ChatEvent, now: number): void {
    switch (event.type) {
      case "loggedIn":
        this.me = event.name;
        this.since = now;
        this.joined.clear();
        for (const room of event.rooms) this.#enter(room);
        return;
      case "message": {
        const { from, to } = event.message;
        note(this.users, from);
        if ("user" in to) note(this.users, to.user);
        else note(this.rooms, to.room);
        return this.#count(event.message);
      }
      case "online":
      case "offline":
        return note(this.users, event.name);
      case "users":
        this.usersListed = true;
        for (const { name } of event.users) note(this.users, name);
        return;
      case "rooms":
        for (const { name, joined } of event.rooms) {
          note(this.rooms, name);
          if (joined) note(this.joined, name);
        }
        return;
      case "joined":
        return this.#enter(event.room);
      case "left":
        this.joined.delete(event.room);
        return;
      case "came":
        return note(this.users, event.name);
      case "members":
        for (const name of event.names) note(this.users, name);
        return;
    }
  }

  #count(said: ShownMessage): void {
    const to = this.conversation(said);
    if (said.from === this.me || sameTarget(to, this.#here)) return;
    const key = keyOf(to);
    const count = (this.#unread.get(key)?.count ?? 0) + 1;
    this.#unread.delete(key);
    this.#unread.set(key, { name: "user" in to ? to.user : to.room, count });
    if (this.#unread.size > NAMES) dropOldest(this.#unread);
  }

  #enter(room: string): void {
    note(this.rooms, room);
    note(this.joined, room);
  }
}

function keyOf(to: Target): string {
  return "user" in to ? `→ ${to.user}` : to.room;
}

function note(names: Set<string>, name: string): void {
  names.add(name);
  if (names.size > NAMES) dropOldest(names);
}

function dropOldest(kept: { keys(): Iterable<string>; delete(key: string): boolean }): void {
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
