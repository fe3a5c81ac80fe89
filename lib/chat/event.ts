import type { KeyDerivation } from "./accounts.ts";
import type { Entry, Target } from "./entry.ts";
import type { ServerPlace } from "./exchange_events.ts";
import { LOBBY } from "./names.ts";
import type { OnlineNames } from "./online_names.ts";
import type { SharedFile } from "./shared_file.ts";
import type { HistoryMessage } from "./store.ts";

/** Identifies a session for as long as the server runs. */
export type SessionId = number;

/** Sent to one user, to all, or to a room other than the lobby. */
export type Scope = "one" | "all" | "room";

/** The bytes of an event in each protocol, made once however many sessions are told. */
class Encodings {
  #made: { readonly protocol: string; readonly bytes: readonly Uint8Array[] }[] = [];

  get(protocol: string, encode: () => readonly Uint8Array[]): readonly Uint8Array[] {
    for (const made of this.#made) if (made.protocol === protocol) return made.bytes;
    const bytes = encode();
    this.#made.push({ protocol, bytes });
    return bytes;
  }
}

/** A message on its way to sessions at handout protocols: the same object for all, so that it is encoded once a protocol. */
export class Message {
  readonly type = "message";
  readonly #encodings = new Encodings();

  constructor(
    /** The number of an entry; below zero for one that is not kept. */
    readonly id: number,
    readonly from: string,
    readonly scope: Scope,
    readonly text: string,
    /** The entry, where it is kept. */
    readonly entry?: Entry,
  ) {}

  encoded(protocol: string, encode: () => readonly Uint8Array[]): readonly Uint8Array[] {
    return this.#encodings.get(protocol, encode);
  }
}

/** Entries for native sessions, in order: what a turn has added for one audience, or a page. Encoded once a framing. */
export class Entries {
  readonly type = "entries";
  readonly #encodings = new Encodings();

  constructor(readonly entries: readonly Entry[]) {}

