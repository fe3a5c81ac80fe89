import { timeOfDay } from "../core/log.ts";
import { oneLine, sanitized } from "../core/text.ts";
import { isPlainLabel } from "../chat/names.ts";
import { readReaction } from "../chat/reactions.ts";
import type { RoomState, UserState } from "../chat/event.ts";
import type { Target } from "../chat/entry.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { HISTORY_MOST } from "./chat_commands.ts";
import { type ChatEvent, type ChatState, sameTarget } from "./chat_state.ts";
import type { OwnLine } from "./own_lines.ts";
import type { Away } from "./ui.ts";
import type { Found, SearchResults } from "./search_results.ts";

/** A step for the screen. */
export type ScreenOutput =
  /** A line about an event. */
  | { readonly type: "show"; readonly line: string }
  /** A line that is not an event: a notice about the connection, a mistake, help. A script gets it on standard error. */
  | { readonly type: "notice"; readonly line: string }
  /** The steps of a growing line; see `Ui`. */
  | { readonly type: "begin" | "more" | "finish"; readonly text: string }
  | { readonly type: "drop" }
  /** An own line, in the place of the line as it was typed; `change` shows other text in its place. */
  | { readonly type: "own"; readonly id: string; readonly text: string }
  | { readonly type: "change"; readonly id: string; readonly text: string; readonly away: Away };

/** The appearance of a chat: lines for events. Nothing that came from others can steer a terminal or break a line. */
export interface View<Event extends ChatEvent> {
  /** An event or an answer; `state` has learnt from it already. */
  event(event: Event, state: ChatState, now: number): string[];
  /**
   * An own message or an offer of a file in one line, which changes with its state, and the text to show once that line has left
   * the screen. A view without this method shows each event in a line.
   */
  own?(line: OwnLine, state: ChatState, now: number): { readonly text: string; readonly away: Away };
  /** That a message which has no line on this screen was delivered. */
  ofEarlier?(event: Extract<ClientEvent, { type: "delivered" }>): Away;
  /** The first lines of all, before there is a connection. */
  readonly greeting?: readonly string[];
  /** The first lines after login. */
  welcome(state: ChatState): string[];
  /** The line above the first new message. */
  newMessages?(): string[];
  /** The hits of a search with the messages around them; a view without this method shows the event alone. */
  hits?(results: SearchResults, state: ChatState, now: number): string[];
  menu(rooms: readonly RoomState[], users: readonly UserState[], state: ChatState): string[];
  /** Plain text goes to another conversation from now on. */
  moved(to: Target): string[];
  prompt(state: ChatState): string;
  /** News of the connection or of a transfer. */
  news(text: string): string;
  /** Something failed. */
  error(why: string): string;
  /** The server was never reached. */
  unreachable(why: string): string[];
  /** The growing line of a connection attempt: its beginning, what each attempt adds, its end. */
  readonly connecting: { readonly begin: string; readonly attempt: string; readonly end: string };
}

type History = Extract<ClientEvent, { type: "history" }>;

/** The title of a page of history, with the command for more. */
export function historyTitle({ of, messages, more }: History): string {
  const [name, count] = [targetName(of), messages.length];
  const about = "room" in of ? `in ${name}` : `with ${name}`;
  if (count === 0) return `no messages ${about}`;
  const next = Math.min(2 * count, HISTORY_MOST);
  return `the last ${count} ${about}${more && next > count ? `; more: /history ${name} ${next}` : ""}`;
}

/** The text of a message as it is now: one harmless line. */
export function currentText({ text, edited, withdrawn }: ShownMessage): string {
  if (withdrawn) return "(withdrawn)";
  return edited ? `${messageText(text)} (edited)` : messageText(text);
}

/** A message after `lead` as harmless lines: those after the first are indented, and `tail` ends the last. */
export function messageLines(
  lead: string,
  message: Pick<ShownMessage, "text" | "edited" | "withdrawn">,
  tail = "",
): string[] {
  if (message.withdrawn) return [`${lead}(withdrawn)${tail}`];
  const lines = withoutOffer(message.text).split(/\r?\n/).map((line, i) =>
    i === 0 ? `${lead}${clean(line)}` : `${INDENT}${clean(line)}`.trimEnd()
  );
  return [...lines.slice(0, -1), `${lines.at(-1)}${message.edited ? " (edited)" : ""}${tail}`];
}

/** The texts that a message had, each with its time; the last is what it says now, unless it was withdrawn. */
export function versionLines({ texts }: Extract<ClientEvent, { type: "versions" }>, now: number): string[] {
  return texts.flatMap(({ text, time }) => messageLines(`${stamp(time, now)} `, { text }));
}

