import type { Target } from "../chat/entry.ts";
import type { PeerEvent } from "../peers/event.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import type { ChatMode } from "./commands.ts";

/** An event of a server's client or of a peer. */
export type ChatEvent = ClientEvent | PeerEvent;

/** A message that was typed here. */
export interface SentMessage {
  readonly to: Target;
  readonly text: string;
}

/** Sent messages whose text is remembered; states of older ones are shown without it. */
const SENT_MESSAGES = 1000;
/** Names that are remembered of each kind; a lab has about a hundred. */
const NAMES = 10_000;

/** What the terminal knows of a chat: the current conversation, names, unread messages, the texts of sent messages. */
export class ChatState {
  me = "";
  #here: Target | undefined;
  /** Unread messages by conversation, the latest conversation last. */
  readonly #unread = new Map<string, { readonly name: string; count: number }>();
  /** The time of the last login. */
  since = 0;
  /** Users heard of. */
  readonly users = new Set<string>();
  /** Whether the server has listed all its users. */
  usersListed = false;
  /** Rooms that this user is in. */
  readonly joined = new Set<string>();
  /** Rooms heard of. */
  readonly rooms: Set<string>;
  readonly #sent = new Map<string, SentMessage>();
  #latest = "";

  constructor({ home, rooms }: Pick<ChatMode<unknown>, "home" | "rooms">) {
    this.#here = home;
    this.rooms = new Set(rooms);
  }

  /** The conversation that plain text goes to; undefined for none. */
  get here(): Target | undefined {
    return this.#here;
  }

  set here(to: Target | undefined) {
    this.#here = to;
    if (to) this.#unread.delete(keyOf(to));
  }

  /** The number of unread messages in other conversations, the latest conversation first. */
  get unread(): readonly { readonly name: string; readonly count: number }[] {
    return [...this.#unread.values()].reverse();
  }

  /** A message was sent from here. */
  sent(id: string, message: SentMessage): void {
    this.#sent.set(id, message);
    this.#latest = id;
    if (this.#sent.size > SENT_MESSAGES) dropOldest(this.#sent);
  }

  /** The message sent under an id, while it is remembered. */
  sentMessage(id: string): SentMessage | undefined {
    return this.#sent.get(id);
  }

  /** Whether a state needs no text to show which message it is about: the last one, sent to the current conversation. */
  isObvious(id: string): boolean {
    return id === this.#latest && sameTarget(this.#sent.get(id)?.to, this.here);
  }

  /** Whether a user of that name was heard of, with or without an address. */
  hasHeardOf(name: string): boolean {
    if (this.users.has(name)) return true;
    for (const user of this.users) if (withoutAddress(user) === name || user === withoutAddress(name)) return true;
    return false;
  }

  /** The conversation that a message belongs to. */
  conversation({ from, to }: ShownMessage): Target {
    return "room" in to || from === this.me ? to : { user: from };
  }

  /** Learns from an event. */
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
      case "memberJoined":
        return note(this.users, event.name);
      case "members":
        for (const name of event.names) note(this.users, name);
        return;
    }
  }

  #count(message: ShownMessage): void {
    const to = this.conversation(message);
    if (message.from === this.me || sameTarget(to, this.#here)) return;
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

/** Whether both are the same room or the same user. */
export function sameTarget(a: Target | undefined, b: Target | undefined): boolean {
  if (!a || !b) return a === b;
  return "user" in a ? "user" in b && a.user === b.user : "room" in b && a.room === b.room;
}

/** `bob` of `bob@10.0.0.5:3001`. */
function withoutAddress(name: string): string {
  return name.split("@", 1)[0]!;
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
