import type { RoomState, UserState } from "../../chat/event.ts";
import type { Target } from "../../chat/store.ts";

/** A message as a client has it. */
export interface ShownMessage {
  readonly seq: number;
  readonly from: string;
  readonly to: Target;
  readonly text: string;
  readonly time: number;
  /** The id that the sender's client has given it. */
  readonly id?: string | undefined;
}

/** A question to the server; one event answers it. */
export type ClientQuestion =
  | { readonly type: "users" }
  | { readonly type: "rooms" }
  | { readonly type: "who"; readonly room: string }
  | { readonly type: "join"; readonly room: string }
  | { readonly type: "leave"; readonly room: string }
  | { readonly type: "history"; readonly of: Target; readonly before?: number | undefined; readonly limit: number };

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
  }
  /** A message to this user or to one of their rooms; `own`: this user has sent it. */
  | { readonly type: "message"; readonly message: ShownMessage; readonly own: boolean }
  /** The server has stored the message `id`, under the number `seq`. */
  | { readonly type: "sent"; readonly id: string; readonly to: Target; readonly seq: number; readonly time: number }
  | { readonly type: "delivered"; readonly id: string; readonly to: string; readonly time: number }
  | { readonly type: "failed"; readonly id: string; readonly to: Target | undefined; readonly why: string }
  | { readonly type: "online" | "offline"; readonly name: string }
  | { readonly type: "users"; readonly users: readonly UserState[] }
  | { readonly type: "rooms"; readonly rooms: readonly RoomState[] }
  | { readonly type: "inRoom"; readonly room: string; readonly users: readonly UserState[] }
  | {
    readonly type: "history";
    readonly of: Target;
    readonly messages: readonly ShownMessage[];
    readonly more: boolean;
  }
  | { readonly type: "joined"; readonly room: string; readonly members: number }
  | { readonly type: "left"; readonly room: string }
  /** The server, or this client, refuses a request; `question` is the one, where that is known. */
  | { readonly type: "denied"; readonly why: string; readonly question?: ClientQuestion | undefined }
  /** The server stops. */
  | { readonly type: "closing" }
  /** Only to the page of a local client: another window has taken over. */
  | { readonly type: "elsewhere" };
