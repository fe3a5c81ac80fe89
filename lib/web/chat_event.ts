import type { Target } from "../chat/entry.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import type { FileView } from "./file_view.ts";
import type { Message } from "./message.ts";
import type { Connection, Editing, SearchQuestion } from "./state.ts";

/** What the page learns from the server. */
export type ServerEvent =
  | Exclude<ClientEvent, { type: "online" | "offline" }>
  | { readonly type: "presence"; readonly online: readonly string[]; readonly offline: readonly string[] };

/** Everything that changes the state: the server's events, and the person's. */
export type ChatEvent =
  | ServerEvent
  /** The page belongs to this user; "" after logging out. */
  | { readonly type: "user"; readonly name: string }
  | { readonly type: "connection"; readonly connection: Connection }
  /** The user has written a message. */
  | { readonly type: "written"; readonly message: OutgoingMessage }
  /** A message that has failed is not shown any more: it was said again. */
  | { readonly type: "dropped"; readonly key: string; readonly message: string }
  | { readonly type: "opened"; readonly target: Target }
  | { readonly type: "closed" }
  /** Whether the page is visible and has the focus. */
  | { readonly type: "visible"; readonly visible: boolean }
  | { readonly type: "draft"; readonly target: Target; readonly text: string }
  /** The server is told up to where the user has read a conversation. */
  | { readonly type: "reported"; readonly key: string; readonly upTo: number }
  /** History is requested: before the messages that are shown, or after them. */
  | { readonly type: "loading"; readonly key: string; readonly later?: boolean }
  /** The user goes to a message, or back to the newest ones. */
  | { readonly type: "jumped"; readonly target: Target; readonly to: number }
  | { readonly type: "latest" }
  /** The user does not want to see the earlier texts of a message any more. */
  | { readonly type: "versionsHidden"; readonly at: number }
  /** The user edits an own message, or does not any more. */
  | { readonly type: "editing"; readonly editing: Editing | undefined }
  /** The user replies to a message of the open conversation, or does not any more. */
  | { readonly type: "replying"; readonly to: Message | undefined }
  | { readonly type: "searched"; readonly text: string; readonly question: SearchQuestion }
  | { readonly type: "searchFailed"; readonly text: string; readonly why: string }
  | { readonly type: "file"; readonly file: FileView }
  | { readonly type: "fileForgotten"; readonly id: string }
  /** The conversations that the user has muted. */
  | { readonly type: "muted"; readonly keys: ReadonlySet<string> }
  /** The user has seen what is new in the open conversation. */
  | { readonly type: "seen" }
  | { readonly type: "notice"; readonly text: string }
  | { readonly type: "noticeExpired" };
