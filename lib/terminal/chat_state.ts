import { plainLabel, withoutPlain } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import { LOBBY } from "../chat/names.ts";
import type { DirectEvent } from "../peers/direct.ts";
import type { PeerEvent } from "../peers/event.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import type { ChatMode } from "./commands.ts";
import { UnreadMessages } from "./unread.ts";

/** An event of a server's client or of a peer. */
export type ChatEvent = ClientEvent | PeerEvent | DirectEvent;

/** A message that was typed here. */
export interface SentMessage {
  readonly to: Target;
  readonly text: string;
}

/** Sent messages whose text is remembered; states of older ones are shown without it. */
const SENT_MESSAGES = 1000;
/** Shown messages whose text is remembered, for a line that says what was edited or withdrawn. */
const TEXTS = 1000;
/** Names that are remembered of each kind; a lab has about a hundred. */
const NAMES = 10_000;

/** The terminal's knowledge of a chat: the current conversation, names, unread messages, the texts of messages. */
export class ChatState {
  me = "";
  /** The name by which this user calls the lobby. */
  lobbyName = LOBBY;
  /** The conversation that plain text goes to; undefined for none. */
  here: Target | undefined;
  unread = new UnreadMessages();
  /** For each user, the last of this user's messages that they have received. */
  #received = new Map<string, number>();
  /** Texts of messages by number, and their texts before the last change. */
  #texts = new Map<number, { readonly text: string; readonly before?: string | undefined }>();
  /** The number of the last message where no log numbers them, as between peers. */
  #unnumbered = 0;
  /** The time of the last login. */
  since = 0;
  /** Users heard of. */
  readonly users = new Set<string>();
  /** Whether the server has listed all its users. */
  usersListed = false;
  /** Users with whom private messages go directly. */
  readonly direct = new Set<string>();
  /** Rooms that this user is in. */
  readonly joined = new Set<string>();
  /** Rooms heard of. */
  readonly rooms: Set<string>;
  readonly #sent = new Map<string, SentMessage>();
  #latest = "";

  /** Whether messages have numbers of one log; not between peers. */
  readonly #numbered: boolean;

  constructor({ home, rooms, answersAll }: Pick<ChatMode<unknown>, "home" | "rooms" | "answersAll">) {
    this.here = home;
    this.#numbered = answersAll;
    this.rooms = new Set(rooms);
  }

  /** A room's name as this user calls it. */
  roomName(room: string): string {
    return room === LOBBY ? this.lobbyName : room;
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

  /** Whether a state is about the last message, sent to the current conversation: then its text need not be repeated. */
  isObvious(id: string): boolean {
    return id === this.#latest && sameTarget(this.#sent.get(id)?.to, this.here);
  }

  /** Whether a private message of this user was received. */
  isReceived({ seq, to }: Pick<ShownMessage, "seq" | "to">): boolean {
    return "user" in to && seq <= (this.#received.get(to.user) ?? 0);
  }

  /** The text of a message as it is now, while that is remembered. */
  textNow(seq: number): string | undefined {
    return this.#texts.get(seq)?.text;
  }

  /** The text of a message before it was edited or withdrawn, while that is remembered. */
  textBefore(seq: number): string | undefined {
    return this.#texts.get(seq)?.before;
  }

  /** Whether a user of that name was heard of, with or without an address. */
  hasHeardOf(name: string): boolean {
    if (this.users.has(name)) return true;
    for (const user of this.users) if (withoutAddress(user) === name || user === withoutAddress(name)) return true;
    return false;
  }

  /** A target as events name it: a peer with another program has a mark behind the name. */
  labelled(to: Target): Target {
    const isPlain = "user" in to && !this.users.has(to.user) && this.users.has(plainLabel(to.user));
    return isPlain ? { user: plainLabel(to.user) } : to;
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
        if (event.storeChanged) this.#forgetNumbers();
        this.joined.clear();
        for (const room of event.rooms) this.#enter(room);
        return;
      case "message": {
        const { from, to } = event.message;
        note(this.users, from);
        if ("user" in to) note(this.users, to.user);
        else note(this.rooms, to.room);
        if (event.message.isDirect) return;
        this.#remember(event.message.seq, event.message.text);
        if (from !== this.me) this.unread.message(this.conversation(event.message), this.#numberOf(event.message));
        return;
      }
      case "sent":
      case "stored": {
        const sent = this.#sent.get(event.id);
        if (sent && event.seq !== undefined) this.#remember(event.seq, sent.text);
        return;
      }
      case "edited":
        return this.#remember(event.of, event.text);
      case "withdrawn":
        if (!event.own) this.unread.withdrawn("room" in event.to ? event.to : { user: event.from }, event.of);
        return this.#remember(event.of, "");
      case "history":
      case "found":
        for (const { seq, text } of event.messages) this.#remember(seq, text);
        return;
      case "conversations":
        for (const view of [...event.list].sort((a, b) => a.time - b.time)) {
          this.unread.told(view);
          if ("user" in view.of) this.#noteReceived(view.of.user, view.received);
        }
        return;
      case "received":
        return this.#noteReceived(event.by, event.upTo);
      case "read":
        return this.unread.read(event.of, event.upTo);
      case "online":
      case "offline":
        return note(this.users, event.name);
      case "direct":
        if (event.state === "on") this.direct.add(event.name);
        else if (event.state === "off") this.direct.delete(event.name);
        return;
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
      case "membersChanged":
        for (const name of event.joined) note(this.users, name);
        return;
      case "members":
        for (const name of event.names) note(this.users, name);
        return;
    }
  }

  #remember(seq: number, text: string): void {
    const before = this.#texts.get(seq);
    this.#texts.delete(seq);
    this.#texts.set(seq, { text, before: before?.text === text ? before.before : before?.text });
    if (this.#texts.size > TEXTS) dropOldest(this.#texts);
  }

  #numberOf({ seq }: ShownMessage): number {
    return this.#numbered ? seq : ++this.#unnumbered;
  }

  #noteReceived(by: string, upTo: number): void {
    this.#received.set(by, Math.max(upTo, this.#received.get(by) ?? 0));
    if (this.#received.size > NAMES) dropOldest(this.#received);
  }

  /** The server numbers its messages anew. */
  #forgetNumbers(): void {
    this.unread = new UnreadMessages();
    this.#received = new Map();
    this.#texts = new Map();
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
  return withoutPlain(name).split("@", 1)[0]!;
}

function note(names: Set<string>, name: string): void {
  names.add(name);
  if (names.size > NAMES) dropOldest(names);
}

function dropOldest<K>(kept: { keys(): Iterable<K>; delete(key: K): boolean }): void {
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