/** How many texts a message had. */
export function versionsTitle({ texts: { length } }: Extract<ClientEvent, { type: "versions" }>): string {
  return length === 1 ? "it was not edited:" : `${length} texts, the first one first:`;
}

/** The outcome of one of the user's own messages. */
export function stateOf(message: ShownMessage, state: ChatState): "sent" | "delivered" | "failed" {
  if (message.failed !== undefined) return "failed";
  return state.isReceived(message) ? "delivered" : "sent";
}

/** The user's own messages of the open conversation, counted from the last: the numbers that `/edit` and `/withdraw` take. */
export function ownNumbers({ of, messages }: History, { here, me }: ChatState): ReadonlyMap<number, number> {
  const own = sameTarget(of, here) ? messages.filter(({ from, withdrawn }) => from === me && !withdrawn) : [];
  return new Map(own.reverse().map(({ seq }, index) => [seq, index + 1]));
}

/** The first message of a page that the user has not read; undefined for none. */
export function firstUnread({ of, messages }: History, { unread, me }: ChatState): ShownMessage | undefined {
  const read = unread.readUpTo(of);
  return read === undefined
    ? undefined
    : messages.find(({ seq, from, withdrawn }) => seq > read && from !== me && !withdrawn);
}

/** The title of what a search has found. */
export function searchTitle({ question: { words }, messages, more }: Found): string {
  const [count, about] = [messages.length, `for ${quoted(words)}`];
  if (count === 0) return `nothing found ${about}`;
  if (!more) return `${count} ${count === 1 ? "hit" : "hits"} ${about}`;
  return `the last ${count} hits ${about}; for older ones, add before:DATE`;
}

const QUOTED_CHARACTERS = 40;
/** Before the further lines of a message. */
const INDENT = "    ";

/** Text from others as one harmless line. */
export function clean(text: string): string {
  return sanitized(oneLine(text));
}

/** The text of a message for people: one harmless line, without the part of a file offer that only programs read. */
export function messageText(text: string): string {
  return clean(withoutOffer(text));
}

function withoutOffer(text: string): string {
  return text.replace(/ <partyline-(file|attachment):\S+>$/, "");
}

/** After the text of a message that did not pass the server. */
export function directMark({ isDirect }: Pick<ShownMessage, "isDirect">): string {
  return isDirect ? " (direct)" : "";
}

/** After the text of a peer with another program. */
export function unconfirmedMark(from: string): string {
  return isPlainLabel(from) ? " (unconfirmed)" : "";
}

/** A room's or user's name as one harmless line. */
export function targetName(to: Target): string {
  return clean("user" in to ? to.user : to.room);
}

/** The beginning of a message in quotes, to tell it from others. */
export function quoted(text: string): string {
  // Cut before it is split: a character has at most two units.
  const characters = [...messageText(text).slice(0, 2 * QUOTED_CHARACTERS + 2)];
  return characters.length <= QUOTED_CHARACTERS
    ? `"${characters.join("")}"`
    : `"${characters.slice(0, QUOTED_CHARACTERS).join("")}…"`;
}

/** The text of a message before it was edited or withdrawn, in quotes. */
export function quotedBefore(seq: number, state: ChatState): string {
  const text = state.textBefore(seq);
  return text === undefined || text === "" ? "an earlier message" : quoted(text);
}

/** A reaction that a user has added to a message, or has removed. */
export function reactionLine(event: Extract<ClientEvent, { type: "reacted" }>, state: ChatState): string {
  const read = readReaction(event.text);
  const text = state.textNow(event.of);
  const message = text === undefined || text === "" ? "an earlier message" : quoted(text);
  const place = "room" in event.to && !sameTarget(event.to, state.here) ? ` in ${clean(event.to.room)}` : "";
  const act = read?.isTakenBack ? "takes back" : "reacts with";
  return `${clean(event.from)} ${act} ${read?.mark ?? "a mark"}: ${message}${place}`;
}

/** The message to which another replies, before its text; empty if it is no reply. */
export function replyMark({ reply }: Pick<ShownMessage, "reply">, state: ChatState): string {
  if (reply === undefined) return "";
  const text = state.textNow(reply);
  return `[to ${text === undefined || text === "" ? "an earlier message" : quoted(text)}] `;
}

/** `HH:MM:SS` local time, after the date unless that is today's. */
export function stamp(time: number, now?: number): string {
  const day = dayOf(time);
  return now !== undefined && day === dayOf(now) ? timeOfDay(time) : `${day} ${timeOfDay(time)}`;
}

function dayOf(time: number): string {
  const date = new Date(time);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}
