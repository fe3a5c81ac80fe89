import { Fault } from "../../base/fault.ts";
import { decodeReply } from "./client_replies.ts";
import type { NativeClientWay } from "./client.ts";

/** What a page is told by whoever speaks for it. */
export interface PageLine {
  /** One message of the server. */
  told(json: string): void;
  /** It is not spoken for any more: `elsewhere`, when another page is. */
  dropped(why: string, elsewhere?: boolean): void;
}

/**
 * The client's side of our own protocol where a page does the talking: says who we are, and from then on passes on what the server
 * and the page say to each other. One page at a time; what is said without one is not asked for.
 */
export class PageTalk {
  #stage: "away" | "hello" | "in" = "away";
  #name = "";
  #nonce = "";
  #page: PageLine | undefined;
  #wasIn = false;

  constructor(readonly way: Pick<NativeClientWay, "send" | "prove" | "isServer" | "show" | "refused" | "broken">) {}

  get name(): string {
    return this.#name;
  }

  get isIn(): boolean {
    return this.#stage === "in";
  }

  /** What the page has said and has no answer to, it says again by itself. */
  readonly settled = true;
  readonly waiting = 0;

  /** A page is there: it speaks from now on, and the one before it does not any more. */
  open(page: PageLine): void {
    this.#page?.dropped("it goes on in another window", true);
    this.#page = page;
  }

  /** A page says something; one that was dropped says nothing any more. */
  said(page: PageLine, json: string): void {
    if (page === this.#page && this.#stage === "in") this.way.send(json);
  }

  /** A page is gone. */
  closed(page: PageLine): void {
    if (page === this.#page) this.#page = undefined;
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
    this.#nonce = nonce;
    this.#stage = "hello";
    this.#send({ type: "hello", version: 1, name, nonce, key });
  }

  /** The answer to a challenge. */
  proven(proof: string): void {
    if (this.#stage === "hello") this.#send({ type: "proof", proof });
  }

  /** One message of the server. */
  received(text: string): void {
    if (this.#stage === "in") return this.#page?.told(text);
    if (this.#stage === "away") return;
    const reply = decodeReply(text);
    if (reply instanceof Fault) return this.way.broken(reply.message);
    if (reply.type === "challenge") this.way.prove(reply, this.#nonce);
    else if (reply.type === "refused") this.way.refused(reply.why);
    else if (reply.type === "welcome") {
      if (this.way.isServer(reply.proof)) this.entered(reply.name);
      else this.way.broken("the server cannot prove that it knows the password");
    }
  }

  /** The connection is gone. */
  lost(): void {
    this.#stage = "away";
    this.#page?.dropped("the connection to the server is lost");
    this.#page = undefined;
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
