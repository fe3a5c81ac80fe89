import type { ServerMove } from "../protocols/native/server_choice.ts";
import type { RoomState } from "../chat/event.ts";
import type { Target } from "../chat/entry.ts";
import { Outputs } from "../core/machine.ts";
import type { ClientEvent } from "../protocols/native/client_event.ts";
import type { FileEvent } from "../protocols/transfer/event.ts";
import type { ChatOutput, SayResult } from "./chat_output.ts";
import { type ChatEvent, ChatState, sameTarget } from "./chat_state.ts";
import type { ChatAction, ChatMode, ChatQuestion, Listing, Question } from "./commands.ts";
import { ConnectionNotices } from "./connection_notices.ts";
import { FileNotices } from "./file_notices.ts";
import { type FollowUp, FollowUps } from "./follow_ups.ts";
import { helpText } from "./help.ts";
import { type Asked, PendingQuestions } from "./pending_questions.ts";
import { Reading } from "./reading.ts";
import { OwnMessages } from "./own_messages.ts";
import type { View } from "./view.ts";

/** The last messages of a room that are shown when it is entered. */
const LAST_LINES = 10;

/**
 * Turns typed lines into requests to the client, and the client's events into shown lines.
 *
 * 1. Text after `/join ROOM` goes to ROOM at once; if the server denies the room, the previous conversation is open again.
 * 2. A denial belongs to the question that it names, otherwise to the question that is being asked.
 * 3. The states of a message are shown after the message, even if the client reports them before its id is known.
 */
export class ChatController<Q extends Question, Event extends ChatEvent> {
  readonly state: ChatState;
  readonly connection: ConnectionNotices;
  readonly #outputs = new Outputs<ChatOutput<Q>>();
  readonly #files: FileNotices;
  readonly #questions = new PendingQuestions();
  readonly #reading: Reading;
  readonly #followUps: FollowUps;
  readonly #own: OwnMessages<Event>;
  /** Lines about which the user was asked. */
  readonly #questioned = new Set<string>();
  #menuRooms: readonly RoomState[] = [];
  /** Whether messages and questions are answered. */
  #answers = false;
  /** Whether the server cannot change this user's password. */
  #hasFixedPassword = false;

