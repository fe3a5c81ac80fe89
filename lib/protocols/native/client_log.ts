import type { Outputs } from "../../core/machine.ts";
import type { ClientEvent, ClientQuestion, NativeOutput } from "./client_event.ts";
import { DeliveredMessages } from "./delivered.ts";
import { EarlierMessages } from "./earlier_messages.ts";
import type { OwnMessages } from "./own_messages.ts";
import { type LogMessage, ShownEntries } from "./shown_entries.ts";

export interface ClientLogOptions {
  /** Names this client among all of the user. */
  readonly client: string;
  /** Up to where earlier runs have shown everything: a number for each store, by user name. */
  readonly shown?: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Whether this run's own messages, and those of earlier runs, become events like the others. */
  readonly showsOwn?: boolean;
}

/**
 * What a client shows of the log, and up to where: each entry once, in order, even if the server repeats it, or another server of
 * the same chat does. And which of its own private messages have arrived.
 */
export class ClientLog {
  readonly delivered: DeliveredMessages = new DeliveredMessages((event) => this.#show(event));
  readonly #options: ClientLogOptions;
  readonly #outputs: Outputs<NativeOutput>;
  readonly #own: OwnMessages;
  readonly #earlier = new EarlierMessages();
  /** Only where the server is one of several. */
  #shownEntries: ShownEntries | undefined;
  #name = "";
  /** The store that numbers belong to; undefined before the first session. */
  #store: string | undefined;
  /** Everything up to here was shown. */
  #shown = 0;
  /** The highest number received on this connection, and the highest acknowledged. */
  #received = 0;
  #acked = 0;
  /** This user's messages up to here were sent in earlier runs. */
  #ownFrom = 0;

  constructor(options: ClientLogOptions, outputs: Outputs<NativeOutput>, own: OwnMessages) {
    this.#options = options;
    this.#outputs = outputs;
    this.#own = own;
  }

  get store(): string | undefined {
    return this.#store;
  }

  /** A connection is open; where the log goes on. */
  connected(name: string): { readonly store?: string; readonly after?: number } {
    this.#name = name;
    this.delivered.behind();
    this.#received = this.#acked = 0;
    return this.#store === undefined ? {} : { store: this.#store, after: this.#shown };
  }

  lost(): void {
    this.#earlier.lost();
  }

  /** The session has begun, at the store's entry `last`; whether numbers are those of another store now. */
  begun(store: string, last: number): boolean {
    if (this.#store === store) return false;
    this.#store = store;
    this.#ownFrom = last;
    this.#shown = this.#options.shown?.get(this.#name)?.get(store) ?? 0;
    const waited = this.delivered.forget();
    if (this.#shownEntries) {
      this.#shownEntries.moved();
      this.#earlier.moved(waited);
    }
    return true;
  }

  /** Other servers may tell the same entries. */
  isShared(): void {
    this.#shownEntries ??= new ShownEntries();
  }

  /** An entry of the log. */
  receive(entry: LogMessage): void {
    const { seq, from, to, time } = entry;
    this.#received = Math.max(this.#received, seq);
    if (seq <= this.#shown) return;
    this.#shown = seq;
    const own = from === this.#name;
    const number = "number" in entry && own && entry.client === this.#options.client ? entry.number! : undefined;
    const id = number === undefined ? undefined : this.#own.idOf(number);
    const isFirst = id !== undefined && this.#own.stored(number!);
    // An own one has another number now, which is worth telling.
    if (this.#shownEntries?.isRepeated(entry) && id === undefined) return;
    switch (entry.type) {
      case "message": {
        if (id !== undefined) {
          this.#show({ type: isFirst ? "sent" : "stored", id, to, seq, time });
          this.#earlier.delete(id);
          if ("user" in to && to.user !== from) this.delivered.track(seq, id, to.user);
        }
        const known = own && (seq <= this.#ownFrom || id !== undefined);
        const { text, reply } = entry;
        const message = { seq, from, to, text, time, id, ...(reply === undefined ? {} : { reply }) };
        if (!known || this.#options.showsOwn) this.#show({ type: "message", message, own });
        return;
      }
      case "edit":
        return this.#show({ type: "edited", of: entry.of, from, to, text: entry.text, time, own });
      case "withdrawal":
        return this.#show({ type: "withdrawn", of: entry.of, from, to, own });
      case "reaction":
        return this.#show({ type: "reacted", of: entry.of, from, to, text: entry.text, own });
      case "failure":
        return this.#show({ type: "failed", id: this.delivered.failed(entry.of), seq: entry.of, to, why: entry.text });
    }
  }

  /** What was shown since the last call: up to where it is to be acknowledged. */
  acknowledge(): number | undefined {
    if (this.#received <= this.#acked || this.#store === undefined) return undefined;
    this.#acked = this.#received;
    this.#outputs.push({ type: "shown", store: this.#store, seq: this.#shown });
    return this.#received;
  }

  /** What to ask for messages whose receivers had not got them at an earlier server. */
  nextQuestion(): ClientQuestion | undefined {
    return this.#earlier.next();
  }

  /** Whether a question is one of these, and nothing that the user has asked. */
  asks(question: ClientQuestion | undefined): boolean {
    return this.#earlier.asks(question);
  }

  /** Such a question is answered, or refused. */
  answered(event: ClientEvent): void {
    if (event.type === "history") {
      const own = event.messages.filter(({ from, client }) => from === this.#name && client === this.#options.client);
      this.delivered.found(this.#earlier.take(own, ({ number }) => this.#own.idOf(number!)));
    }
    this.#earlier.done();
  }

  #show(event: ClientEvent): void {
    this.#outputs.push({ type: "event", event });
  }
}
