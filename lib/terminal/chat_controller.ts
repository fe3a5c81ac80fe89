import type { RoomState } from "../chat/event.ts";
import type { Target } from "../chat/entry.ts";
import { Outputs } from "../core/machine.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { FileCommand, FileEvent } from "../protocols/transfer/event.ts";
import { type ChatEvent, ChatState, sameTarget } from "./chat_state.ts";
import type { ChatMode, Listing, Question } from "./commands.ts";
import { ConnectionNotices } from "./connection_notices.ts";
import { FileNotices } from "./file_notices.ts";
import { helpText } from "./help.ts";
import { type Asked, PendingQuestions } from "./pending_questions.ts";
import type { ScreenOutput, View } from "./view.ts";

/** A step for the screen or for the client. */
export type ChatOutput<Q> =
  | ScreenOutput
  /** Is answered by `sayAnswered`. */
  | { readonly type: "say"; readonly to: Target; readonly text: string }
  /** While the client takes the question, `asking` has been told. */
  | { readonly type: "ask"; readonly question: Q | Listing }
  | { readonly type: "file"; readonly action: FileCommand }
  | { readonly type: "leave" };

/** The client's answer to a message: the id of its later states, or the reason why it is not sent. */
export type SayResult = { readonly id: string } | { readonly why: string };

/**
 * The machine between typed lines and the client on one side, and shown lines on the other.
 *
 * 1. Text after `/join ROOM` goes to ROOM, also before the answer; if that is a denial, the conversation is the one before.
 * 2. The mode decides to which question a denial belongs.
 * 3. States of a message are shown after the message, also when the client reports them before its id is known.
 */
export class ChatController<Q extends Question, Event extends ChatEvent> {
  readonly state: ChatState;
  readonly connection: ConnectionNotices;
  readonly #outputs = new Outputs<ChatOutput<Q>>();
  readonly #files: FileNotices;
  readonly #questions: PendingQuestions;
  /** Events that came while a message waits for its id; undefined at other times. */
  #early: { readonly event: Event; readonly now: number }[] | undefined;
  readonly #unconfirmed = new Set<string>();
  #menuRooms: readonly RoomState[] = [];
  /** Whether messages and questions are answered. */
  #answers = false;