  /** `interactive`: it asks for users and rooms at once, for completion and the menu, and words files for people. */
  constructor(readonly view: View<Event>, readonly mode: ChatMode<Q>, readonly interactive: boolean) {
    this.state = new ChatState(mode);
    this.#reading = new Reading(interactive, this.state);
    this.#followUps = new FollowUps(view, this.state, this.#outputs);
    this.#own = new OwnMessages(view, this.state, this.#outputs);
    const waiting = () => ({ messages: this.#own.unconfirmed, all: this.waiting });
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
    return this.#own.unconfirmed + (this.mode.answersAll ? this.#questions.size : 0);
  }

  /** Whether a message is being changed; until then `/edit 2` could count a message that is typed next. */
  get isAmending(): boolean {
    return this.#followUps.isAmending;
  }

  /** A chat without a login begins, under this name. */
  begin(name: string, now: number): void {
    this.#reading.begin(now);
    this.state.me = name;
    this.#answers = true;
    this.#welcome();
  }

  /** Enters a room; if this creates the room, it is unlisted. */
  enterRoom(room: string, now: number): void {
    this.#ask({ type: "join", room, unlisted: true }, "shown", now);
  }

  /** A line was typed. */
  typed(line: string, now: number): void {
    this.#reading.key(now);
    const { here, rooms } = this.state;
    this.#act(this.mode.parse(line, { here, rooms, now }), now);
  }

  #act(action: ChatAction<Q>, now: number): void {
    switch (action.type) {
      case "unsure":
        if (!this.interactive || this.#questioned.has(action.line)) return this.#act(action.action, now);
        this.#questioned.add(action.line);
        return this.#notice(this.view.news(action.question));
      case "nothing":
        return;
      case "exit":
        this.leaving(now);
        return this.#outputs.push({ type: "leave" });
      case "say":
        this.#own.said();
        return this.#outputs.push({ ...action, to: this.state.labelled(action.to) });
      case "go": {
        const to = this.state.labelled(action.to);
        this.#moveTo(to, now);
        this.#show(this.view.moved(to));
        this.#showUnread();
        this.#outputs.push({ type: "entered", to });
        return this.#warnIfUnknown(to);
      }
      case "ask":
        if (action.as !== undefined) this.state.lobbyName = action.as;
        this.#ask(action.question, "shown", now);
        return this.#showUnread();
      case "amend":
        if (this.connection.away) return this.#noConnection();
        this.#followUps.amend(action.to, action.nth, action.text);
        return this.#askConfirmed();
      case "versions":
        if (this.connection.away) return this.#noConnection();
        this.#followUps.versions(action.in, action.nth, action.from);
        return this.#askConfirmed();
      case "passwd":
        if (this.connection.away) return this.#noConnection();
        // The server answers with the reason, before anything is typed.
        if (this.#hasFixedPassword) return this.#ask({ type: "passwd", old: "", new: "" }, "shown", now);
        return this.#outputs.push(action);
      case "file": {
        const why = action.action.type === "send" ? this.#unreachable(action.action.to) : undefined;
        return why === undefined ? this.#outputs.push(action) : this.#notice(this.view.error(why));
      }
      case "direct":
        return this.#outputs.push(action);
      case "menu":
        if (action.leave) this.#moveTo(undefined, now);
        return this.#askMenu();
      case "help":
        for (const line of helpText(action.topic, this.mode)) this.#notice(line);
        return;
      case "mistake":
        return this.#notice(this.view.error(action.why));
    }
  }

  /** The client has taken a message, or refuses it. */
  sayAnswered(result: SayResult, to: Target, text: string, now: number): void {
    const early = this.#own.answered(result, to, text, now, this.#answers);
    if ("id" in result) this.connection.showWaiting();
    for (const { event, now } of early) this.event(event, now);
  }

  /** The client has taken a change of a message, or refuses it. */
  amendAnswered(result: SayResult): void {
    if ("why" in result) this.#followUps.refused(result.why);
  }

  /** The answers to `passwd`. */
  newPassword(old: string, password: string, again: string, now: number): void {
    if (password !== again) {
      return this.#notice(this.view.error("the two new passwords differ; your password stays as it was"));
    }
    this.#ask({ type: "passwd", old, new: password }, "shown", now);
  }

  /** A key was pressed. */
  key(now: number): void {
    this.#reading.key(now);
  }

  /** Called about once a second at a terminal. */
  tick(now: number): void {
    this.connection.tick(now);
    this.#read(now);
  }

  /** The connection is lost; the next attempt is in `againMs`, perhaps at another server. */
  lost(why: string, againMs: number, move?: ServerMove): void {
    this.connection.lost(why, againMs, move);
    this.#followUps.lost();
  }

  /** The user leaves: the messages on the screen count as read. */
  leaving(now: number): void {
    this.#read(now);
  }

  /** The client is being asked this question; undefined once it has taken it. */
  asking(question: Question | undefined): void {
    this.#questions.current = question;
  }

  event(event: Event, now: number): void {
    if (this.#own.holds(event, now)) return;
    this.connection.heard();
    const known: ChatEvent = event;
    const asked = this.#questions.answered(known);
    const isEntered = known.type === "joined" && asked !== undefined && !this.state.joined.has(known.room);
    this.state.learn(known, now);
    this.#followUps.heard(known);
    if (asked?.purpose === "amend" || asked?.purpose === "surroundings") {
      return this.#askAll(this.#followUps.answered(asked, known, now));
    }
    switch (known.type) {
      case "loggedIn":
        this.#hasFixedPassword = known.fixedPassword === true;
        return this.#loggedIn(known.again, now);
      case "conversations":
        this.#reading.told();
        return this.#showUnread();
      case "message":
        if (!known.own && this.#reading.isFirstNew(known.message, now)) {
          this.#show(this.view.newMessages?.() ?? []);
        }
        if (known.own && this.#own.elsewhere(known.message, now)) return;
        break;
      case "history":
        this.#show(this.view.event(event, this.state, now));
        this.#reading.pageShown(known);
        return asked?.purpose === "opened" ? this.#opened() : undefined;
      case "found":
        if (!this.view.hits || known.messages.length === 0) break;
        return this.#askAll(this.#followUps.found(known));
      case "closing":
        // The program shows the reason when it ends.
        return known.why === undefined ? this.connection.stopping() : undefined;
      case "servers":
        return this.connection.servers(known);
      case "denied":
        if (asked?.purpose === "opened") return this.#reading.answered();
        if (asked?.moved) this.#moveBack(asked.moved.from, asked.moved.to);
        // The menu asks two questions; one denial is shown for both.
        if (asked?.purpose === "quiet" || (asked?.purpose === "menu" && asked.question.type === "users")) return;
        return this.#notice(this.view.error(known.why));
      case "notice":
        return this.#notice(this.view.news(known.text));
      case "newPassword":
        return this.#notice(this.view.news("you have a new password; your other connections have ended"));
      case "sent":
      case "delivered":
      case "unconfirmed":
      case "queued":
      case "failed":
        this.#own.outcome(event, now);
        return this.#askConfirmed();
      case "received":
        return this.#own.outcome(event, now);
      case "joined":
        this.#show(this.view.event(event, this.state, now));
        // A room that this has just created has no messages.
        if (isEntered && known.members > 1 && this.mode.showsRooms && this.interactive) this.#showRoom(known.room);
        return;
      case "users":
      case "rooms":
        if (asked?.purpose === "quiet") return;
        if (asked?.purpose === "menu") return this.#menu(known);
        break;
    }
    this.#show(this.view.event(event, this.state, now));
  }

  file(event: FileEvent, now: number): void {
    if (event.type === "offering" && this.#own.offering(event, now)) return;
    const line = event.type === "fileSent" ? this.#own.fileReceived(event, now) : undefined;
    this.#files.event(event, !this.connection.connecting, now, line !== undefined);
    if (line) this.#own.change(line, now);
  }

  /** A message that offers a file: it is shown as that file. */
  offered(event: ChatEvent, now: number): void {
    this.connection.heard();
    this.state.learn(event, now);
  }

  /** The program itself has sent a message: the offer of the last file. */
  offerSent(id: string, to: Target, text: string): void {
    this.#own.offerSent(id, to, text);
  }

  /** Whether a typed line stays on the screen; a message is shown anew, with its time. */
  echoes(line: string, now: number): boolean {
    const { here, rooms } = this.state;
    return !this.view.own || this.mode.parse(line, { here, rooms, now }).type !== "say";
  }

  /** The server speaks a handout's protocol: its answers are lines for people, and the chat waits for none of them. */
  handout(): void {
    this.#answers = false;
    this.#own.clear();
    this.#questions.clear();
    this.#followUps.clear();
  }

  /** Why a file cannot be offered to a target, as far as this client knows. */
  #unreachable(to: Target): string | undefined {
    if (!this.state.usersListed) return undefined;
    if ("room" in to) {
      return this.state.joined.has(to.room)
        ? undefined
        : `nothing is offered: you are not in ${to.room}; /join ${to.room} first`;
    }
    return this.state.hasHeardOf(to.user)
      ? undefined
      : `nothing is offered: no user called "${to.user}" is known; /list shows all known users`;
  }

  /** A room that was just entered: its members, and its last messages. */
  #showRoom(room: string): void {
    this.#ask({ type: "who", room }, "shown");
    this.#ask({ type: "history", of: { room }, limit: LAST_LINES }, "shown");
  }

  #warnIfUnknown(to: Target): void {
    if (!this.state.usersListed || !("user" in to) || this.state.hasHeardOf(to.user)) return;
    this.#notice(this.view.news(`no user called "${to.user}" is known; /list shows all known users`));
  }

  #ask(question: Q | Listing | ChatQuestion, purpose: Asked["purpose"], now?: number): void {
    if (this.connection.away) return this.#noConnection();
    const from = this.state.here;
    const to = this.#conversationAfter(question);
    if (now !== undefined && !sameTarget(from, to)) this.#moveTo(to, now);
    this.#questions.add({ question, purpose, moved: sameTarget(from, to) ? undefined : { from, to } });
    // History is asked for only in a mode with a server.
    this.#outputs.push({ type: "ask", question: question as Q | Listing });
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

  /** Plain text goes here from now on. */
  #moveTo(to: Target | undefined, now: number): void {
    this.#read(now);
    this.state.here = to;
  }

  /** Marks the messages of the open conversation on the screen as read. */
  #read(now: number): void {
    const read = this.connection.away ? undefined : this.#reading.read(now);
    if (read) this.#outputs.push({ type: "read", ...read });
  }

  /** Requests the unread messages of the open conversation that are not on the screen. */
  #showUnread(): void {
    const question = this.connection.away ? undefined : this.#reading.question();
    if (question) this.#ask(question, "opened");
  }

