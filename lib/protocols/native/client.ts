import type { Target } from "../../chat/entry.ts";
import { Fault } from "../../core/errors.ts";
import { IDENTIFIER_CHARACTERS } from "../../core/json_fields.ts";
import { Outputs } from "../../core/machine.ts";
import { TEXT_BYTES, textFault } from "../../core/text.ts";
import type { ClientEvent, ClientQuestion } from "./client_event.ts";
import { DeliveredMessages } from "./delivered.ts";
import { EarlierMessages } from "./earlier_messages.ts";
import { type ClientMessage, decodeServerMessage, encodeClientMessage, type ServerMessage } from "./messages.ts";
import { idOf, type OutgoingMessage, OutgoingQueue } from "./outgoing.ts";
import { PendingQuestions } from "./questions.ts";
import { type LogMessage, ShownEntries } from "./shown_entries.ts";

/** What a native client wants done. */
export type NativeOutput =
  /** Send one message to the server. */
  | { readonly type: "send"; readonly json: string }
  /** Something to show. */
  | { readonly type: "event"; readonly event: ClientEvent }
  /** Another client has sent a signal, which is for programs; `at` is where the server sees that client. */
  | { readonly type: "signal"; readonly from: string; readonly text: string; readonly at: string }
  /** A user is writing to this one, or in a room. */
  | { readonly type: "typing"; readonly from: string; readonly to: Target }
  /** A signal to this user has reached no one. */
  | { readonly type: "signalFailed"; readonly to: string }
  /** Everything up to `seq` of this store was shown: keep that for the next run. */
  | { readonly type: "shown"; readonly store: string; readonly seq: number }
  /** Tell the user why the server ends the session. */
  | { readonly type: "refused"; readonly why: string }
  /** The connection is of no use any more. */
  | { readonly type: "broken"; readonly why: string };

/** What a client starts with. */
export interface NativeClientOptions {
  /** Names this client among all of the user, for as long as its numbers go on. */
  readonly client: string;
  /** What an earlier run under the same name has left: its last number, and messages without an answer, sent again. */
  readonly lastNumber?: number;
  readonly unanswered?: readonly OutgoingMessage[];
  /** Up to where earlier runs have shown everything: a number for each store, by user name. */
  readonly shown?: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Whether this run's own messages, and those of earlier runs, become events like the others. */
  readonly showsOwn?: boolean;
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
  readonly #outgoing: OutgoingQueue;
  readonly #questions = new PendingQuestions();
  readonly #shownBefore: NativeClientOptions["shown"];
  readonly #showsOwn: boolean;
  readonly #takesTyping: boolean;
  /** Whether the server passes on who is writing. */
  #passesTyping = false;
  /** Messages of this run, from this number on. */
  readonly #firstNumber: number;
  readonly #delivered = new DeliveredMessages((event) => this.#show(event));
  /** Only where the server is one of several. */
  #shownEntries: ShownEntries | undefined;
  readonly #earlier = new EarlierMessages();
  /** The store that numbers belong to; undefined before the first session. */
  #store: string | undefined;
  /** Everything up to here was shown. */
  #shown = 0;
  /** The highest number received on this connection, and the highest acknowledged. */
  #received = 0;
  #acked = 0;
  /** This user's messages up to here were sent in earlier runs. */
  #ownFrom = 0;
  #stage: "offline" | "resume" | "loggedIn" = "offline";
  /** The server's limit, once it has told it. */
  #textBytes = TEXT_BYTES;
  #textLines: number | undefined;
  #name = "";

  constructor(options: NativeClientOptions) {
    this.#client = options.client;
    this.#outgoing = new OutgoingQueue(options.client, options.lastNumber, options.unanswered);
    this.#firstNumber = this.#outgoing.answeredUpTo + 1;
    this.#shownBefore = options.shown;
    this.#showsOwn = options.showsOwn ?? false;
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
    return this.#outgoing.size === 0 && this.#questions.size === 0;
  }

  /** How many messages have no answer yet. */
  get waiting(): number {
    return this.#outgoing.size;
  }

  /** The messages without an answer, in order. */
  get unanswered(): readonly OutgoingMessage[] {
    return this.#outgoing.all;
  }

