import { timeOfDay } from "../core/log.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import { tableRows } from "./table_view.ts";
import { clean, directMark, stamp, targetName, unconfirmedMark, type View } from "./view.ts";
import type { ChatEvent } from "./chat_state.ts";

/** The line for an event; undefined for other news. */
export function scriptLines(event: ChatEvent): string[] {
  switch (event.type) {
    case "message":
      return [messageLine(event.message, event.own)];
    case "sent":
      return [`sent ${clean(event.id)}`];
    case "delivered":
      return [`delivered ${clean(event.to)} ${clean(event.id)}`];
    case "failed": {
      const name = event.to ? targetName(event.to) : "-";
      return [`failed ${name} ${clean(event.id ?? "-")}: ${clean(event.why)}`];
    }
    case "online":
    case "offline":
      return [`${event.type} ${clean(event.name)}`];
    case "users":
      return event.users.map(({ name, online }) => `${clean(name)} (${online ? "online" : "offline"})`);
    case "inRoom":
      return [
        `members ${clean(event.room)} ${event.users.map(({ name }) => clean(name)).join(" ")}`,
      ];
    case "rooms":
      return event.rooms.map(({ name, members, joined }) =>
        `${clean(name)} ${members} members${joined ? ", joined" : ""}`
      );
    case "history":
      return event.messages.map((message) => `${timeOfDay(message.time)} ${clean(message.from)}: ${content(message)}`);
    case "found":
      return event.messages.toReversed().map((message) => `found ${stamp(message.time)} ${foundLine(message)}`);
    case "versions":
      return event.texts.map(({ text, time }) => `version ${event.of} ${stamp(time)}: ${clean(text)}`);
    case "joined":
    case "left":
      return [`${event.type} ${clean(event.room)}`];
    case "membersChanged":
      return [
        ...event.joined.map((name) => `joined ${clean(event.room)} ${clean(name)}`),
        ...event.left.map((name) => `left ${clean(event.room)} ${clean(name)}`),
      ];
    case "queued":
      return [`kept ${clean(event.to)} ${clean(event.id)}`];
    case "unconfirmed":
      return [`unconfirmed ${clean(event.to)} ${clean(event.id)}`];
    case "table":
      return tableRows(event).map((cells) => `table ${cells.join(" ")}`);
    case "memberJoined":
      return [`joined ${clean(event.room)} ${clean(event.name)}`];
    case "memberLeft":
      return [`left ${clean(event.room)} ${clean(event.name)}`];
    case "members":
      return [["members", event.room, ...event.names].map(clean).join(" ")];
    case "secure":
      return [`secure ${clean(event.name)}: ${wordList(event.words)}`];
    case "insecure":
      return [`insecure ${clean(event.name)}`];
    case "changedKey":
      return [`changed ${clean(event.name)}: ${wordList(event.words)}`];
    case "direct":
      return [`direct ${event.state} ${clean(event.name)}${event.why === undefined ? "" : `: ${clean(event.why)}`}`];
    case "stats":
      return event.counts.map(([name, count]) => `${clean(name)} ${count}`);
    case "edited":
      return [`edited ${event.of} ${clean(event.from)}: ${clean(event.text)}`];
    case "withdrawn":
      return [`withdrawn ${event.of} ${clean(event.from)}`];
    case "reacted":
      return [`reacted ${event.of} ${clean(event.from)}: ${clean(event.text)}`];
    default:
      return [];
  }
}

/** The view for scripts: events only. */
export const SCRIPT_VIEW: View<ChatEvent> = {
  event: scriptLines,
  welcome: () => [],
  menu: (rooms, users) => [...scriptLines({ type: "rooms", rooms }), ...scriptLines({ type: "users", users })],
  moved: () => [],
  prompt: () => "",
  news: clean,
  error: clean,
  unreachable: (why) => [clean(`couldn't connect to server: ${why}`)],
  connecting: { begin: "", attempt: "", end: "" },
};

function wordList(words: readonly string[]): string {
  return words.map(clean).join(" ");
}

function content({ text, withdrawn }: ShownMessage): string {
  return withdrawn ? "(withdrawn)" : clean(text);
}

function foundLine(message: ShownMessage): string {
  const { from, to } = message;
  return `${"room" in to ? clean(to.room) : `to ${clean(to.user)}`} ${clean(from)}: ${content(message)}`;
}

function messageLine(message: ShownMessage, own: boolean): string {
  const { from, to, text } = message;
  if ("room" in to) return `${clean(to.room)} ${clean(from)}: ${clean(text)}`;
  if (own) return `to ${clean(to.user)}: ${clean(text)}`;
  return `from ${clean(from)}: ${clean(text)}${unconfirmedMark(from)}${directMark(message)}`;
}
