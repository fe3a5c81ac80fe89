import type { RoomState, UserState } from "../chat/event.ts";
import type { Target } from "../chat/entry.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { type ChatState, sameTarget } from "./chat_state.ts";
import type { SearchResults } from "./search_results.ts";
import {
  clean,
  firstUnread,
  historyTitle,
  messageLines,
  messageText,
  ownNumbers,
  quoted,
  quotedBefore,
  reactionLine,
  replyMark,
  searchTitle,
  stamp,
  stateOf,
  targetName,
  versionLines,
  versionsTitle,
  type View,
} from "./view.ts";
import { type Palette, palette } from "./marks.ts";

type Of<Type extends ClientEvent["type"]> = Extract<ClientEvent, { type: Type }>;

const TYPE = "type 'JOIN' + group name, 'CHAT' + user name, 'R' to refresh, 'B' for this menu, 'E' to exit";

const RETURN = "--> [type message and press ENTER or type 'B' to return to menu]";

/** The mailbox as its handout shows it: arrows, brackets, a menu. */
export class MailboxView implements View<ClientEvent> {
  readonly greeting = ["#####[Welcome to MyChat]#####"];
  readonly connecting = { begin: "--> [connecting to server]", attempt: "*", end: "[connected to server]" };
  readonly #paint: Palette;

  constructor(options: { colour: boolean }) {
    this.#paint = palette(options.colour);
  }

  event(event: ClientEvent, state: ChatState, now: number): string[] {
    switch (event.type) {
      case "message":
        return this.#message(event.message, state, now);
      case "sent":
        return [this.#paint.quiet(`--> [Message sent - ${stamp(event.time ?? now, now)}${which(event.id, state)}]`)];
      case "delivered":
        return [this.#received(event, state, now)];
      case "failed":
        return [this.#failed(event, state)];
      case "edited":
      case "withdrawn":
        return [this.#changed(event, state, now)];
      case "reacted":
        return event.own ? [] : [this.#paint.quiet(reactionLine(event, state))];
      case "online":
      case "offline":
        return [this.news(`${event.name} is ${event.type}`)];
      case "users":
        return this.#users(event.users, state);
      case "inRoom":
        return [`--> [members of '${clean(state.roomName(event.room))}']`, ...this.#users(event.users, state)];
      case "rooms":
        return this.#rooms(event.rooms, state);
      case "history":
        return this.#history(event, state, now);
      case "found":
        return [this.news(searchTitle(event))];
      case "versions":
        return [this.news(versionsTitle(event)), ...versionLines(event, now)];
      case "joined":
        return [
          "#####[GROUP CHAT]#####",
          "--> [Access granted]",
          `--> [you joined '${clean(state.roomName(event.room))}' group]`,
          RETURN,
        ];
      case "left":
        return [`--> [you left '${clean(event.room)}']`];
      default:
        return [];
    }
  }

  welcome({ me }: ChatState): string[] {
    return [`#####[you: ${this.#name(me)}]#####`];
  }

  hits({ found, hits }: SearchResults, state: ChatState, now: number): string[] {
    let last: Target | undefined;
    return [
      this.news(searchTitle(found)),
      ...hits.flatMap(({ message, before, after }) => {
        const of = state.conversation(message);
        const title = sameTarget(of, last) ? [] : [`--> [${nameIn(of, state)}]`];
        const lines = [before, message, after].flatMap((each) =>
          each ? this.#lines(each, stamp(each.time, now), each === message ? "" : "   ") : []
        );
        last = of;
        return [...title, ...lines];
      }),
    ];
  }

  menu(rooms: readonly RoomState[], users: readonly UserState[], state: ChatState): string[] {
    return [...this.#rooms(rooms, state), ...this.#users(users, state), `--> [${TYPE}]`];
  }

  // Entering a room is answered by "joined".
  moved(to: Target): string[] {
    return "user" in to ? [`--> [you chat with '${clean(to.user)}']`, RETURN] : [];
  }

  prompt(): string {
    return "";
  }

  news(text: string): string {
    return this.#paint.quiet(`--> [${clean(text)}]`);
  }

  error(why: string): string {
    return this.#paint.loud(`--> [${clean(why)}]`);
  }

  unreachable(why: string): string[] {
    const line = this.error("couldn't connect to server");
    return why === "" ? [line] : [line, this.news(why)];
  }

  #message(message: ShownMessage, state: ChatState, now: number): string[] {
    const conversation = state.conversation(message);
    const where = sameTarget(conversation, state.here) ? "" : `--> [${nameIn(conversation, state)}] `;
    const notes = message.time < state.since ? stamp(message.time, now) : undefined;
    return this.#lines(message, notes, where, replyMark(message, state));
  }

  #lines(message: ShownMessage, notes: string | undefined, where = "", mark = ""): string[] {
    const tail = notes === undefined ? "" : ` ${this.#paint.quiet(`[${notes}]`)}`;
    return messageLines(`${where}>> ${this.#name(message.from)}: ${mark}`, message, tail);
  }

  #changed(event: Of<"edited" | "withdrawn">, state: ChatState, now: number): string {
    const { type, of, from, to, own } = event;
    const before = quotedBefore(of, state);
    const text = type === "edited" ? ` - now ${quoted(event.text)}` : "";
    if (own) return this.#paint.quiet(`--> [Message ${type} - ${stamp(now, now)} - ${before}${text}]`);
    const conversation: Target = "room" in to ? to : { user: from };
    const where = sameTarget(conversation, state.here) ? "" : `--> [${nameIn(conversation, state)}] `;
    return `${where}>> ${this.#name(from)} ${
      type === "edited" ? `edited ${before}: ${messageText(event.text)}` : `withdrew ${before}`
    }`;
  }

  #received({ id, to, time }: Of<"delivered">, state: ChatState, now: number): string {
    const by = state.isObvious(id) ? "" : ` by ${clean(to)}`;
    return this.#paint.good(`--> [Message received${by} - ${stamp(time ?? now, now)}${which(id, state)}]`);
  }

  #failed({ id, to, why }: Of<"failed">, state: ChatState): string {
    const sent = id === undefined ? undefined : state.sentMessage(id);
    const target = to ?? sent?.to;
    const what = sent ? ` - ${quoted(sent.text)}` : "";
    return this.#paint.loud(
      `--> [Message NOT delivered${target ? ` to '${nameIn(target, state)}'` : ""}: ${clean(why)}${what}]`,
    );
  }

  #rooms(rooms: readonly RoomState[], state: ChatState): string[] {
    const names = rooms.map(({ name }) => this.#name(state.roomName(name)));
    return ["--> [available group chats]", ...names.map((name, index) => `${index + 1}. ${name}`)];
  }

  #users(users: readonly UserState[], { me }: ChatState): string[] {
    // As in the handout, accounts that never connected are not shown.
    const others = users.filter(({ name, seen }) => name !== me && seen !== false);
    return [
      "--> [available users]",
      ...others.map(({ name, online }, index) =>
        `${index + 1}. ${this.#name(name)} (${online ? "online" : "offline"})`
      ),
    ];
  }

