import { Fault } from "../../core/errors.ts";
import { decodeReply } from "./client_replies.ts";
import type { NativeClientWay } from "./client.ts";
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
  readonly #introduction: ClientLogin;
  #wasIn = false;

  constructor(readonly way: Pick<NativeClientWay, "send" | "prove" | "isServer" | "show" | "refused" | "broken">) {
    this.#introduction = new ClientLogin(way, (name) => this.entered(name));
  }

  get name(): string {
    return this.#name;
  }

  get isIn(): boolean {
    return this.#stage === "in";
  }

  /** What the page has said and has no answer to, it says again by itself. */
  readonly settled = true;
  readonly waiting = 0;

  open(page: Page): void {
    this.#window.open(page);
  }

  said(page: Page, json: string): void {
    if (this.#window.is(page) && this.#stage === "in") this.way.send(json);
  }

  closed(page: Page): void {
    this.#window.closed(page);
  }

  /** A connection is there, on which the server knows already who we are. */
  entered(name: string): void {
    this.#name = name;
    this.#stage = "in";
    this.way.show({ type: "in", name, rooms: [], again: this.#wasIn });
    this.#wasIn = true;
  }

  /** A connection is there, on which we say who we are. */
  greet(name: string, nonce: string, key: string | undefined): void {
    this.#name = name;
    this.#stage = "hello";
    this.#introduction.greet(name, nonce, key);
  }

  /** The answer to a challenge. */
  proven(proof: string): void {
    if (this.#stage === "hello") this.#introduction.proven(proof);
  }

  /** One message of the server. */
  received(text: string): void {
    if (this.#stage === "in") return this.#window.tell(text);
    if (this.#stage === "away") return;
    const reply = decodeReply(text);
    if (reply instanceof Fault) return this.way.broken(reply.message);
    if (reply.type === "challenge" || reply.type === "welcome" || reply.type === "refused") {
      this.#introduction.received(reply);
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
    this.way.send(JSON.stringify(message));
  }
}
