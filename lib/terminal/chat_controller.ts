import type { RoomState } from "../chat/event.ts";
import type { Target } from "../chat/store.ts";
import type { FileCommand } from "../protocols/transfer/event.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import { type ChatAction, type Listing, type Question, sameTarget } from "./commands.ts";
import { type Asked, PendingQuestions } from "./pending_questions.ts";
import type { View } from "./view.ts";
import { type ChatEvent, ChatState } from "./chat_state.ts";
import { ConnectionNotices, type ReachWay } from "./connection_notices.ts";
import type { ChatMode } from "./chat_style.ts";
import type { Ui } from "./ui.ts";

/** What a talk asks of the client. */
export interface Talker<Q extends Question> {
  /** Says something; the id that its states come under, or why it is not taken. */
  say(to: Target, text: string): { id: string } | { why: string };
  /** Asks something; the answer comes as an event. */
  ask(question: Q | Listing): void;
  /** Does something about files; what comes of it is shown. */
  file(act: FileCommand): void;
  leave(): void;
}

/** Where a talk makes itself seen. */
export interface TalkWay extends ReachWay, Pick<Ui, "show"> {
  help(topic: string | undefined): readonly string[];
}

/**
 * What happens between typed lines and shown lines.
 *
 * 1. What follows `/join ROOM` goes to ROOM, also before that is answered; when it is denied, one is back where one was.
 * 2. Which question a denial is of, the style says.
 * 3. What becomes of a message is shown after it was said, also when the client tells it at once.
 */
export class ChatController<Q extends Question, Event extends ChatEvent> {
  readonly memory: ChatState;
  /** What is told of the connection. */
  readonly connection: ConnectionNotices;
  readonly #asked: PendingQuestions;
  /** Events that came while something was being said, before its id was known; undefined at other times. */
  #early: { readonly event: Event; readonly now: number }[] | undefined;
  readonly #unanswered = new Set<string>();
  #menuRooms: readonly RoomState[] = [];
  /** What is said and asked is answered. */
  #answers = false;

