import { timeOfDay } from "../core/log.ts";
import { oneLine, sanitized } from "../core/text.ts";
import type { RoomState, UserState } from "../chat/event.ts";
import type { Target } from "../chat/store.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { HISTORY_MOST } from "./chat_commands.ts";
import type { ChatEvent, ChatState } from "./chat_state.ts";

/** How a chat looks: lines for what happens. Nothing that a stranger has written can steer a terminal or break a line. */
export interface View<Event extends ChatEvent> {
  /** An event, or what was asked for; `memory` has learnt of it already. */
  event(event: Event, memory: ChatState, now: number): string[];
  /** The first that is shown once we are in. */
  welcome(memory: ChatState): string[];
  /** What there is, and what can be typed. */
  menu(rooms: readonly RoomState[], users: readonly UserState[], memory: ChatState): string[];
  /** Typed lines go elsewhere from now on. */
  moved(to: Target): string[];
  /** What stands in front of the line being typed. */
  prompt(memory: ChatState): string;
  /** News of the connection. */
  news(text: string): string;
  /** Something could not be done. */
  fault(why: string): string;
  /** There is no connection, and none is tried for any more. */
  unreached(why: string): string[];
  /** The line that grows while the server is called: its beginning, what each attempt adds, and its end. */
  readonly calling: { readonly begin: string; readonly attempt: string; readonly end: string };
}

/** Says what a page of history is of, and what to type for more. */
export function historyTitle({ of, messages, more }: Extract<ClientEvent, { type: "history" }>): string {
  const [name, count] = [targetName(of), messages.length];
  const about = "room" in of ? `in ${name}` : `with ${name}`;
  if (count === 0) return `nothing was said ${about}`;
  const next = Math.min(2 * count, HISTORY_MOST);
  return `the last ${count} ${about}${more && next > count ? `; more: /history ${name} ${next}` : ""}`;
}

const QUOTED_CHARACTERS = 40;

/** A stranger's text as one harmless line. */
export function fit(text: string): string {
  return sanitized(oneLine(text));
}

/** What somebody has said, for people: as one harmless line, without what only programs read in it. */
export function saidText(text: string): string {
  return fit(text.replace(/ <partyline-file:\S+>$/, ""));
}

/** A room's or user's name as one harmless line. */
export function targetName(to: Target): string {
  return fit("user" in to ? to.user : to.room);
}

/** The beginning of a text in quotes, to tell one message from others. */
export function quoted(text: string): string {
  // Twice as many units hold them all: a long text is not taken apart for it.
  const characters = [...saidText(text).slice(0, 2 * QUOTED_CHARACTERS + 2)];
  return characters.length <= QUOTED_CHARACTERS
    ? `"${characters.join("")}"`
    : `"${characters.slice(0, QUOTED_CHARACTERS).join("")}…"`;
}

/** Which message a state is of, where that is not clear without; `unknown`, when its text is not known here. */
export function which(id: string, memory: ChatState, unknown: string): string {
  if (memory.isObvious(id)) return "";
  const spoken = memory.sentMessage(id);
  return spoken ? `: ${quoted(spoken.text)}` : ` (${unknown})`;
}

/** `HH:MM:SS` where this machine is, behind the date when it is not today. */
export function stamp(time: number, now: number): string {
  const day = dayOf(time);
  return day === dayOf(now) ? timeOfDay(time) : `${day} ${timeOfDay(time)}`;
}

function dayOf(time: number): string {
  const date = new Date(time);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
}
