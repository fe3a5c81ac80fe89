import type { Target } from "../chat/entry.ts";
import { NativeClient } from "../protocols/native/client.ts";
import type { ClientQuestion } from "../protocols/native/client_event.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import type { ServerEvent } from "./chat_event.ts";
import { chatTexts } from "./texts.ts";

export interface SessionOptions {
  readonly user: string;
  /** Names this tab among all clients of the user. */
  readonly client: string;
  /** The last number that an earlier page of this tab has given. */
  readonly lastNumber: number;
  /** Messages that an earlier page has left without an answer. */
  readonly unanswered: readonly OutgoingMessage[];
  /** Sends one message on the current connection. */
  readonly send: (json: string) => void;
  readonly show: (event: ServerEvent) => void;
  /** Another program has sent a signal; `at` is its address, as the server sees it. */
  readonly signal: (from: string, text: string, at: string | undefined) => void;
  /** A user is writing to this one, or in a room. */
  readonly typing: (from: string, to: Target) => void;
  /** A signal to this user has reached no one. */
  readonly signalFailed: (to: string) => void;
  /** Keeps the messages without an answer, for a later page. */
  readonly keep: (unanswered: readonly OutgoingMessage[], lastNumber: number) => void;
  /** The connection is of no use any more. */
  readonly broken: () => void;
}

/** Runs the native client of one user, over any number of connections one after the other. */
export class ChatSession {
  readonly #options: SessionOptions;
  readonly #client: NativeClient;
  #kept = "";

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#client = new NativeClient({
      client: options.client,
      lastNumber: options.lastNumber,
      unanswered: options.unanswered,
      showsOwn: true,
      takesTyping: true,
    });
  }

  get isLoggedIn(): boolean {
    return this.#client.isLoggedIn;
  }

  /** How many messages have no answer yet. */
  get waiting(): number {
    return this.#client.waiting;
  }

  /** A connection is open. */
  opened(): void {
    this.#client.start(this.#options.user);
    this.#drain();
  }

  /** The server has sent one or more messages, each on a line. */
  received(data: string): void {
    for (const line of data.split("\n")) this.#client.receive(line);
    this.#drain();
    // What was shown is acknowledged.
    this.#client.flush();
    this.#drain();
  }

  /** The connection is lost. */
  lost(): void {
    this.#client.lost();
    this.#drain();
  }

  /** Sends a message, now or later; the reason if it is not accepted. */
  say(to: Target, text: string, time: number, reply?: number): OutgoingMessage | { readonly why: string } {
    const accepted = this.#client.say(to, text, time, reply);
    this.#drain();
    if ("why" in accepted) return accepted;
    return { id: accepted.id, number: this.#client.lastNumber, to, text, time, reply };
  }

  /** The rule of the server that a text breaks; undefined when it breaks none. */
  textFault(text: string): string | undefined {
    return this.#client.textFault(text);
  }

  /** Changes the text of an own message, now or later; the reason if it is not accepted. */
  edit(of: number, to: Target, text: string, time: number): { readonly id: string } | { readonly why: string } {
    const accepted = this.#client.edit(of, to, text, time);
    this.#drain();
    return accepted;
  }

  /** Withdraws an own message, now or later; the reason if it is not accepted. */
  withdraw(of: number, to: Target, time: number): { readonly id: string } | { readonly why: string } {
    const accepted = this.#client.withdraw(of, to, time);
    this.#drain();
    return accepted;
  }

  /** Puts a mark to a message, or takes it back, now or later; the reason if it is not accepted. */
  react(of: number, to: Target, text: string, time: number): { readonly id: string } | { readonly why: string } {
    const accepted = this.#client.react(of, to, text, time);
    this.#drain();
    return accepted;
  }

  /** The user has read a conversation up to here. */
  read(of: Target, upTo: number): void {
    this.#client.read(of, upTo);
    this.#drain();
  }

  ask(question: ClientQuestion): void {
    this.#client.ask(question);
    this.#drain();
  }

  /** Sends a signal to the programs of a user. */
  signal(to: string, text: string, at: boolean): void {
    this.#client.signal(to, text, at);
    this.#drain();
  }

  /** The user is writing. */
  typing(to: Target): void {
    this.#client.typing(to);
    this.#drain();
  }

  /** Asks the server for a sign of life. */
  ping(): void {
    this.#client.ping();
    this.#drain();
  }

  /** Keeps the messages without an answer, if there are others than before. */
  #keep(): void {
    const { waiting, lastNumber, unanswered } = this.#client;
    const kept = `${waiting} ${lastNumber}`;
    if (kept === this.#kept) return;
    this.#kept = kept;
    this.#options.keep(unanswered, lastNumber);
  }

  #drain(): void {
    this.#keep();
    const { send, show, signal, typing, signalFailed, broken } = this.#options;
    let online: string[] = [];
    let offline: string[] = [];
    // Thousands of users may come at once, after a restart of the server.
    const showPresence = () => {
      if (online.length + offline.length > 0) show({ type: "presence", online, offline });
      online = [];
      offline = [];
    };
    for (const output of this.#client.takeOutputs()) {
      if (output.type === "event" && output.event.type === "online") online.push(output.event.name);
      else if (output.type === "event" && output.event.type === "offline") offline.push(output.event.name);
      else {
        showPresence();
        switch (output.type) {
          case "send":
            send(output.json);
            break;
          case "event":
            show(output.event as ServerEvent);
            break;
          case "signal":
            signal(output.from, output.text, output.at);
            break;
          case "typing":
            typing(output.from, output.to);
            break;
          case "signalFailed":
            signalFailed(output.to);
            break;
          case "refused":
            show({ type: "denied", why: chatTexts.loginRefused(output.why) });
            broken();
            break;
          case "broken":
            broken();
        }
      }
    }
    showPresence();
  }
}