  /** The unread messages were shown; another conversation may be open by now. */
  #opened(): void {
    this.#reading.answered();
    this.#showUnread();
  }

  /** Sends the questions that wait until the server has every earlier message. */
  #askConfirmed(): void {
    if (this.#own.unconfirmed === 0) this.#askAll(this.#followUps.confirmed());
  }

  #askAll(followUps: readonly FollowUp[]): void {
    for (const { question, purpose } of followUps) this.#ask(question, purpose);
  }

  #noConnection(): void {
    this.#notice(this.view.error("no connection at the moment; try again when it is back"));
  }

  #askMenu(): void {
    this.#ask({ type: "rooms" }, "menu");
    // One notice for each lost connection is enough.
    if (!this.connection.away) this.#ask({ type: "users" }, "menu");
  }

  #menu(event: Extract<ClientEvent, { type: "rooms" | "users" }>): void {
    if (event.type === "rooms") this.#menuRooms = event.rooms;
    else this.#show(this.view.menu(this.#menuRooms, event.users, this.state));
  }

  #loggedIn(again: boolean, now: number): void {
    this.#reading.loggedIn(again, now);
    this.#answers = true;
    this.connection.loggedIn();
    // Earlier questions were lost with their connection.
    this.#questions.clear();
    this.#followUps.clear();
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
