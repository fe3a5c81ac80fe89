import type { Target } from "../../chat/entry.ts";
import type { ConversationView, RoomChange, RoomState, ServersEvent, UserState } from "../../chat/event.ts";
import type { Reaction } from "../../chat/reactions.ts";

/** A message as a client has it. */
export interface ShownMessage {
  readonly seq: number;
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  readonly time: number;
  /** What `say` gave it, where this run of this client has sent it. */
  readonly id?: string | undefined;
  /** The message to which it replies. */
  readonly reply?: number | undefined;
  /** In history: which client of the sender has said it, and its number there. */
  readonly client?: string | undefined;
  readonly number?: number | undefined;
  /** Whether the text was edited, or withdrawn. */
  readonly edited?: boolean | undefined;
  readonly withdrawn?: boolean | undefined;
  /** Why a private message never arrived; undefined unless it failed. */
  readonly failed?: string | undefined;
  /** The marks that users have put to it, in history. */
  readonly reactions?: readonly Reaction[] | undefined;
  /** Whether it came from its sender's program directly; the server, its log and its numbers know nothing of it. */
  readonly isDirect?: boolean | undefined;
}

/** A question to the server; one event answers it. */
export type ClientQuestion =
  | { readonly type: "users" }
  | { readonly type: "rooms" }
  | { readonly type: "who"; readonly room: string }
  /** `unlisted`: if the room is made by this, it is listed to its members alone. */
  | { readonly type: "join"; readonly room: string; readonly unlisted?: boolean }
  | { readonly type: "leave"; readonly room: string }
  | {
    readonly type: "history";
    readonly of: Target;
    readonly before?: number | undefined;
    readonly after?: number | undefined;
    readonly limit: number;
  }
  | {
    readonly type: "search";
    readonly words: string;
    readonly from?: string | undefined;
    readonly of?: Target | undefined;
    /** Times, in ms since 1970. */
    readonly since?: number | undefined;
    readonly until?: number | undefined;
    /** Hits before this message. */
    readonly before?: number | undefined;
    readonly limit: number;
  }
  /** The texts that a message had. */
  | { readonly type: "versions"; readonly of: number }
  | { readonly type: "ticket" }
  | { readonly type: "passwd"; readonly old: string; readonly new: string };

