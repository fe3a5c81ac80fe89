import { timeOfDay } from "../core/log.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import { fit, targetName, type View } from "./view.ts";
import type { ChatEvent } from "./chat_state.ts";

/** An event as scripts read it: one line an event, and nothing for what is no event. */
export function scriptLines(event: ChatEvent): string[] {
  switch (event.type) {
    case "message":
      return [messageLine(event.message, event.own)];
    case "sent":
      return [`sent ${fit(event.id)}`];
    case "delivered":
      return [`delivered ${fit(event.to)} ${fit(event.id)}`];
    case "failed": {
      const name = event.to ? targetName(event.to) : "-";
      return [`failed ${name} ${fit(event.id)}: ${fit(event.why)}`];
    }
    case "online":
    case "offline":
      return [`${event.type} ${fit(event.name)}`];
    case "users":
      return event.users.map(({ name, online }) => `${fit(name)} (${online ? "online" : "offline"})`);
    case "inRoom":
      return [
        `members ${fit(event.room)} ${event.users.map(({ name }) => fit(name)).join(" ")}`,
      ];
    case "rooms":
      return event.rooms.map(({ name, members, joined }) =>
        `${fit(name)} ${members} members${joined ? ", joined" : ""}`
      );
    case "history":
      return event.messages.map(({ time, from, text }) => `${timeOfDay(time)} ${fit(from)}: ${fit(text)}`);
    case "joined":
    case "left":
      return [`${event.type} ${fit(event.room)}`];
    case "kept":
      return [`kept ${fit(event.to)} ${fit(event.id)}`];
    case "came":
      return [`joined ${fit(event.room)} ${fit(event.name)}`];
    case "went":
      return [`left ${fit(event.room)} ${fit(event.name)}`];
    case "members":
      return [["members", event.room, ...event.names].map(fit).join(" ")];
    case "secure":
      return [`secure ${fit(event.name)}: ${listed(event.words)}`];
    case "insecure":
      return [`insecure ${fit(event.name)}`];
    case "changedKey":
      return [`changed ${fit(event.name)}: ${listed(event.words)}`];
    case "stats":
      return event.counts.map(([name, count]) => `${fit(name)} ${count}`);
    case "loggedIn":
    case "denied":
    case "closing":
    case "elsewhere":
    case "news":
      return [];
  }
}

/** The look of a chat for scripts. */
export const SCRIPT_VIEW: View<ChatEvent> = {
  event: scriptLines,
  welcome: () => [],
  menu: (rooms, users) => [...scriptLines({ type: "rooms", rooms }), ...scriptLines({ type: "users", users })],
  moved: () => [],
  prompt: () => "",
  news: fit,
  fault: fit,
  unreached: (why) => [fit(`couldn't connect to server: ${why}`)],
  calling: { begin: "", attempt: "", end: "" },
};

function listed(words: readonly string[]): string {
  return words.map(fit).join(" ");
}

function messageLine({ from, to, text }: ShownMessage, own: boolean): string {
  if ("room" in to) return `${fit(to.room)} ${fit(from)}: ${fit(text)}`;
  return own ? `to ${fit(to.user)}: ${fit(text)}` : `from ${fit(from)}: ${fit(text)}`;
}
