import type { Target } from "../../chat/store.ts";
import { Fault } from "../../core/errors.ts";
import { IDENTIFIER_CHARACTERS } from "../../core/json_fields.ts";
import { LIMITS } from "../../core/limits.ts";
import { Outputs } from "../../core/machine.ts";
import { textFault } from "../../core/text.ts";
import type { ClientEvent, ClientQuestion, ShownMessage } from "./client_event.ts";
import { decodeReply, type Reply } from "./client_replies.ts";
import { type OutgoingMessage, OutgoingQueue } from "./outgoing.ts";
import { PendingQuestions } from "./questions.ts";

/** What a native client wants done. */
export type NativeOutput =
  /** Send one message to the server. */
  | { readonly type: "send"; readonly json: string }
  /** Something to show. */
  | { readonly type: "event"; readonly event: ClientEvent }
  /** Another client has sent a signal, which is for programs; `at` is where the server sees that client. */
  | { readonly type: "signal"; readonly from: string; readonly text: string; readonly at: string }
  /** A signal to this user has reached nobody. */
  | { readonly type: "signalFailed"; readonly to: string }
  /** Everything up to `seq` of this store was shown: keep that for the next run. */
  | { readonly type: "shown"; readonly store: string; readonly seq: number }
  /** Tell the user why the server ends the session. */
  | { readonly type: "refused"; readonly why: string }
  /** The connection is of no use any more. */
  | { readonly type: "broken"; readonly why: string };

/** What a client starts with. */
export interface NativeClientOptions {
  /** Begins all message ids; no other run of the user has it. */
  readonly run: string;
  /** Messages that an earlier run has left without an answer; they are sent again under their ids. */
  readonly unanswered?: readonly OutgoingMessage[];
  /** Up to where earlier runs have shown everything: a number for each store, by user name. */
  readonly shown?: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Whether this run's own messages, and those of earlier runs, become events like the others. */
  readonly showsOwn?: boolean;
}

/**
 * The client's side of the native protocol, over any number of connections one after the other.
 *
 * 1. A message is kept until it is answered, and sent again under the same id after a reconnect: the server takes it once.
 * 2. Each message and each notice is shown once, in order, even if the server repeats it.
 * 3. `flush`, at the end of a turn, acknowledges what was shown.
 */
export class NativeClient {
  readonly #outputs = new Outputs<NativeOutput>();
  readonly #outgoing: OutgoingQueue;
  readonly #questions = new PendingQuestions();
  readonly #shownBefore: NativeClientOptions["shown"];
  readonly #showsOwn: boolean;
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
  #textBytes = LIMITS.textBytes.default;
  #name = "";

  constructor(options: NativeClientOptions) {
    this.#outgoing = new OutgoingQueue(options.run, options.unanswered);
    this.#shownBefore = options.shown;
    this.#showsOwn = options.showsOwn ?? false;
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
    this.#received = this.#acked = 0;
    this.#send({ type: "resume", ...(this.#store === undefined ? {} : { store: this.#store, after: this.#shown }) });
  }

