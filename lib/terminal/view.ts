import { timeOfDay } from "../core/log.ts";
import { oneLine, sanitized } from "../core/text.ts";
import type { RoomState, UserState } from "../chat/event.ts";
import type { Target } from "../chat/entry.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { HISTORY_MOST } from "./chat_commands.ts";
import type { ChatEvent, ChatState } from "./chat_state.ts";

/** A step that a part of the chat wants done on the screen. */
export type ScreenOutput =
  /** A line about an event. */
  | { readonly type: "show"; readonly line: string }
  /** A line that is no event: news of the connection, a mistake, help. A script gets it on standard error. */
  | { readonly type: "notice"; readonly line: string }
  /** The steps of a growing line; see `Ui`. */
  | { readonly type: "begin" | "more" | "finish"; readonly text: string }
  | { readonly type: "drop" };

/** The appearance of a chat: lines for events. Nothing that came from others can steer a terminal or break a line. */
export interface View<Event extends ChatEvent> {
  /** An event or an answer; `state` has learnt from it already. */
  event(event: Event, state: ChatState, now: number): string[];
  /** The first lines after login. */
  welcome(state: ChatState): string[];
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

/** The title of a page of history, with the command for more. */
export function historyTitle({ of, messages, more }: Extract<ClientEvent, { type: "history" }>): string {
  const [name, count] = [targetName(of), messages.length];
  const about = "room" in of ? `in ${name}` : `with ${name}`;
  if (count === 0) return `no messages ${about}`;
  const next = Math.min(2 * count, HISTORY_MOST);
  return `the last ${count} ${about}${more && next > count ? `; more: /history ${name} ${next}` : ""}`;
}

const QUOTED_CHARACTERS = 40;

/** Text from others as one harmless line. */
export function clean(text: string): string {
  return sanitized(oneLine(text));
}

/** The text of a message for people: one harmless line, without the part of a file offer that only programs read. */
export function messageText(text: string): string {
  return clean(text.replace(/ <partyline-file:\S+>$/, ""));
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

/** The message that a state is about, unless that is obvious; `unknown` when its text is not known here. */
export function which(id: string, state: ChatState, unknown: string): string {
  if (state.isObvious(id)) return "";
  const sent = state.sentMessage(id);
  return sent ? `: ${quoted(sent.text)}` : ` (${unknown})`;
}

/** `HH:MM:SS` local time, after the date when it is not today. */
export function stamp(time: number, now: number): string {
  const day = dayOf(time);
  return day === dayOf(now) ? timeOfDay(time) : `${day} ${timeOfDay(time)}`;
}

function dayOf(time: number): string {
  const date = new Date(time);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}
