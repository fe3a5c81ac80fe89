import type { Target } from "../../chat/entry.ts";
import { Fault } from "../../core/errors.ts";
import { IDENTIFIER_CHARACTERS } from "../../core/json_fields.ts";
import { Outputs } from "../../core/machine.ts";
import { TEXT_BYTES, textFault } from "../../core/text.ts";
import type { ClientEvent, ClientQuestion, NativeOutput } from "./client_event.ts";
import { ClientLog, type ClientLogOptions } from "./client_log.ts";
import { type ClientMessage, decodeServerMessage, encodeClientMessage, type ServerMessage } from "./messages.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { type EarlierRun, OwnMessages } from "./own_messages.ts";
import { PendingQuestions } from "./questions.ts";

/** What a client starts with: a name for as long as its numbers go on, and what an earlier run under that name has left. */
export interface NativeClientOptions extends ClientLogOptions, EarlierRun {
  /** Whether outputs say who is writing. */
  readonly takesTyping?: boolean;
}

/**
 * The client's side of the native protocol, over any number of connections one after the other.
 *
 * 1. A message is kept until it is answered, and sent again under the same number after a reconnect: the server takes it once.
 * 2. Each entry of the log is shown once, in order, even if the server repeats it, or another server of the same chat does.
 * 3. `flush`, at the end of a turn, acknowledges what was shown.
 */
export class NativeClient {
  readonly #outputs = new Outputs<NativeOutput>();
  readonly #client: string;
  readonly #own: OwnMessages;
  readonly #log: ClientLog;
  readonly #questions = new PendingQuestions();
  readonly #takesTyping: boolean;
  /** Whether the server passes on who is writing. */
  #passesTyping = false;
  #stage: "offline" | "resume" | "loggedIn" = "offline";
  /** The server's limit, once it has told it. */
  #textBytes = TEXT_BYTES;
  #textLines: number | undefined;
  #name = "";

  constructor(options: NativeClientOptions) {
    this.#client = options.client;
    this.#own = new OwnMessages(this.#outputs, options.client, options);
    this.#log = new ClientLog(options, this.#outputs, this.#own);
    this.#takesTyping = options.takesTyping ?? false;
  }

  get name(): string {
    return this.#name;
  }

  /** Whether messages are sent at once. */
  get isLoggedIn(): boolean {
    return this.#stage === "loggedIn";
  }

  /** Whether every message and every question is answered. */
  get settled(): boolean {
    return this.#own.waiting === 0 && this.#questions.size === 0;
  }

  /** How many messages have no answer yet. */
  get waiting(): number {
    return this.#own.waiting;
  }

  /** The messages without an answer, in order. */
  get unanswered(): readonly OutgoingMessage[] {
    return this.#own.unanswered;
  }

  takeOutputs(): readonly NativeOutput[] {
    return this.#outputs.take();
  }