  /** The connection is lost. */
  lost(): void {
    this.#stage = "offline";
    for (const question of this.#questions.takeAll()) {
      this.#show({
        type: "denied",
        why: `the connection was lost before ${question.type} was answered`,
        question,
      });
    }
  }

  /** Sends a message, now or once there is a connection; its id, or why it is not accepted. */
  say(to: Target, text: string, now: number): { id: string } | { why: string } {
    const why = this.#fault(to, text);
    if (why !== undefined) return { why };
    const accepted = this.#outgoing.push(to, text, now);
    this.#sendWaiting();
    return accepted;
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

  /** Asks the server for a sign of life; any message is one. */
  ping(): void {
    if (this.#stage === "loggedIn") this.#send({ type: "ping", ref: this.#questions.nextRef() });
  }

  /** One message of the server. */
  receive(json: string): void {
    if (this.#stage === "offline") return;
    const reply = decodeReply(json);
    if (reply instanceof Fault) return this.#outputs.push({ type: "broken", why: reply.message });
    switch (reply.type) {
      case "refused":
        return this.#outputs.push(reply);
      case "begun":
        return this.#begun(reply);
      case "sent": {
        const { id, seq, time } = reply;
        return this.#answered(id, (to) => ({ type: "sent", id, to, seq, time }));
      }
      case "closing":
      case "elsewhere":
        return this.#show(reply);
      case "error":
        return this.#show({ type: "denied", why: reply.why });
      case "presence":
        for (const name of reply.online) if (name !== this.#name) this.#show({ type: "online", name });
        for (const name of reply.offline) if (name !== this.#name) this.#show({ type: "offline", name });
        return;
      case "message":
        return this.#isNew(reply.seq) ? this.#message(reply) : undefined;
      case "delivered":
      case "failed":
        return this.#notice(reply);
      case "signal":
        return this.#outputs.push(reply);
      case "unheard":
        return this.#outputs.push({ type: "signalFailed", to: reply.to });
      case "challenge":
      case "welcome":
      case "unknown":
        return;
      default: {
        const event = this.#questions.answered(reply);
        if (event) return this.#show(event);
        // Other people have changed the rooms that this user is in.
        if (reply.ref === 0 && (reply.type === "joined" || reply.type === "left")) this.ask({ type: "rooms" });
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

  /** Why the server would not even read it. */
  #fault(to: Target, text: string): string | undefined {
    const name = "user" in to ? to.user : to.room;
    if (name.length > IDENTIFIER_CHARACTERS) {
      return `a name has at most ${IDENTIFIER_CHARACTERS} characters, found ${name.length}`;
    }
    return textFault(text, this.#textBytes);
  }

  #begun({ store, last, rooms, textBytes }: Extract<Reply, { type: "begun" }>): void {
    this.#textBytes = textBytes;
    const again = this.#store !== undefined;
    const storeChanged = this.#store !== store;
    if (storeChanged) {
      this.#ownFrom = last;
      this.#shown = this.#shownBefore?.get(this.#name)?.get(store) ?? 0;
    }
    this.#store = store;
    this.#stage = "loggedIn";
    this.#show({ type: "loggedIn", name: this.#name, rooms, again, storeChanged });
    this.#outgoing.reset();
    this.#sendWaiting();
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

  #message({ seq, from, to, text, time, id }: ShownMessage): void {
    const own = from === this.#name;
    const known = own && (seq <= this.#ownFrom || (id !== undefined && this.#outgoing.has(id)));
    if (!known || this.#showsOwn) this.#show({ type: "message", message: { seq, from, to, text, time, id }, own });
  }

  #notice(reply: Extract<Reply, { type: "delivered" | "failed" }>): void {
    const { id } = reply;
    if (reply.type === "failed" && reply.seq === undefined) {
      return this.#answered(id, (to) => ({ type: "failed", id, to, why: reply.why }));
    }
    if (!this.#isNew(reply.seq!)) return;
    if (reply.type === "delivered") this.#show({ type: "delivered", id, to: reply.to, time: reply.time });
    else this.#show({ type: "failed", id, to: reply.to, why: reply.why });
  }

  /** The server has answered a message; the first answer counts. */
  #answered(id: string, event: (to: Target) => ClientEvent): void {
    const message = this.#outgoing.answered(id);
    if (!message) return;
    this.#show(event(message.to));
    this.#sendWaiting();
  }

  /** Sends what was not sent yet, as long as not too much is in flight. */
  #sendWaiting(): void {
    if (this.#stage !== "loggedIn") return;
    for (let message = this.#outgoing.next(); message; message = this.#outgoing.next()) {
      const { id, to, text } = message;
      this.#send({ type: "say", id, ...("user" in to ? { to: to.user } : to), text });
    }
  }

  #show(event: ClientEvent): void {
    this.#outputs.push({ type: "event", event });
  }

  #send(message: Record<string, unknown>): void {
    this.#outputs.push({ type: "send", json: JSON.stringify(message) });
  }
}