/** What a client learns; a user interface shows it. */
export type ClientEvent =
  /**
   * The session has begun. `again`: this client was logged in before. `storeChanged`: the server numbers its messages anew, so
   * what was shown of another store does not continue.
   */
  | {
    readonly type: "loggedIn";
    readonly name: string;
    readonly rooms: readonly string[];
    readonly again: boolean;
    readonly storeChanged: boolean;
    /** Whether the server can search. */
    readonly searches: boolean;
    /** Whether a message can reply to another. */
    readonly replies?: boolean | undefined;
    /** Where files can be left over HTTP, such as "http:2080". */
    readonly files?: string | undefined;
    /** The marks that can be put to messages; none at a server that knows none. */
    readonly reactions?: readonly string[] | undefined;
    /** Whether the server cannot change the user's password, and says why when it is asked to. */
    readonly fixedPassword?: boolean | undefined;
  }
  /** A ticket for requests about files over HTTP. */
  | { readonly type: "ticket"; readonly ticket: string }
  /** The user's conversations, some at a time: the newest message of each, up to where it is read and received. */
  | { readonly type: "conversations"; readonly list: readonly ConversationView[] }
  /** A message to this user or to one of their rooms; `own`: this user has sent it. */
  | { readonly type: "message"; readonly message: ShownMessage; readonly own: boolean }
  /** A message has a new text. */
  | {
    readonly type: "edited";
    readonly of: number;
    readonly from: string;
    readonly to: Target;
    readonly text: string;
    readonly time: number;
    readonly own: boolean;
  }
  | {
    readonly type: "withdrawn";
    readonly of: number;
    readonly from: string;
    readonly to: Target;
    readonly own: boolean;
  }
  /** A user has put a mark to a message, or has taken it back: see `readReaction`. */
  | {
    readonly type: "reacted";
    readonly of: number;
    readonly from: string;
    readonly to: Target;
    readonly text: string;
    readonly own: boolean;
  }
  /** The server has stored the message `id`. Where its place in the log is not known yet, `stored` tells it later. */
  | {
    readonly type: "sent";
    readonly id: string;
    readonly to: Target;
    readonly seq?: number | undefined;
    readonly time?: number | undefined;
  }
  | {
    readonly type: "stored";
    readonly id: string;
    readonly to: Target;
    readonly seq: number;
    readonly time: number;
  }
  /** A message of this run was received; the time is known between peers. */
  | { readonly type: "delivered"; readonly id: string; readonly to: string; readonly time?: number | undefined }
  /** Everything that this user said to `by`, on any device, was received up to here, but for what failed. */
  | { readonly type: "received"; readonly by: string; readonly upTo: number }
  /** This user has read a conversation up to here, on this device or another. */
  | { readonly type: "read"; readonly of: Target; readonly upTo: number }
  /** A message was refused, or never arrived: `id` where this run has sent it, `seq` where it was stored. */
  | {
    readonly type: "failed";
    readonly id: string | undefined;
    readonly seq?: number | undefined;
    readonly to: Target | undefined;
    readonly why: string;
  }
  | { readonly type: "online" | "offline"; readonly name: string }
  | { readonly type: "users"; readonly users: readonly UserState[] }
  | { readonly type: "rooms"; readonly rooms: readonly RoomState[] }
  /** Rooms are new, or have other members. */
  | { readonly type: "roomChanges"; readonly rooms: readonly RoomChange[] }
  /** Users have joined a room that this user is in, or left it. */
  | {
    readonly type: "membersChanged";
    readonly room: string;
    readonly joined: readonly string[];
    readonly left: readonly string[];
  }
  | { readonly type: "inRoom"; readonly room: string; readonly users: readonly UserState[] }
  | {
    readonly type: "history";
    readonly of: Target;
    readonly messages: readonly ShownMessage[];
    readonly more: boolean;
    /** The question had `after`: the page goes forward. */
    readonly forward?: boolean | undefined;
    readonly question?: Extract<ClientQuestion, { type: "history" }> | undefined;
  }
  | {
    readonly type: "found";
    readonly question: Extract<ClientQuestion, { type: "search" }>;
    readonly messages: readonly ShownMessage[];
    readonly more: boolean;
  }
  | {
    readonly type: "versions";
    readonly of: number;
    readonly texts: readonly { readonly text: string; readonly time: number }[];
  }
  | { readonly type: "joined"; readonly room: string; readonly members: number }
  | { readonly type: "left"; readonly room: string }
  | ServersEvent
  /** This user has a new password. */
  | { readonly type: "newPassword"; readonly password: string }
  /** The server, or this client, refuses a request; `question` is the one, where that is known. */
  | { readonly type: "denied"; readonly why: string; readonly question?: ClientQuestion | undefined }
  /** The server stops; with a reason, it ends this session alone. */
  | { readonly type: "closing"; readonly why?: string | undefined }
  /** Only to the page of a local client: another window has taken over. */
  | { readonly type: "elsewhere" };

/** What a native client wants done. */
export type NativeOutput =
  /** Send one message to the server. */
  | { readonly type: "send"; readonly json: string }
  /** Something to show. */
  | { readonly type: "event"; readonly event: ClientEvent }
  /** Another client has sent a signal, which is for programs; `at` is where the server sees that client, if it tells that. */
  | { readonly type: "signal"; readonly from: string; readonly text: string; readonly at?: string | undefined }
  /** A user is writing to this one, or in a room. */
  | { readonly type: "typing"; readonly from: string; readonly to: Target }
  /** A signal to this user has reached no one. */
  | { readonly type: "signalFailed"; readonly to: string }
  /** Everything up to `seq` of this store was shown: keep that for the next run. */
  | { readonly type: "shown"; readonly store: string; readonly seq: number }
  /** Tell the user why the server ends the session. */
  | { readonly type: "refused"; readonly why: string }
  /** The connection is of no use any more. */
  | { readonly type: "broken"; readonly why: string };
