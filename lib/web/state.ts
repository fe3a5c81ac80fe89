import type { RoomState, ServersEvent, UserState } from "../chat/event.ts";
import type { Target } from "../chat/entry.ts";
import type { ClientQuestion, ShownMessage } from "../protocols/native/client_event.ts";
import { type Conversation, emptyConversation, keyOf, unreadMentions } from "./conversation.ts";
import type { FileView } from "./file_view.ts";
import { canChange, canReply, type Message } from "./message.ts";

export type Connection =
  | { readonly state: "connecting" | "open" | "elsewhere" }
  /** The server has ended the session, and why; the page does not reconnect by itself. */
  | { readonly state: "ended"; readonly why: string }
  | { readonly state: "lost"; readonly retryAt: number };

export interface Editing {
  readonly at: number;
  readonly text: string;
}

export type SearchQuestion = Extract<ClientQuestion, { type: "search" }>;

/** What the user searches for, and what was found. */
export interface Search {
  readonly text: string;
  /** The last question about it; undefined when the text is no question. */
  readonly question: SearchQuestion | undefined;
  readonly hits: readonly ShownMessage[];
  readonly more: boolean;
  readonly pending: boolean;
  readonly why: string;
}

/** The whole state of the chat. */
export interface State {
  /** "" before the login. */
  readonly user: string;
  readonly connection: Connection;
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** The key of the open conversation. */
  readonly open: string | undefined;
  readonly visible: boolean;
  /** All users by name, and whether they are online. */
  readonly people: ReadonlyMap<string, boolean>;
  readonly rooms: ReadonlyMap<string, Omit<RoomState, "name">>;
  /** The members of the open room, once they are known. */
  readonly members: readonly UserState[];
  /** File offers by their ids. */
  readonly files: ReadonlyMap<string, FileView>;
  /** Whether this session was told up to where the user has read; before that nothing counts as read. */
  readonly overview: boolean;
  /** Whether the server can search. */
  readonly searches: boolean;
  readonly search: Search | undefined;
  /** The message that the user has gone to. */
  readonly goal: { readonly key: string; readonly at: number } | undefined;
  /** The own message that the user edits. */
  readonly editing: Editing | undefined;
  /** The message to which the user replies. */
  readonly replying: Message | undefined;
  /** Whether messages can reply to others here. */
  readonly replies: boolean;
  /** The keys of conversations that do not call the user. */
  readonly muted: ReadonlySet<string>;
  /** The marks that can be put to messages here. */
  readonly reactions: readonly string[];
  /** The servers of this chat, where there are several. */
  readonly servers: ServersEvent | undefined;
  /** A short text for the user. */
  readonly notice: string;
}

export const INITIAL: State = {
  user: "",
  connection: { state: "connecting" },
  conversations: new Map(),
  open: undefined,
  visible: true,
  people: new Map(),
  rooms: new Map(),
  members: [],
  files: new Map(),
  overview: false,
  searches: false,
  search: undefined,
  goal: undefined,
  editing: undefined,
  replying: undefined,
  replies: false,
  muted: new Set(),
  reactions: [],
  servers: undefined,
  notice: "",
};

/** The open conversation. */
export function openConversation({ open, conversations }: State): Conversation | undefined {
  return open === undefined ? undefined : conversations.get(open);
}

/** The last own message of the open conversation that can be changed, before a place. */
export function editableBefore(state: State, place: number): Editing | undefined {
  const open = openConversation(state);
  return (open?.window ?? open)?.messages.findLast((each) => each.at < place && canChange(each));
}

/** The last message of another user in the open conversation, before a place, that can be replied to. */
export function repliableBefore(state: State, place: number): Message | undefined {
  if (!state.replies) return undefined;
  const open = openConversation(state);
  return (open?.window ?? open)?.messages.findLast((each) => each.at < place && !each.own && canReply(each));
}

/** The number of unread messages in all conversations; of muted ones, those that mention the user. */
export function unreadCount({ conversations, muted }: State): number {
  let unread = 0;
  for (const each of conversations.values()) unread += muted.has(each.key) ? unreadMentions(each) : each.unread;
  return unread;
}

/** Changes a conversation, which is created if need be. */
export function changeConversation(
  state: State,
  target: Target,
  change: (conversation: Conversation) => Conversation,
): State {
  const key = keyOf(target);
  const conversation = change(state.conversations.get(key) ?? emptyConversation(target));
  return { ...state, conversations: new Map(state.conversations).set(key, conversation) };
}

/** Changes a conversation if there is one. */
export function changeKnown(state: State, key: string, change: (conversation: Conversation) => Conversation): State {
  const before = state.conversations.get(key);
  const after = before && change(before);
  if (!after || after === before) return state;
  return { ...state, conversations: new Map(state.conversations).set(key, after) };
}