  /** `curious`: it asks at once who and what there is, for completion and for the menu. */
  constructor(
    readonly talker: Talker<Q>,
    readonly look: View<Event>,
    readonly way: TalkWay,
    readonly style: ChatMode<Q>,
    readonly curious: boolean,
  ) {
    this.memory = new ChatState(style);
    this.#asked = new PendingQuestions(style.ordered);
    this.connection = new ConnectionNotices(look, way, () => ({ said: this.#unanswered.size, all: this.waiting }));
  }

  get prompt(): string {
    return this.look.prompt(this.memory);
  }

  /** How much was said and asked, and not answered yet. */
  get waiting(): number {
    if (!this.#answers) return 0;
    return this.#unanswered.size + (this.style.ordered ? this.#asked.size : 0);
  }

  /** A line was typed. */
  typed(line: string): void {
    const { here, rooms } = this.memory;
    this.#do(this.style.read(line, { here, rooms }));
  }

  /** There is no server that would let us in: we are, under this name. */
  begin(name: string): void {
    this.memory.me = name;
    this.#answers = true;
    this.#greet();
  }

  /** The client has learnt something. */
  event(event: Event, now: number): void {
    if (this.#early) return void this.#early.push({ event, now });
    this.connection.heard();
    const learnt: ChatEvent = event;
    const asked = this.#asked.answered(learnt);
    this.memory.learn(learnt, now);
    switch (learnt.type) {
      case "loggedIn":
        return this.#cameIn(learnt.again);
      case "closing":
        return this.connection.closing();
      case "denied":
        if (asked?.moved) this.#goBack(asked.moved.from, asked.moved.to);
        // Of the two questions for the menu one denial says enough.
        if (asked?.purpose === "quiet" || (asked?.purpose === "menu" && asked.question.type === "users")) return;
        return this.way.aside(this.look.fault(learnt.why));
      case "news":
        return this.way.aside(this.look.news(learnt.text));
      case "sent":
      case "delivered":
      case "kept":
      case "failed":
        this.#unanswered.delete(learnt.id);
        break;
      case "users":
      case "rooms":
        if (asked?.purpose === "quiet") return;
        if (asked?.purpose === "menu") return this.#menu(learnt);
        break;
    }
    this.#show(this.look.event(event, this.memory, now));
  }

  /** The server is one of the handout: it answers in lines of its own. */
  handout(): void {
    this.#answers = false;
    this.#unanswered.clear();
    this.#asked.clear();
  }

  #do(act: ChatAction<Q>): void {
    switch (act.type) {
      case "nothing":
        return;
      case "exit":
        return this.talker.leave();
      case "say":
        return this.#say(act.to, act.text);
      case "go":
        this.memory.here = act.to;
        this.#show(this.look.moved(act.to));
        return this.#doubt(act.to);
      case "ask":
        return this.#ask(act.question);
      case "file":
        return this.talker.file(act.act);
      case "menu":
        if (act.back) this.memory.here = undefined;
        return this.#askMenu();
      case "help":
        for (const line of this.way.help(act.topic)) this.way.aside(line);
        return;
      case "fault":
        return this.way.aside(this.look.fault(act.why));
    }
  }

  #say(to: Target, text: string): void {
    const early = this.#early = [];
    const said = this.talker.say(to, text);
    this.#early = undefined;
    if ("id" in said) this.#said(said.id, to, text);
    else this.way.aside(this.look.fault(`not sent: ${said.why}`));
    for (const { event, now } of early) this.event(event, now);
  }

  #said(id: string, to: Target, text: string): void {
    this.memory.sent(id, { to, text });
    if (this.#answers) this.#unanswered.add(id);
    this.connection.tellWaiting();
  }

  /** A name that nobody has is noticed before anything is said to it. */
  #doubt(to: Target): void {
    const { memory, way, look } = this;
    if (!memory.usersListed || !("user" in to) || memory.hasHeardOf(to.user)) return;
    way.aside(look.news(`nothing was heard of a "${to.user}" so far; /list shows who there is`));
  }

  #ask(question: Q | Listing, purpose: Asked["purpose"] = "shown"): void {
    if (this.connection.away) {
      return this.way.aside(this.look.fault("there is no connection at the moment; ask again when it is back"));
    }
    const from = this.memory.here;
    const to = this.memory.here = this.#whereTo(question);
    const moved = to === from ? undefined : { from, to };
    this.#asked.ask({ question, purpose, moved }, () => this.talker.ask(question));
  }

  /** Where one is with this question asked. */
  #whereTo(question: Question): Target | undefined {
    const { here } = this.memory;
    if (question.type === "join" || question.type === "group") return { room: question.room };
    return question.type === "leave" && sameTarget(here, { room: question.room }) ? this.style.home : here;
  }

  /** We are not let go `to`; nor does anything lead back to there. */
  #goBack(from: Target | undefined, to: Target | undefined): void {
    if (sameTarget(this.memory.here, to)) this.memory.here = from;
    this.#asked.detour(to, from);
  }

  #askMenu(): void {
    this.#ask({ type: "rooms" }, "menu");
    // Said once is enough.
    if (!this.connection.away) this.#ask({ type: "users" }, "menu");
  }

  #menu(happening: Extract<ClientEvent, { type: "rooms" | "users" }>): void {
    if (happening.type === "rooms") this.#menuRooms = happening.rooms;
    else this.#show(this.look.menu(this.#menuRooms, happening.users, this.memory));
  }

  #cameIn(again: boolean): void {
    this.#answers = true;
    this.connection.cameIn();
    // What was asked before was asked of a connection that is gone.
    this.#asked.clear();
    if (again) return this.way.aside(this.look.news("back"));
    this.#greet();
  }

  #greet(): void {
    this.#show(this.look.welcome(this.memory));
    if (!this.curious) return;
    if (this.style.menu) this.#askMenu();
    else this.#ask({ type: "users" }, "quiet");
  }

  #show(lines: readonly string[]): void {
    for (const line of lines) this.way.show(line);
  }
}
