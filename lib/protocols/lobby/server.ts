import type { Event } from "../../chat/event.ts";
import { unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { RateLimiter } from "../../core/limiters.ts";
import { decodeLossy } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, Way } from "../session.ts";
import { encodeLine, encodeMessage, messageLine, WELCOME } from "./lines.ts";

const LINK: Link = 0;

/**
 * One guest of the lobby: whoever connects is in the room, and every line they send is said in it.
 *
 * 1. Bytes that are no UTF-8 are taken all the same; what nobody can read is shown as such.
 * 2. A text without a line break is said when nothing more has come for `lobbyQuietMs`, or when its sender goes.
 * 3. Lines are taken by turns and at a rate, and wait; none is refused.
 */
export class LobbySession implements Session {
  readonly name: string;
  readonly #lines: LineDecoder;
  readonly #rate: RateLimiter;
  #quietAt = Infinity;
  #moreAt = Infinity;
  #isIn = false;
  #finished = false;
  #over = false;

  constructor(readonly way: Way, readonly limits: Limits, now: number) {
    this.name = unwrapped(way.peer.hostname);
    this.#lines = new LineDecoder(limits.lineBytes, decodeLossy);
    this.#rate = new RateLimiter(limits.burstCommands, limits.commandsPerSecond, now);
    this.#moreAt = now;
  }

  get wakeAt(): number {
    return this.#over ? Infinity : Math.min(this.#moreAt, this.#quietAt);
  }

  hungry(_link: Link): boolean {
    return this.#lines.heldBytes <= this.limits.lineBytes;
  }

  push(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#over) return;
    this.#begin();
    this.#lines.push(bytes);
    this.#work(now);
  }

  closed(_link: Link, ending: Ending, now: number): void {
    if (this.#over) return;
    if (ending === "broken") return this.#end("connection lost");
    this.#finished = true;
    this.#work(now);
  }

  dialled(_link: Link, _outcome: DialOutcome, _now: number): void {}

  event(event: Event, _now: number): void {
    if (this.#over) return;
    if (event.type === "message") this.#write(messageLine(event), encodeMessage(event));
    else if (event.type === "denied") this.way.note(event.why);
    else if (event.type === "closing") this.#end("the server stops");
  }

  tick(now: number): void {
    if (this.#over || now < this.wakeAt) return;
    this.#begin();
    if (now >= this.#quietAt) this.#sayRest();
    this.#work(now);
  }

  /** The greeting comes before anything that is said. */
  #begin(): void {
    if (this.#isIn) return;
    this.#isIn = true;
    this.#write(WELCOME, encodeLine(WELCOME));
    this.way.command({ type: "visit", as: this.name });
  }

  #work(now: number): void {
    this.#moreAt = Infinity;
    for (let turn = 0; turn < this.limits.turnLines; turn++) {
      if (this.#lines.hasLine && !this.#rate.take(now)) {
        this.#moreAt = this.#rate.readyAt(now);
        return;
      }
      const line = this.#lines.next();
      if (line === undefined) return this.#rested(now);
      if (line instanceof Fault) {
        this.way.note(`closed: ${line.message}`);
        return this.#end(line.message);
      }
      this.#say(line);
    }
    this.#moreAt = now;
  }

  /** All whole lines are said. */
  #rested(now: number): void {
    this.#quietAt = this.#lines.heldBytes > 0 ? now + this.limits.lobbyQuietMs : Infinity;
    if (!this.#finished) return;
    this.#sayRest();
    this.#end("closed the connection");
  }

  #sayRest(): void {
    this.#quietAt = Infinity;
    this.#say(decodeLossy(this.#lines.takeBytes()));
  }

  #say(line: string): void {
    // Enter alone says nothing.
    if (line === "") return;
    this.way.trace?.(LINK, "up", line);
    this.way.command({ type: "announce", text: line });
  }

  #write(line: string, bytes: Uint8Array): void {
    this.way.trace?.(LINK, "down", line);
    this.way.write(LINK, bytes);
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.way.end(why);
  }
}

/** The lobby's door: what it is called, and how a guest comes in. */
export const LOBBY_PROTOCOL = {
  name: "lobby",
  links: ["tcp"],
  openSession: (way: Way, limits: Limits, now: number): Session => new LobbySession(way, limits, now),
} as const;
