import { Fault } from "../../core/errors.ts";
import { decodeReply } from "./client_replies.ts";
import { Outputs } from "../../core/machine.ts";
import type { NativeOutput } from "./client.ts";
import type { ClientEvent } from "./client_event.ts";
import { ClientLogin } from "./login.ts";
import { type Page, type PageHost, SingleWindow } from "./single_window.ts";

/**
 * The client's side of our own protocol where a page does the talking: says who we are, and from then on passes on what the server
 * and the page say to each other. One page at a time; what is said without one is not asked for.
 */
export class PageRelay implements PageHost {
  #stage: "away" | "hello" | "in" = "away";
  #name = "";
  readonly #window = new SingleWindow();
  #wasIn = false;
  readonly #outputs = new Outputs<NativeOutput>();

  readonly #login = new ClientLogin(this.#outputs);

  takeOutputs(): readonly NativeOutput[] {
    return this.#outputs.take();
  }

  get name(): string {
    return this.#name;
  }

  get isLoggedIn(): boolean {
    return this.#stage === "in";
  }

  /** What the page has said and has no answer to, it says again by itself. */
  readonly settled = true;
  readonly waiting = 0;

  open(page: Page): void {
    this.#window.open(page);
  }

  said(page: Page, json: string): void {
    if (this.#window.is(page) && this.#stage === "in") this.#outputs.push({ type: "send", json });
  }

  closed(page: Page): void {
    this.#window.closed(page);
  }

  /** A connection is there, on which the server knows already who we are. */
  start(name: string): void {
    this.#name = name;
    this.#stage = "in";
    const event: ClientEvent = { type: "loggedIn", name, rooms: [], again: this.#wasIn, storeChanged: false };
    this.#outputs.push({ type: "event", event });
    this.#wasIn = true;
  }

  /** A connection is there, on which we say who we are. */
  login(name: string, nonce: string, key: string | undefined): void {
    this.#name = name;
    this.#stage = "hello";
    this.#login.start(name, nonce, key);
  }

  /** The answer to a challenge. */
  proven(proof: string, expected: Uint8Array | undefined): void {
    if (this.#stage === "hello") this.#login.proven(proof, expected);
  }

  /** One message of the server. */
  receive(text: string): void {
    if (this.#stage === "in") return this.#window.tell(text);
    if (this.#stage === "away") return;
    const reply = decodeReply(text);
    if (reply instanceof Fault) return this.#outputs.push({ type: "broken", why: reply.message });
    if (reply.type === "challenge" || reply.type === "welcome" || reply.type === "refused") {
      const name = this.#login.receive(reply);
      if (name !== undefined) this.start(name);
    }
  }

  /** The connection is gone. */
  lost(): void {
    this.#stage = "away";
    this.#window.drop("the connection to the server is lost");
  }

  ping(): void {
    if (this.#stage === "in") this.#send({ type: "ping", ref: 0 });
  }

  leave(): void {
    if (this.#stage !== "away") this.#send({ type: "bye" });
  }

  flush(): void {}

  #send(message: Record<string, unknown>): void {
    this.#outputs.push({ type: "send", json: JSON.stringify(message) });
  }
}