  encoded(protocol: string, encode: () => readonly Uint8Array[]): readonly Uint8Array[] {
    return this.#encodings.get(protocol, encode);
  }
}

/** One conversation as its user finds it on coming in. */
export interface ConversationView {
  readonly of: Target;
  /** The newest entry, and when it was said. */
  readonly last: number;
  readonly time: number;
  /** Up to where the user has read, and how many messages of others are after that. */
  readonly read: number;
  readonly unread: number;
  /** Up to where the other user has received what the user said; 0 in a room. */
  readonly received: number;
}

/** A user, and whether they are online. */
export interface UserState {
  readonly name: string;
  readonly online: boolean;
  /** False for an account whose user has never been online; left out otherwise. */
  readonly seen?: boolean | undefined;
}

/** A room, the number of its members, and whether the session's user is one. */
export interface RoomState {
  readonly name: string;
  readonly members: number;
  readonly joined: boolean;
}

/** A room that is new, or has other members than before; `joined` where the session's user is the one who came or went. */
export type RoomChange = Omit<RoomState, "joined"> & { readonly joined?: boolean | undefined };

/** The servers of one chat, as native clients are told: where to go when their own does not answer. */
export interface ServersEvent {
  readonly type: "servers";
  /** What their own server is called. */
  readonly name: string;
  /** Whether it works without the others, since it cannot reach them. */
  readonly apart: boolean;
  readonly list: readonly ServerAt[];
}

/** Another server, and where its clients reach it. */
export interface ServerAt extends Omit<ServerPlace, "hostname"> {
  readonly name: string;
  readonly host: string;
}

/** A challenge of the server; a client answers it with a proof. */
export type Challenge =
  | { readonly how: "password"; readonly nonce: Uint8Array } & KeyDerivation
  | { readonly how: "key"; readonly nonce: Uint8Array };

/** An event for a session. Every protocol translates these into its own messages. `ref` is that of the command. */
export type Event =
  | { readonly type: "welcome"; readonly name: string; readonly proof?: Uint8Array | undefined }
  /**
   * The session has a name that nothing proves. `isNew`: it is registered by that; `joined`: its user is in the lobby; `number`:
   * the number of the last message that the user said.
   */
  | {
    readonly type: "claimed";
    readonly name: string;
    readonly isNew: boolean;
    readonly joined: boolean;
    readonly number: number;
    readonly textBytes: number;
  }
  | { readonly type: "turnedAway"; readonly why: "credentials" | "already online" | { readonly text: string } }
  /** The password is not checked yet, and why. */
  | { readonly type: "loginWaits"; readonly why: string }
  | { readonly type: "challenge"; readonly challenge: Challenge }
  /** The session is in its room as a guest; `isNew` when it is the only one. */
  | { readonly type: "entered"; readonly isNew: boolean }
  /** A guest may send its file now, or why not. */
  | { readonly type: "fileAnswer"; readonly why: string | undefined }
  | SharedFile
  /** A guest's file is to be offered to the members of its room. */
  | { readonly type: "offerFile"; readonly file: SharedFile }
  /** The offer of a guest's file ends; `denied`, where its message was not accepted. */
  | { readonly type: "offerEnds"; readonly id: number; readonly denied: string | undefined }
  /** Memory is reserved for the file of an offer, or why not. */
  | { readonly type: "fileReserved"; readonly offer: string; readonly why: string | undefined }
  /** An account was registered, or the reason why not. */
  | { readonly type: "registered"; readonly name: string; readonly why: string | undefined }
  /** The users online; the one who asks is to be first. */
  | { readonly type: "present"; readonly names: OnlineNames; readonly asker: string | undefined }
  | Message
  | Entries
  /** The outcome of the session's message `ref`; with `why` it was not delivered. */
  | { readonly type: "outcome"; readonly ref: number; readonly delivered: boolean; readonly why?: string }
  /** The stream of the log begins. */
  | {
    readonly type: "begun";
    /** What entries are numbered by, and the newest of them. */
    readonly store: string;
    readonly last: number;
    /** Everything that this client said is answered up to here, but for what was refused. */
    readonly accepted: number;
    readonly refused: readonly { readonly number: number; readonly why: string }[];
    readonly rooms: readonly string[];
    /** The longest text that may be said. */
    readonly textBytes: number;
    readonly textLines: number;
    /** Whether texts can be searched. */
    readonly searches: boolean;
    /** Where files can be left over HTTP, such as "http:2080"; undefined where they cannot. */
    readonly files?: string | undefined;
    /** Whether the user's password cannot be changed here. */
    readonly fixedPassword?: boolean;
  }
  | { readonly type: "conversations"; readonly states: readonly ConversationView[] }
  /** The session has been told everything up to here that concerns its user, and is told what follows at once. */
  | { readonly type: "live"; readonly upTo: number }
  /** The session is not live any more: it was told everything up to `after`, and `unacked` entries wait for its acknowledgement. */
  | { readonly type: "behind"; readonly after: number; readonly unacked: number }
  /** Everything that this client said is kept up to this number. */
  | { readonly type: "sent"; readonly upTo: number }
  /** What this client said under a number is not taken, and never will be. */
  | { readonly type: "notSent"; readonly number: number; readonly why: string }
  /** A user has received everything that the session's user said to them up to here. */
  | { readonly type: "received"; readonly by: string; readonly upTo: number }
  /** The session's user has read a conversation up to here, on this device or another. */
  | { readonly type: "read"; readonly of: Target; readonly upTo: number }
  /** The users who have come online and gone offline since the last such event. */
  | { readonly type: "presence"; readonly online: readonly string[]; readonly offline: readonly string[] }
  /** The rooms that have changed since the last such event. */
  | { readonly type: "roomChanges"; readonly rooms: readonly RoomChange[] }
  /** Users have joined a room that the session's user is in, or left it. */
  | {
    readonly type: "membersChanged";
    readonly room: string;
    readonly joined: readonly string[];
    readonly left: readonly string[];
  }
  | { readonly type: "users"; readonly ref: number; readonly users: readonly UserState[]; readonly more: boolean }
  | { readonly type: "rooms"; readonly ref: number; readonly rooms: readonly RoomState[]; readonly more: boolean }
  | {
    readonly type: "inRoom";
    readonly ref: number;
    readonly room: string;
    readonly users: readonly UserState[];
    readonly more: boolean;
  }
  | {
    readonly type: "history";
    readonly ref: number;
    readonly messages: readonly HistoryMessage[];
    /** Whether the page goes forward from where it was asked for; otherwise backward. */
    readonly forward: boolean;
    /** Whether there are more in that direction. */
    readonly more: boolean;
  }
  | {
    readonly type: "search";
    readonly ref: number;
    readonly hits: readonly HistoryMessage[];
    readonly more: boolean;
  }
  | { readonly type: "versions"; readonly ref: number; readonly texts: readonly { text: string; time: number }[] }
  | { readonly type: "joined"; readonly ref: number; readonly room: string; readonly members: number }
  | { readonly type: "left"; readonly ref: number; readonly room: string }
  | ServersEvent
  /** A signal from another client, whose address is `at`, if it tells that. */
  | { readonly type: "signal"; readonly from: string; readonly at?: string | undefined; readonly text: string }
  /** A user is writing a message to the session's user, or in a room. */
  | { readonly type: "typing"; readonly from: string; readonly to: Target }
  /** A signal reached no client. */
  | { readonly type: "unheard"; readonly to: string; readonly why: string }
  /** With this ticket a program of the user makes requests about files over HTTP. */
  | { readonly type: "ticket"; readonly ref: number; readonly ticket: string }
  /** The user has a new password. */
  | { readonly type: "changed"; readonly ref: number }
  /** A command was refused. */
  | { readonly type: "denied"; readonly ref: number; readonly why: string }
  /** The server stops, or ends this session for the reason `why`; nothing follows. */
  | { readonly type: "closing"; readonly why?: string };

/** The scope of a message, for protocols that know only one and all. */
export function scopeOf(to: Target): Scope {
  if ("user" in to) return "one";
  return to.room === LOBBY ? "all" : "room";
}