  #history(history: Of<"history">, state: ChatState, now: number): string[] {
    const [numbers, unread] = [ownNumbers(history, state), firstUnread(history, state)];
    const { of } = history;
    const called = "room" in of ? { room: state.roomName(of.room) } : of;
    return [
      this.news(historyTitle({ ...history, of: called })),
      ...history.messages.flatMap((message) => {
        const number = numbers.get(message.seq);
        const notes = [
          stamp(message.time, now),
          ...(message.from === state.me && !message.withdrawn ? [outcome(message, state)] : []),
          ...(number === undefined ? [] : [`#${number}`]),
        ];
        const lines = this.#lines(message, notes.join(", "));
        return message === unread ? [this.news("new messages"), ...lines] : lines;
      }),
    ];
  }

  #name(name: string): string {
    return this.#paint.name(clean(name));
  }
}

/** The outcome of an own message, in the words of the handout. */
function outcome(message: ShownMessage, state: ChatState): string {
  if (message.failed !== undefined) return `NOT delivered: ${clean(message.failed)}`;
  return stateOf(message, state) === "delivered" ? "received" : "sent";
}

function which(id: string, state: ChatState): string {
  const sent = state.isObvious(id) ? undefined : state.sentMessage(id);
  return sent ? ` - ${quoted(sent.text)}` : "";
}

/** A conversation's name, as the user calls it. */
function nameIn(to: Target, state: ChatState): string {
  return targetName("room" in to ? { room: state.roomName(to.room) } : to);
}