  /** A connection is open on which the server knows who the user is. */
  start(name: string): void {
    this.#name = name;
    this.#stage = "resume";
    this.#own.ended();
    this.#send({
      type: "resume",
      client: this.#client,
      answered: this.#own.answeredUpTo,
      ...this.#log.connected(name),
      ...this.#takesTyping ? { typing: true } : {},
    });
  }

  /** The connection is lost. */
  lost(): void {
    this.#stage = "offline";
    this.#own.ended();
    for (const question of this.#questions.takeAll()) {
      if (this.#log.asks(question)) continue;
      this.#show({
        type: "denied",
        why: `the connection was lost before ${question.type} was answered`,
        question,
      });
    }
    this.#log.lost();
  }

  /** The highest number that this client has given. */
  get lastNumber(): number {
    return this.#own.lastNumber;
  }

  /** Sends a message, now or once there is a connection; its id, or why it is not accepted. */
  say(to: Target, text: string, now: number, reply?: number): { id: string } | { why: string } {
    const why = this.#fault(to, text);
    return why === undefined ? this.#push({ to, text, time: now, ...(reply === undefined ? {} : { reply }) }) : { why };
  }

  /** Changes the text of an own message; `to` is where it was said. */
  edit(of: number, to: Target, text: string, now: number): { id: string } | { why: string } {
    const why = text === "" ? "an empty text is not sent" : this.#fault(to, text);
    return why === undefined ? this.#push({ to, text, time: now, of }) : { why };
  }

  /** Withdraws an own message; `to` is where it was said. */
  withdraw(of: number, to: Target, now: number): { id: string } | { why: string } {
    return this.#push({ to, text: "", time: now, of });
  }

  /** Puts a mark to a message, or takes it back; `to` is where the message is. */
  react(of: number, to: Target, text: string, now: number): { id: string } | { why: string } {
    return this.#push({ to, text, time: now, of, reacts: true });
  }

  /** The user has read a conversation up to here. */
  read(of: Target, upTo: number): void {
    if (this.#stage === "loggedIn") this.#send({ type: "read", of, upTo });
  }

  /** Asks the server; the answer is an event. */
  ask(question: ClientQuestion): void {
    if (this.#stage === "loggedIn") return this.#send(this.#questions.ask(question));
    this.#show({ type: "denied", why: `${question.type} cannot be asked while there is no connection`, question });
  }

  /** Sends a signal to the programs of a user, if there is a session; with the address at which the server sees us only if `at`. */
  signal(to: string, text: string, at: boolean): void {
    if (this.#stage === "loggedIn") this.#send({ type: "signal", to, text, at: at || undefined });
    else this.#outputs.push({ type: "signalFailed", to });
  }

  /** The user is writing: others are told, if there is a session. */
  typing(to: Target): void {
    if (this.#stage === "loggedIn" && this.#passesTyping) this.#send({ type: "typing", to });
  }

  /** Asks the server for a sign of life; any message is one. */
  ping(): void {
    if (this.#stage === "loggedIn") this.#send({ type: "ping", ref: this.#questions.nextRef() });
  }

  /** One message of the server. */
  receive(json: string): void {
    if (this.#stage === "offline") return;
    const message = decodeServerMessage(json);
    if (message instanceof Fault) return this.#outputs.push({ type: "broken", why: message.message });
    if (message) this.#receive(message);
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case "refused":
        return this.#outputs.push(message);
      case "challenge":
      case "registered":
      case "welcome":
        return;
      case "waits":
        return this.#show({ type: "denied", why: `the password is not checked yet: ${message.why}` });
      case "begun":
        return this.#begun(message);
      case "message":
      case "edit":
      case "withdrawal":
      case "reaction":
      case "failure":
        // Before, it is meant for another page that had this connection; everything after `begun` repeats it.
        return this.#stage === "loggedIn" ? this.#log.receive(message) : undefined;
      case "sent":
        return this.#own.accepted(message.upTo);
      case "failed":
        return this.#own.refused(message.number, message.why);
      case "received":
        return this.#log.delivered.received(message.by, message.upTo);
      case "conversations":
        return this.#log.delivered.conversations(message);
      case "live":
        // Without a session it is meant for another page that had this connection before.
        if (this.#stage !== "loggedIn") return;
        this.#log.delivered.live(message.upTo);
        return this.#lookThrough();
      case "behind":
        return this.#log.delivered.behind();
      case "read":
      case "roomChanges":
      case "closing":
      case "elsewhere":
        return this.#show(message);
      case "servers":
        this.#log.isShared();
        return this.#show(message);
      case "error":
        return this.#show({ type: "denied", why: message.why });
      case "presence":
        for (const name of message.online) if (name !== this.#name) this.#show({ type: "online", name });
        for (const name of message.offline) if (name !== this.#name) this.#show({ type: "offline", name });
        return;
      case "membersChanged": {
        const others = (names: readonly string[]) => names.filter((name) => name !== this.#name);
        const [joined, left] = [others(message.joined), others(message.left)];
        return joined.length + left.length > 0 ? this.#show({ ...message, joined, left }) : undefined;
      }
      case "signal":
      case "typing":
        return this.#outputs.push(message);
      case "unheard":
        return this.#outputs.push({ type: "signalFailed", to: message.to });
      default: {
        const answer = this.#questions.answered(message);
        if (answer) return "next" in answer ? this.#send(answer.next) : this.#answered(answer);
        // Other people have changed the rooms that this user is in.
        if (message.ref === 0 && (message.type === "joined" || message.type === "left")) this.ask({ type: "rooms" });
      }
    }
  }

  /** Acknowledges what was shown. */
  flush(): void {
    const seq = this.#stage === "loggedIn" ? this.#log.acknowledge() : undefined;
    if (seq !== undefined) this.#send({ type: "ack", seq });
  }

  /** The rule of the server that a text breaks; undefined when it breaks none. */
  textFault(text: string): string | undefined {
    return textFault(text, this.#textBytes, this.#textLines);
  }

  /** Why the server would not even read it. */
  #fault(to: Target, text: string): string | undefined {
    const name = "user" in to ? to.user : to.room;
    if (name.length > IDENTIFIER_CHARACTERS) {
      return `a name has at most ${IDENTIFIER_CHARACTERS} characters, found ${name.length}`;
    }
    return this.textFault(text);
  }

  #begun(message: Extract<ServerMessage, { type: "begun" }>): void {
    const { store, last, accepted, refused, rooms, textBytes, textLines, searches, replies, files, reactions } =
      message;
    this.#textBytes = textBytes;
    this.#textLines = textLines;
    this.#passesTyping = message.typing === true;
    const again = this.#log.store !== undefined;
    const storeChanged = this.#log.begun(store, last);
    this.#show({
      type: "loggedIn",
      name: this.#name,
      rooms,
      again,
      storeChanged,
      searches,
      ...(replies ? { replies } : {}),
      ...(files === undefined ? {} : { files }),
      ...(reactions ? { reactions } : {}),
      ...(message.fixedPassword ? { fixedPassword: true } : {}),
    });
    for (const { number, why } of refused) this.#own.refused(number, why);
    this.#own.accepted(accepted);
    this.#stage = "loggedIn";
    // Only now: messages are sent in the order of their numbers.
    this.#own.begun(store);
  }

  /** Asks for the messages whose receivers had not got them at an earlier server. */
  #lookThrough(): void {
    const question = this.#log.nextQuestion();
    if (question) this.#send(this.#questions.ask(question));
  }

  #answered(event: ClientEvent): void {
    if (!("question" in event) || !this.#log.asks(event.question)) return this.#show(event);
    this.#log.answered(event);
    this.#lookThrough();
  }

  #push(message: Omit<OutgoingMessage, "id" | "number">): { id: string } | { why: string } {
    const isAbout = message.of !== undefined || message.reply !== undefined;
    return this.#own.push(isAbout ? { ...message, store: this.#log.store } : message);
  }

  #show(event: ClientEvent): void {
    this.#outputs.push({ type: "event", event });
  }

  #send(message: ClientMessage): void {
    this.#outputs.push({ type: "send", json: encodeClientMessage(message) });
  }
}