  takeOutputs(): readonly NativeOutput[] {
    return this.#outputs.take();
  }

  /** A connection is open on which the server knows who the user is. */
  start(name: string): void {
    this.#name = name;
    this.#stage = "resume";
    this.#delivered.behind();
    this.#received = this.#acked = 0;
    const from = this.#store === undefined ? {} : { store: this.#store, after: this.#shown };
    this.#send({
      type: "resume",
      client: this.#client,
      answered: this.#outgoing.answeredUpTo,
      ...from,
      ...this.#takesTyping ? { typing: true } : {},
    });
  }

  /** The connection is lost. */
  lost(): void {
    this.#stage = "offline";
    for (const question of this.#questions.takeAll()) {
      if (this.#earlier.asks(question)) continue;
      this.#show({
        type: "denied",
        why: `the connection was lost before ${question.type} was answered`,
        question,
      });
    }
    this.#earlier.lost();
  }

  /** The highest number that this client has given. */
  get lastNumber(): number {
    return this.#outgoing.lastNumber;
  }

  /** Sends a message, now or once there is a connection; its id, or why it is not accepted. */
  say(to: Target, text: string, now: number, reply?: number): { id: string } | { why: string } {
    const why = this.#fault(to, text);
    return why === undefined ? this.#push({ to, text, time: now, ...replying(reply) }) : { why };
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

  /** Sends a signal to the programs of a user: now or never. */
  signal(to: string, text: string): void {
    if (this.#stage === "loggedIn") this.#send({ type: "signal", to, text });
    else this.#outputs.push({ type: "signalFailed", to });
  }

  /** The user is writing: others are told now or never. */
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
        return this.#isNew(message.seq) ? this.#entry(message) : undefined;
      case "sent":
        return this.#accepted(message.upTo);
      case "failed":
        return this.#refused(message.number, message.why);
      case "received":
        return this.#delivered.received(message.by, message.upTo);
      case "conversations":
        return this.#delivered.conversations(message);
      case "live":
        // Without a session it is meant for another page that had this connection before.
        if (this.#stage !== "loggedIn") return;
        this.#delivered.live(message.upTo);
        return this.#lookThrough();
      case "behind":
        return this.#delivered.behind();
      case "read":
      case "roomChanges":
      case "closing":
      case "elsewhere":
        return this.#show(message);
      case "servers":
        this.#shownEntries ??= new ShownEntries();
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
    if (this.#stage !== "loggedIn" || this.#received <= this.#acked || this.#store === undefined) return;
    this.#acked = this.#received;
    this.#outputs.push({ type: "shown", store: this.#store, seq: this.#shown });
    this.#send({ type: "ack", seq: this.#received });
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
    const again = this.#store !== undefined;
    const storeChanged = this.#store !== store;
    if (storeChanged) {
      this.#ownFrom = last;
      this.#shown = this.#shownBefore?.get(this.#name)?.get(store) ?? 0;
      const waited = this.#delivered.forget();
      if (this.#shownEntries) {
        this.#shownEntries.moved();
        this.#earlier.moved(waited);
      }
    }
    this.#store = store;
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
    });
    for (const { number, why } of refused) this.#refused(number, why);
    this.#accepted(accepted);
    // Only now: messages are sent in the order of their numbers.
    this.#outgoing.reset();
    this.#stage = "loggedIn";
    this.#sendWaiting();
  }

  /** Asks for the messages whose receivers had not got them at an earlier server. */
  #lookThrough(): void {
    const question = this.#earlier.next();
    if (question) this.#send(this.#questions.ask(question));
  }

  #answered(event: ClientEvent): void {
    if (!("question" in event) || !this.#earlier.asks(event.question)) return this.#show(event);
    if (event.type === "history") {
      const own = event.messages.filter(({ from, client }) => from === this.#name && client === this.#client);
      this.#delivered.found(this.#earlier.take(own, ({ number }) => this.#idOf(number!)));
    }
    this.#earlier.done();
    this.#lookThrough();
  }

  /** Whether number `seq` was not shown yet; from now on it was. */
  #isNew(seq: number): boolean {
    // Meant for another page that had this connection before; everything after `begun` repeats it.
    if (this.#stage !== "loggedIn") return false;
    this.#received = Math.max(this.#received, seq);
    if (seq <= this.#shown) return false;
    this.#shown = seq;
    return true;
  }

  #entry(entry: LogMessage): void {
    const { seq, from, to, time } = entry;
    const own = from === this.#name;
    const id = "number" in entry && own && entry.client === this.#client ? this.#idOf(entry.number!) : undefined;
    const isFirst = id !== undefined && this.#stored(id, entry as { number?: number });
    // An own one has another number now, which is worth telling.
    if (this.#shownEntries?.isRepeated(entry) && id === undefined) return;
    switch (entry.type) {
      case "message": {
        if (id !== undefined) {
          this.#show({ type: isFirst ? "sent" : "stored", id, to, seq, time });
          this.#earlier.delete(id);
          if ("user" in to && to.user !== from) this.#delivered.track(seq, id, to.user);
        }
        const known = own && (seq <= this.#ownFrom || id !== undefined);
        const message = { seq, from, to, text: entry.text, time, id, ...replying(entry.reply) };
        if (!known || this.#showsOwn) this.#show({ type: "message", message, own });
        return;
      }
      case "edit":
        return this.#show({ type: "edited", of: entry.of, from, to, text: entry.text, time, own });
      case "withdrawal":
        return this.#show({ type: "withdrawn", of: entry.of, from, to, own });
      case "reaction":
        return this.#show({ type: "reacted", of: entry.of, from, to, text: entry.text, own });
      case "failure":
        return this.#show({ type: "failed", id: this.#delivered.failed(entry.of), seq: entry.of, to, why: entry.text });
    }
  }

  /** An own entry is in the log, and so is everything before it; whether that is news. */
  #stored(id: string, { number }: { readonly number?: number }): boolean {
    this.#accepted(number! - 1);
    const isFirst = this.#outgoing.answered(number!)?.id === id;
    if (isFirst) this.#sendWaiting();
    return isFirst;
  }

  /** The id of a message of this run. */
  #idOf(number: number): string | undefined {
    return number >= this.#firstNumber ? idOf(this.#client, number) : undefined;
  }

  /** Everything up to a number is stored, but for what was refused. */
  #accepted(upTo: number): void {
    for (const { id, to, of } of this.#outgoing.acceptedUpTo(upTo)) {
      if (of === undefined) this.#show({ type: "sent", id, to });
    }
    this.#sendWaiting();
  }

  #refused(number: number, why: string): void {
    const message = this.#outgoing.answered(number);
    if (!message) return;
    if (message.of !== undefined) this.#show({ type: "denied", why });
    else this.#show({ type: "failed", id: message.id, to: message.to, why });
    this.#sendWaiting();
  }

  #push(message: Omit<OutgoingMessage, "id" | "number">): { id: string } | { why: string } {
    const isAbout = message.of !== undefined || message.reply !== undefined;
    const pushed = this.#outgoing.push(isAbout ? { ...message, store: this.#store } : message);
    if ("why" in pushed) return pushed;
    this.#sendWaiting();
    return { id: pushed.id };
  }

  /** Sends what was not sent yet, as long as not too much is in flight. */
  #sendWaiting(): void {
    if (this.#stage !== "loggedIn") return;
    for (let message = this.#outgoing.next(); message; message = this.#outgoing.next()) {
      const { number, to, text, of, reply, reacts, store } = message;
      const isElsewhere = store !== undefined && store !== this.#store;
      if (of === undefined) {
        this.#send({ type: "say", number, to, text, ...replying(isElsewhere ? undefined : reply) });
        continue;
      }
      const change = { number, of, ...(isElsewhere ? { store } : {}) };
      if (reacts) this.#send({ type: "react", ...change, text });
      else if (text === "") this.#send({ type: "withdraw", ...change });
      else this.#send({ type: "edit", ...change, text });
    }
  }

  #show(event: ClientEvent): void {
    this.#outputs.push({ type: "event", event });
  }

  #send(message: ClientMessage): void {
    this.#outputs.push({ type: "send", json: encodeClientMessage(message) });
  }
}

/** The field of a message that replies to another. */
function replying(reply: number | undefined): { readonly reply?: number } {
  return reply === undefined ? {} : { reply };
}
