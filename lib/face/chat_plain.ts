import { timeOfDay } from "../base/log.ts";
import type { Happening, Said } from "../wire/native/happening.ts";
import { type ChatLook, fit, targetName } from "./chat_look.ts";

/** A happening as scripts read it: one line an event, and nothing for what is no event. */
export function chatPlain(happening: Happening): string[] {
  switch (happening.type) {
    case "message":
      return [messageLine(happening.said, happening.own)];
    case "sent":
      return [`sent ${fit(happening.id)}`];
    case "delivered":
      return [`delivered ${fit(happening.to)} ${fit(happening.id)}`];
    case "failed": {
      const name = happening.to ? targetName(happening.to) : "-";
      return [`failed ${name} ${fit(happening.id)}: ${fit(happening.why)}`];
    }
    case "online":
    case "offline":
      return [`${happening.type} ${fit(happening.name)}`];
    case "users":
      return happening.users.map(({ name, online }) => `${fit(name)} (${online ? "online" : "offline"})`);
    case "rooms":
      return happening.rooms.map(({ name, members, joined }) =>
        `${fit(name)} ${members} members${joined ? ", joined" : ""}`
      );
    case "history":
      return happening.messages.map(({ time, from, text }) => `${timeOfDay(time)} ${fit(from)}: ${fit(text)}`);
    case "joined":
    case "left":
      return [`${happening.type} ${fit(happening.room)}`];
    case "in":
    case "denied":
    case "closing":
      return [];
  }
}

/** The look of a chat for scripts. */
export const PLAIN_LOOK: ChatLook = {
  happened: chatPlain,
  welcome: () => [],
  menu: (rooms, users) => [...chatPlain({ type: "rooms", rooms }), ...chatPlain({ type: "users", users })],
  went: () => [],
  prompt: () => "",
  news: fit,
  fault: fit,
  unreached: (why) => [fit(`couldn't connect to server: ${why}`)],
  calling: { begin: "", attempt: "", end: "" },
};

function messageLine({ from, to, text }: Said, own: boolean): string {
  if ("room" in to) return `${fit(to.room)} ${fit(from)}: ${fit(text)}`;
  return own ? `to ${fit(to.user)}: ${fit(text)}` : `from ${fit(from)}: ${fit(text)}`;
}
