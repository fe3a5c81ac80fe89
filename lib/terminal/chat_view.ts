import type { Target } from "../chat/entry.ts";
import type { RoomState, UserState } from "../chat/event.ts";
import type { DirectEvent } from "../peers/direct.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { type ChatState, sameTarget } from "./chat_state.ts";
import type { SearchResults } from "./search_results.ts";
import {
  clean,
  currentText,
  directMark,
  firstUnread,
  historyTitle,
  messageLines,
  ownNumbers,
  quoted,
  quotedBefore,
  reactionLine,
  replyMark,
  searchTitle,
  stamp,
  stateOf,
  targetName,
  unconfirmedMark,
  versionLines,
  versionsTitle,
  type View,
} from "./view.ts";
import { MARKS, type Palette, palette } from "./marks.ts";
import { offerText, ownOutcome } from "./own_outcome.ts";
import type { OwnLine } from "./own_lines.ts";
import type { Away } from "./ui.ts";

type Of<Type extends ClientEvent["type"]> = Extract<ClientEvent, { type: Type }>;

/** Names that are shown of those who have joined a room at one time. */
const NAMES_SHOWN = 3;
/** Conversations with unread messages in the prompt. */
const UNREAD_SHOWN = 3;

/** The chat for people at a terminal. */
export class ChatView implements View<ClientEvent | DirectEvent> {
  readonly connecting = { begin: "-- connecting ", attempt: ".", end: " connected --" };
  readonly #paint: Palette;
  readonly #unknown: string;

  /** `unknown` stands for a message whose text is not known here. */
  constructor(options: { colour: boolean; unknown?: string }) {
    this.#paint = palette(options.colour);
    this.#unknown = options.unknown ?? "sent earlier or elsewhere";
  }

