import type { RoomState, UserState } from "../chat/event.ts";
import type { Target } from "../chat/store.ts";
import type { ClientEvent, ShownMessage } from "../protocols/native/client_event.ts";
import { sameTarget } from "./commands.ts";
import type { ChatState } from "./chat_state.ts";
import { fit, historyTitle, quoted, saidText, stamp, targetName, type View } from "./view.ts";
import { type Palette, palette } from "./im_view.ts";

type Of<Type extends ClientEvent["type"]> = Extract<ClientEvent, { type: Type }>;

const TYPE = "type 'JOIN' + group name, 'CHAT' + user name, 'R' to refresh, 'B' for this menu, 'E' to exit";

/** The look of the mailbox handout: its arrows, its brackets, its menu. */
export class MailboxView implements View<ClientEvent> {
  readonly calling = { begin: "--> [connecting to server]", attempt: "*", end: "[connected to server]" };
  readonly #paint: Palette;

  constructor(options: { colour: boolean }) {
    this.#paint = palette(options.colour);
  }

  event(happening: ClientEvent, memory: ChatState, now: number): string[] {
    switch (happening.type) {
      case "message":
        return [this.#message(happening.message, memory, now)];
      case "sent":
        return [this.#paint.quiet(`--> [Message sent - ${stamp(happening.time, now)}${which(happening.id, memory)}]`)];
      case "delivered":
        return [this.#received(happening, memory, now)];
      case "failed":
        return [this.#failed(happening, memory)];
      case "online":
      case "offline":
        return [this.news(`${happening.name} is ${happening.type}`)];
      case "users":
        return this.#users(happening.users, memory);
      case "inRoom":
        return [`--> [who is in '${fit(happening.room)}']`, ...this.#users(happening.users, memory)];
      case "rooms":
        return this.#rooms(happening.rooms);
      case "history":
        return this.#history(happening, now);
      case "joined":
        return [`--> [you joined '${fit(happening.room)}']`];
      case "left":
        return [`--> [you left '${fit(happening.room)}']`];
      case "loggedIn":
      case "denied":
      case "closing":
      case "elsewhere":
        return [];
    }
  }

  welcome({ me }: ChatState): string[] {
    return [`#####[you: ${this.#name(me)}]#####`];
  }

  menu(rooms: readonly RoomState[], users: readonly UserState[], memory: ChatState): string[] {
    return [...this.#rooms(rooms), ...this.#users(users, memory), `--> [${TYPE}]`];
  }

  // Rooms are gone to by joining them, which is answered.
  moved(to: Target): string[] {
    return "user" in to ? [`--> [you chat with '${fit(to.user)}']`] : [];
  }

  prompt(): string {
    return "";
  }

  news(text: string): string {
    return this.#paint.quiet(`--> [${fit(text)}]`);
  }

  fault(why: string): string {
    return this.#paint.loud(`--> [${fit(why)}]`);
  }

  unreached(why: string): string[] {
    const line = this.fault("couldn't connect to server");
    return why === "" ? [line] : [line, this.news(why)];
  }

  #message(said: ShownMessage, memory: ChatState, now: number): string {
    const line = this.#line(said, said.time < memory.since ? stamp(said.time, now) : undefined);
    const conversation = memory.conversation(said);
    if (sameTarget(conversation, memory.here)) return line;
    return `--> [${targetName(conversation)}] ${line}`;
  }

  #line({ from, text }: ShownMessage, time: string | undefined): string {
    return `>> ${this.#name(from)}: ${saidText(text)}${time === undefined ? "" : ` ${this.#paint.quiet(`[${time}]`)}`}`;
  }

  #received({ id, to, time }: Of<"delivered">, memory: ChatState, now: number): string {
    const by = memory.isObvious(id) ? "" : ` by ${fit(to)}`;
    return this.#paint.good(`--> [Message received${by} - ${stamp(time, now)}${which(id, memory)}]`);
  }

  #failed({ id, to, why }: Of<"failed">, memory: ChatState): string {
    const spoken = memory.sentMessage(id);
    const target = to ?? spoken?.to;
    const what = spoken ? ` - ${quoted(spoken.text)}` : "";
    return this.#paint.loud(
      `--> [Message NOT delivered${target ? ` to '${targetName(target)}'` : ""}: ${fit(why)}${what}]`,
    );
  }

  #rooms(rooms: readonly RoomState[]): string[] {
    return ["--> [available group chats]", ...rooms.map(({ name }, index) => `${index + 1}. ${this.#name(name)}`)];
  }

  #users(users: readonly UserState[], { me }: ChatState): string[] {
    const others = users.filter(({ name }) => name !== me);
    return [
      "--> [available users]",
      ...others.map(({ name, online }, index) =>
        `${index + 1}. ${this.#name(name)} (${online ? "online" : "offline"})`
      ),
    ];
  }

  #history(history: Of<"history">, now: number): string[] {
    return [
      this.news(historyTitle(history)),
      ...history.messages.map((said) => this.#line(said, stamp(said.time, now))),
    ];
  }

  #name(name: string): string {
    return this.#paint.name(fit(name));
  }
}

function which(id: string, memory: ChatState): string {
  const spoken = memory.isObvious(id) ? undefined : memory.sentMessage(id);
  return spoken ? ` - ${quoted(spoken.text)}` : "";
}