  /** `interactive`: it asks for users and rooms at once, for completion and the menu, and words files for people. */
  constructor(readonly view: View<Event>, readonly mode: ChatMode<Q>, readonly interactive: boolean) {
    this.state = new ChatState(mode);
    this.#questions = new PendingQuestions(mode.ordered);
    const waiting = () => ({ messages: this.#unconfirmed.size, all: this.waiting });
    this.connection = new ConnectionNotices(view, this.#outputs, waiting);
    this.#files = new FileNotices(view, this.#outputs, interactive);
  }

  takeOutputs(): readonly ChatOutput<Q>[] {
    return this.#outputs.take();
  }

  get prompt(): string {
    return this.view.prompt(this.state);
  }

  /** The number of messages and questions without an answer. */
  get waiting(): number {
    if (!this.#answers) return 0;
    return this.#unconfirmed.size + (this.mode.ordered ? this.#questions.size : 0);
  }

  /** A chat without a login begins, under this name. */
  begin(name: string): void {
    this.state.me = name;
    this.#answers = true;
    this.#welcome();
  }

  /** A line was typed. */
  typed(line: string): void {
    const { here, rooms } = this.state;
    const action = this.mode.parse(line, { here, rooms });
    switch (action.type) {
      case "nothing":
        return;
      case "exit":
        return this.#outputs.push({ type: "leave" });
      case "say":
        this.#early = [];
        return this.#outputs.push(action);
      case "go":
        this.state.here = action.to;
        this.#show(this.view.moved(action.to));
        return this.#warnIfUnknown(action.to);
      case "ask":
        return this.#ask(action.question);
      case "file":
        return this.#outputs.push(action);
      case "menu":
        if (action.leave) this.state.here = undefined;
        return this.#askMenu();
      case "help":
        for (const line of helpText(action.topic, this.mode)) this.#notice(line);
        return;
      case "mistake":
        return this.#notice(this.view.error(action.why));
    }
  }

  /** The client has taken a message, or refuses it. */
  sayAnswered(result: SayResult, to: Target, text: string): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    if ("id" in result) {
      this.state.sent(result.id, { to, text });
      if (this.#answers) this.#unconfirmed.add(result.id);
      this.connection.showWaiting();
    } else this.#notice(this.view.error(`not sent: ${result.why}`));
    for (const { event, now } of early) this.event(event, now);
  }

  /** The client is being asked this question; undefined once it has taken it. */
  asking(question: Question | undefined): void {
    this.#questions.current = question;
  }

  event(event: Event, now: number): void {
    if (this.#early) return void this.#early.push({ event, now });
    this.connection.heard();
    const known: ChatEvent = event;
    const asked = this.#questions.answered(known);
    this.state.learn(known, now);
    switch (known.type) {
      case "loggedIn":
        return this.#loggedIn(known.again);
      case "closing":
        return this.connection.stopping();
      case "denied":
        if (asked?.moved) this.#moveBack(asked.moved.from, asked.moved.to);
        // The menu asks two questions, and one denial is enough.
        if (asked?.purpose === "quiet" || (asked?.purpose === "menu" && asked.question.type === "users")) return;
        return this.#notice(this.view.error(known.why));
      case "notice":
        return this.#notice(this.view.news(known.text));
      case "sent":
      case "delivered":
      case "queued":
      case "failed":
        if (known.id !== undefined) this.#unconfirmed.delete(known.id);
        break;
      case "users":
      case "rooms":
        if (asked?.purpose === "quiet") return;
        if (asked?.purpose === "menu") return this.#menu(known);
        break;
    }
    this.#show(this.view.event(event, this.state, now));
  }

  file(event: FileEvent): void {
    this.#files.event(event, !this.connection.connecting);
  }

  /** The server speaks a handout's protocol: its answers are lines for people, and none is waited for. */
  handout(): void {
    this.#answers = false;
    this.#unconfirmed.clear();
    this.#questions.clear();
  }

  #warnIfUnknown(to: Target): void {
    if (!this.state.usersListed || !("user" in to) || this.state.hasHeardOf(to.user)) return;
    this.#notice(this.view.news(`no user called "${to.user}" is known; /list shows all known users`));
  }

  #ask(question: Q | Listing, purpose: Asked["purpose"] = "shown"): void {
    if (this.connection.away) {
      return this.#notice(this.view.error("no connection at the moment; try again when it is back"));
    }
    const from = this.state.here;
    const to = this.state.here = this.#conversationAfter(question);
    this.#questions.add({ question, purpose, moved: to === from ? undefined : { from, to } });
    this.#outputs.push({ type: "ask", question });
  }

  #conversationAfter(question: Question): Target | undefined {
    const { here } = this.state;
    if (question.type === "join" || question.type === "group") return { room: question.room };
    return question.type === "leave" && sameTarget(here, { room: question.room }) ? this.mode.home : here;
  }

  #moveBack(from: Target | undefined, to: Target | undefined): void {
    if (sameTarget(this.state.here, to)) this.state.here = from;
    this.#questions.redirect(to, from);
  }

  #askMenu(): void {
    this.#ask({ type: "rooms" }, "menu");
    // Without a connection, one notice is enough.
    if (!this.connection.away) this.#ask({ type: "users" }, "menu");
  }

  #menu(event: Extract<ClientEvent, { type: "rooms" | "users" }>): void {
    if (event.type === "rooms") this.#menuRooms = event.rooms;
    else this.#show(this.view.menu(this.#menuRooms, event.users, this.state));
  }

  #loggedIn(again: boolean): void {
    this.#answers = true;
    this.connection.loggedIn();
    // Earlier questions were lost with their connection.
    this.#questions.clear();
    if (again) return this.#notice(this.view.news("reconnected"));
    this.#welcome();
  }

  #welcome(): void {
    this.#show(this.view.welcome(this.state));
    if (!this.interactive) return;
    if (this.mode.menu) this.#askMenu();
    else this.#ask({ type: "users" }, "quiet");
  }

  #notice(line: string): void {
    this.#outputs.push({ type: "notice", line });
  }

  #show(lines: readonly string[]): void {
    for (const line of lines) this.#outputs.push({ type: "show", line });
  }
}