  event(event: ClientEvent | DirectEvent, state: ChatState, now: number): string[] {
    switch (event.type) {
      case "message":
        return this.#message(event.message, event.own, state, now);
      case "failed":
        return [this.#failed(event, state)];
      case "edited":
        return this.#edited(event, state, now);
      case "withdrawn":
        return [this.#withdrawn(event, state, now)];
      case "reacted":
        return event.own ? [] : [this.#paint.quiet(reactionLine(event, state))];
      case "online":
      case "offline":
        return [this.news(`${event.name} is ${event.type}`)];
      case "users":
        return this.#users(event.users, state);
      case "inRoom":
        return [this.news(`in ${event.room}:`), ...this.#users(event.users, state)];
      case "rooms":
        return event.rooms.map((room) => this.#room(room));
      case "history":
        return this.#history(event, state, now);
      case "found":
        return [this.news(searchTitle(event))];
      case "versions":
        return [this.news(versionsTitle(event)), ...versionLines(event, now)];
      case "joined":
        return [this.news(`joined ${event.room} (${counted(event.members)})`)];
      case "membersChanged":
        return [
          ...event.joined.length > 0 ? [this.news(`${folded(event.joined)} joined ${event.room}`)] : [],
          ...event.left.length > 0 ? [this.news(`${folded(event.left)} left ${event.room}`)] : [],
        ];
      case "left":
        return [this.news(`left ${event.room}`)];
      case "direct":
        return this.#direct(event);
      default:
        return [];
    }
  }

  own(line: OwnLine, state: ChatState, now: number): { text: string; away: Away } {
    const { to, text, time, file } = line;
    const outcome = ownOutcome(line, now);
    const mark = outcome === "" ? "" : `  ${this.#paint[line.outcome.failures.length > 0 ? "loud" : "quiet"](outcome)}`;
    const tail = this.#paint.quiet(directMark(line)) + mark;
    const lead = `${this.#paint.quiet(stamp(time, now))} ${this.#who({ from: state.me, to }, true, state)}: `;
    const reply = replyMark(line, state);
    const begin = reply === "" ? lead : `${lead}${this.#paint.quiet(reply)}`;
    const lines = messageLines(begin, { text: file ? offerText(file) : text }, tail);
    const what = file ? clean(file.name) : quoted(text);
    return {
      text: lines.join("\n"),
      away: line.outcome.failures.length > 0
        ? { text: this.#paint.loud(`${outcome}: ${what}`), where: "line" }
        : { text: `${outcome} ${what}`, where: "prompt" },
    };
  }

  /** The state of a message that has no line on this screen. */
  ofEarlier(event: Of<"delivered">): Away {
    return { text: `${MARKS.delivered} ${clean(event.to)} (${this.#unknown})`, where: "prompt" };
  }

  welcome({ me, joined }: ChatState): string[] {
    const rooms = joined.size > 0 ? `, in ${[...joined].join(", ")}` : "";
    return [this.news(`you are ${me}${rooms}; /help lists the commands`)];
  }

  menu(rooms: readonly RoomState[], users: readonly UserState[], state: ChatState): string[] {
    return [...rooms.map((room) => this.#room(room)), ...this.#users(users, state)];
  }

  // The prompt shows it.
  moved(): string[] {
    return [];
  }

  newMessages(): string[] {
    return [this.news("new")];
  }

  hits({ found, hits }: SearchResults, state: ChatState, now: number): string[] {
    let last: Target | undefined;
    return [
      this.news(searchTitle(found)),
      ...hits.flatMap(({ message, before, after }) => {
        const of = state.conversation(message);
        const title = sameTarget(of, last) ? [] : [this.news(`${"room" in of ? "in" : "with"} ${targetName(of)}`)];
        const lines = [before, message, after].flatMap((each) =>
          each ? [`${each === message ? ">" : " "} ${this.#hit(each, state, now)}`] : []
        );
        last = of;
        return [...title, ...lines];
      }),
    ];
  }

  /** The conversation, and unread messages in others. */
  prompt({ here, unread: messages, direct: connected }: ChatState): string {
    const unread = messages.counts(here);
    const shown = unread.slice(0, UNREAD_SHOWN).map(({ name, count }) => `${clean(name)} ${count}`);
    if (unread.length > UNREAD_SHOWN) shown.push("…");
    const elsewhere = shown.length > 0 ? ` (${shown.join(", ")})` : "";
    if (!here) return `${elsewhere.trimStart()}> `;
    const direct = "user" in here && connected.has(here.user) ? " (direct)" : "";
    return "user" in here ? `→ ${targetName(here)}${direct}${elsewhere}> ` : `${targetName(here)}${elsewhere}> `;
  }

  news(text: string): string {
    return this.#paint.quiet(`-- ${clean(text)} --`);
  }

  error(why: string): string {
    return this.#paint.loud(clean(why));
  }

  unreachable(why: string): string[] {
    return [this.error(`couldn't connect to server: ${why}`)];
  }

  #message(message: ShownMessage, own: boolean, state: ChatState, now: number, tail = ""): string[] {
    const mark = own ? "" : this.#paint.quiet(unconfirmedMark(message.from) + directMark(message));
    const reply = replyMark(message, state);
    const lead = `${this.#paint.quiet(stamp(message.time, now))} ${this.#who(message, own, state)}: `;
    return messageLines(reply === "" ? lead : `${lead}${this.#paint.quiet(reply)}`, message, `${mark}${tail}`);
  }

  #who({ from, to }: Pick<ShownMessage, "from" | "to">, own: boolean, { here }: ChatState): string {
    const sender = own ? "you" : this.#name(from);
    if ("user" in to) return `${sender} → ${own ? this.#name(to.user) : "you"}`;
    return sameTarget(to, here) ? sender : `[${this.#name(to.room)}] ${sender}`;
  }

  /** A message below the name of its conversation. */
  #hit(message: ShownMessage, { me }: ChatState, now: number): string {
    const sender = message.from === me ? "you" : this.#name(message.from);
    return `${this.#paint.quiet(stamp(message.time, now))} ${sender}: ${currentText(message)}`;
  }

  #direct({ name, state, why, words }: DirectEvent): string[] {
    const who = clean(name);
    switch (state) {
      case "asked":
        return [this.news(`${who} is asked for a direct connection`)];
      case "asks":
        return [this.news(`${who} asks for a direct connection: /direct ${who} accepts, /direct ${who} off refuses`)];
      case "on":
        return [
          this.news(`connected with ${who} directly: private messages are encrypted and do not go through the server`),
          this.news(
            `if the server may lie, compare keys: ${who} ${words?.theirs.join(" ")}, you ${words?.ours.join(" ")}`,
          ),
        ];
      case "off":
        return [this.news(`not connected with ${who} directly: ${why ?? ""}; messages go through the server`)];
    }
  }

  #edited(event: Of<"edited">, state: ChatState, now: number): string[] {
    const [before, who] = [quotedBefore(event.of, state), this.#who(event, false, state)];
    if (event.own) return [this.#paint.quiet(`${MARKS.sent} edited: ${before} is now ${quoted(event.text)}`)];
    return messageLines(`${this.#paint.quiet(stamp(event.time, now))} ${who} edited ${before}: `, { text: event.text });
  }

  #withdrawn(event: Of<"withdrawn">, state: ChatState, now: number): string {
    const before = quotedBefore(event.of, state);
    if (event.own) return this.#paint.quiet(`${MARKS.sent} withdrawn: ${before}`);
    return `${this.#paint.quiet(stamp(now, now))} ${this.#who(event, false, state)} withdrew ${before}`;
  }

  #failed({ id, to, why }: Of<"failed">, state: ChatState): string {
    const sent = id === undefined ? undefined : state.sentMessage(id);
    const target = to ?? sent?.to;
    const what = sent ? quoted(sent.text) : "an earlier message";
    return this.#paint.loud(
      `${MARKS.failed} not delivered${target ? ` to ${targetName(target)}` : ""}: ${what} (${clean(why)})`,
    );
  }

  #users(users: readonly UserState[], { me }: ChatState): string[] {
    const named = (online: boolean) => users.filter((user) => user.online === online).map(({ name }) => name);
    const [present, away] = [named(true), named(false)];
    const names = present.map((name) => this.#name(name) + (name === me ? " (you)" : ""));
    return [
      `online: ${names.length > 0 ? names.join(", ") : "no one"}`,
      ...(away.length > 0 ? [this.#paint.quiet(`offline: ${away.map(clean).join(", ")}`)] : []),
    ];
  }

  #room({ name, members, joined }: RoomState): string {
    return `${this.#name(name)}  ${counted(members)}${joined ? ", joined" : ""}`;
  }

  #history(history: Of<"history">, state: ChatState, now: number): string[] {
    const [numbers, unread] = [ownNumbers(history, state), firstUnread(history, state)];
    return [
      this.news(historyTitle(history)),
      ...history.messages.flatMap((message) => {
        const own = message.from === state.me;
        const lines = this.#message(message, own, state, now, own ? this.#state(message, state, numbers) : "");
        return message === unread ? [...this.newMessages(), ...lines] : lines;
      }),
    ];
  }

  /** The outcome of an own message, and its number for `/edit`. */
  #state(message: ShownMessage, state: ChatState, numbers: ReadonlyMap<number, number>): string {
    const number = numbers.get(message.seq);
    const mark = MARKS[stateOf(message, state)] + (message.failed === undefined ? "" : ` ${clean(message.failed)}`);
    const text = `  ${message.withdrawn ? "" : mark}${number === undefined ? "" : ` #${number}`}`;
    return text.trim() === "" ? "" : this.#paint.quiet(text);
  }

  #name(name: string): string {
    return this.#paint.name(clean(name));
  }
}

function counted(members: number): string {
  return members === 1 ? "1 member" : `${members} members`;
}

/** Names in one line: "alice", "alice and bob", "alice, bob, carol and 12 others". */
function folded(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  const shown = more > 0 ? [...names.slice(0, NAMES_SHOWN), more === 1 ? "1 other" : `${more} others`] : names;
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown.join();
}
