import type { RoomState, UserState } from "../chat/event.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { sameTarget } from "./commands.ts";
import type { ChatState } from "./chat_state.ts";
import { fit, historyTitle, quoted, saidText, stamp, targetName, type View, which } from "./view.ts";
import { type Palette, palette } from "./im_view.ts";

type Of<Type extends ClientEvent["type"]> = Extract<ClientEvent, { type: Type }>;

/** Conversations in which something was said, in the prompt. */
const UNREAD_SHOWN = 3;

/** The look of a chat for people at a terminal. */
export class ChatView implements View<ClientEvent> {
  readonly calling = { begin: "-- connecting ", attempt: ".", end: " connected --" };
  readonly #paint: Palette;
  readonly #unknown: string;

  /** `unknown` is said of a message whose text is not known here. */
  constructor(options: { colour: boolean; unknown?: string }) {
    this.#paint = palette(options.colour);
    this.#unknown = options.unknown ?? "said before, or at another screen";
  }

  event(happening: ClientEvent, memory: ChatState, now: number): string[] {
    switch (happening.type) {
      case "message":
        return [this.#message(happening.message, happening.own, memory, now)];
      case "sent":
        return [this.#paint.quiet(`✓ sent${which(happening.id, memory, this.#unknown)}`)];
      case "delivered":
        return [this.#delivered(happening, memory, now)];
      case "failed":
        return [this.#failed(happening, memory)];
      case "online":
      case "offline":
        return [this.news(`${happening.name} is ${happening.type}`)];
      case "users":
        return this.#users(happening.users, memory);
      case "inRoom":
        return [this.news(`in ${happening.room}:`), ...this.#users(happening.users, memory)];
      case "rooms":
        return happening.rooms.map((room) => this.#room(room));
      case "history":
        return this.#history(happening, memory, now);
      case "joined":
        return [this.news(`joined ${happening.room} (${counted(happening.members)})`)];
      case "left":
        return [this.news(`left ${happening.room}`)];
      case "loggedIn":
      case "denied":
      case "closing":
      case "elsewhere":
        return [];
    }
  }

  welcome({ me, joined }: ChatState): string[] {
    const rooms = joined.size > 0 ? `, in ${[...joined].join(", ")}` : "";
    return [this.news(`you are ${me}${rooms}; /help says what can be typed`)];
  }

  menu(rooms: readonly RoomState[], users: readonly UserState[], memory: ChatState): string[] {
    return [...rooms.map((room) => this.#room(room)), ...this.#users(users, memory)];
  }

  // The prompt says where one is.
  moved(): string[] {
    return [];
  }

  /** Where one is, and what was said elsewhere meanwhile. */
  prompt({ here, unread }: ChatState): string {
    const shown = unread.slice(0, UNREAD_SHOWN).map(({ name, count }) => `${fit(name)} ${count}`);
    if (unread.length > UNREAD_SHOWN) shown.push("…");
    const elsewhere = shown.length > 0 ? ` (${shown.join(", ")})` : "";
    if (!here) return `${elsewhere.trimStart()}> `;
    return "user" in here ? `→ ${targetName(here)}${elsewhere}> ` : `${targetName(here)}${elsewhere}> `;
  }

  news(text: string): string {
    return this.#paint.quiet(`-- ${fit(text)} --`);
  }

  fault(why: string): string {
    return this.#paint.loud(fit(why));
  }

  unreached(why: string): string[] {
    return [this.fault(`couldn't connect to server: ${why}`)];
  }

  #message({ from, to, text, time }: ShownMessage, own: boolean, memory: ChatState, now: number): string {
    const sender = own ? "you" : this.#name(from);
    let who: string;
    if ("user" in to) who = `${sender} → ${own ? this.#name(to.user) : "you"}`;
    else who = sameTarget(to, memory.here) ? sender : `[${this.#name(to.room)}] ${sender}`;
    return `${this.#paint.quiet(stamp(time, now))} ${who}: ${saidText(text)}`;
  }

  #delivered({ id, to, time }: Of<"delivered">, memory: ChatState, now: number): string {
    const at = stamp(time, now).slice(0, -":00".length);
    return this.#paint.quiet(`✓✓ delivered to ${fit(to)} ${at}${which(id, memory, this.#unknown)}`);
  }

  #failed({ id, to, why }: Of<"failed">, memory: ChatState): string {
    const spoken = memory.sentMessage(id);
    const target = to ?? spoken?.to;
    const what = spoken ? quoted(spoken.text) : "an earlier message";
    return this.#paint.loud(`✗ not delivered${target ? ` to ${targetName(target)}` : ""}: ${what} (${fit(why)})`);
  }

  #users(users: readonly UserState[], { me }: ChatState): string[] {
    const named = (online: boolean) => users.filter((user) => user.online === online).map(({ name }) => name);
    const [present, away] = [named(true), named(false)];
    const names = present.map((name) => this.#name(name) + (name === me ? " (you)" : ""));
    return [
      `online: ${names.length > 0 ? names.join(", ") : "nobody"}`,
      ...(away.length > 0 ? [this.#paint.quiet(`offline: ${away.map(fit).join(", ")}`)] : []),
    ];
  }

  #room({ name, members, joined }: RoomState): string {
    return `${this.#name(name)}  ${counted(members)}${joined ? ", joined" : ""}`;
  }

  #history(history: Of<"history">, memory: ChatState, now: number): string[] {
    const lines = history.messages.map((said) => this.#message(said, said.from === memory.me, memory, now));
    return [this.news(historyTitle(history)), ...lines];
  }

  #name(name: string): string {
    return this.#paint.name(fit(name));
  }
}

function counted(members: number): string {
  return members === 1 ? "1 member" : `${members} members`;
}
