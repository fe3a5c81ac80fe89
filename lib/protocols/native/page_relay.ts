import { Fault } from "../../core/errors.ts";
import { Outputs } from "../../core/machine.ts";
import type { NativeOutput } from "./client_event.ts";
import type { ClientEvent } from "./client_event.ts";
import { decodeServerMessage, encodeClientMessage, type ServerMessage } from "./messages.ts";
import { type PageOutput, SingleWindow } from "./single_window.ts";

/** Of this client's own requests; a page counts its own from 1. */
const OWN_REF = 0;
/** What of the server's messages concerns this client too; the others are passed on unread. */
const OWN = /^\{"type":"(closing|begun|ticket|denied)"/;

/**
 * The client's side of the native protocol where the client is a page in a browser: passes on the messages of the page and of the
 * server. One page at a time; without one, messages of the server are dropped, since the next page asks for them again.
 */
export class PageRelay {
  /** The page sends again what has no answer. */
  readonly settled = true;
  readonly waiting = 0;
  readonly #outputs = new Outputs<NativeOutput | PageOutput>();
  readonly #window = new SingleWindow(this.#outputs);
  #loggedIn = false;
  #name = "";
  #again = false;
  #asksTicket = false;

  /** Where files can be left over HTTP, such as "http:2080"; known once a page has begun its session. */
  filesAt: string | undefined;

  get name(): string {
    return this.#name;
  }

  get isLoggedIn(): boolean {
    return this.#loggedIn;
  }

  takeOutputs(): readonly (NativeOutput | PageOutput)[] {
    return this.#outputs.take();
  }

  pageOpened(page: number): void {
    this.#window.open(page);
  }

  pageReceived(page: number, json: string): void {
    if (this.#window.is(page) && this.#loggedIn) this.#outputs.push({ type: "send", json });
  }

  pageClosed(page: number): void {
    this.#window.closed(page);
  }

  /** A connection is open on which the server knows who the user is. */
  start(name: string): void {
    this.#name = name;
    this.#loggedIn = true;
    const event = {
      type: "loggedIn",
      name,
      rooms: [],
      again: this.#again,
      storeChanged: false,
      searches: false,
    } as const;
    this.#outputs.push({ type: "event", event });
    this.#again = true;
  }

  /** One message of the server. */
  receive(json: string): void {
    if (!this.#loggedIn) return;
    const message = OWN.test(json) ? decodeServerMessage(json) : undefined;
    if (message && !(message instanceof Fault) && this.#isOwn(message)) return;
    this.#window.send(json);
  }

  /** Asks for a ticket for requests about files over HTTP. */
  askTicket(): void {
    if (!this.#loggedIn) return this.#ticket({ why: "there is no connection to the server" });
    this.#asksTicket = true;
    this.#outputs.push({ type: "send", json: encodeClientMessage({ type: "ticket", ref: OWN_REF }) });
  }

  /** Takes what a message of the server says to this client; whether it is not for the page. */
  #isOwn(message: ServerMessage): boolean {
    switch (message.type) {
      case "closing":
        this.#outputs.push({ type: "event", event: message });
        return false;
      case "begun":
        this.filesAt = message.files;
        return false;
      case "ticket":
        if (message.ref === OWN_REF) this.#ticket(message);
        return message.ref === OWN_REF;
      case "denied":
        if (message.ref !== OWN_REF || !this.#asksTicket) return false;
        this.#ticket(message);
        return true;
      default:
        return false;
    }
  }

  #ticket(answer: { readonly ticket: string } | { readonly why: string }): void {
    this.#asksTicket = false;
    const event: ClientEvent = "ticket" in answer
      ? { type: "ticket", ticket: answer.ticket }
      : { type: "denied", question: { type: "ticket" }, why: answer.why };
    this.#outputs.push({ type: "event", event });
  }

  /** The connection is lost. */
  lost(): void {
    this.#loggedIn = false;
    const why = "the connection to the server is lost";
    if (this.#asksTicket) this.#ticket({ why });
    this.#window.drop(why);
  }

  ping(): void {
    if (this.#loggedIn) this.#outputs.push({ type: "send", json: '{"type":"ping","ref":0}' });
  }

  flush(): void {}
}
