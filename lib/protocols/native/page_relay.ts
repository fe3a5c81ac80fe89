import { Fault } from "../../core/errors.ts";
import { Outputs } from "../../core/machine.ts";
import type { NativeOutput } from "./client.ts";
import { decodeServerMessage } from "./messages.ts";
import { type PageOutput, SingleWindow } from "./single_window.ts";

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
    this.#window.send(json);
    if (!json.startsWith('{"type":"closing"')) return;
    const message = decodeServerMessage(json);
    if (message && !(message instanceof Fault) && message.type === "closing") {
      this.#outputs.push({ type: "event", event: message });
    }
  }

  /** The connection is lost. */
  lost(): void {
    this.#loggedIn = false;
    this.#window.drop("the connection to the server is lost");
  }

  ping(): void {
    if (this.#loggedIn) this.#outputs.push({ type: "send", json: '{"type":"ping","ref":0}' });
  }

  flush(): void {}
}
