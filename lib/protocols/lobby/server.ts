import type { Entries, Event, Message } from "../../chat/event.ts";
import { unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { Outputs } from "../../core/machine.ts";
import { PacedLines } from "../../core/paced_lines.ts";
import { decodeLossy } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, SessionFacts, SessionOutput } from "../session.ts";
import { encodeLine, encodeMessage, WELCOME } from "./lines.ts";

const LINK: Link = 0;

/**
 * One guest of the lobby. Everyone who connects is in the room, and every line that they send is said there.
 *
 * 1. Bytes that are not UTF-8 are accepted; what cannot be decoded is shown as replacement characters.
 * 2. A text without a line break is said when nothing more has come for `lobbyQuietMs`, or when its sender leaves.
 * 3. Lines over the limits of a turn and of the rate wait; none is refused.
 * 4. A guest may read in silence without an end; once the listener is full, a silent one gives way to a new one.
 */
export class LobbySession implements Session {
  readonly name: string;
  readonly #limits: Limits;
  readonly #outputs = new Outputs<SessionOutput>();
  readonly #lines: PacedLines;
  /** When to say the text that has no line break. */
  #quietAt = Infinity;
  /** When to greet a guest who says nothing first. */
  #greetAt: number;
  #finished = false;
  #ended = false;
  givesWay = true;

  constructor(facts: SessionFacts, limits: Limits, now: number) {
    this.#limits = limits;
    this.name = unwrapped(facts.peer.hostname);
    this.#lines = new PacedLines(limits, now, decodeLossy);
    this.#greetAt = now;
  }

  get wakeAt(): number {
    return this.#ended ? Infinity : Math.min(this.#greetAt, this.#lines.readyAt, this.#quietAt);
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  hungry(_link: Link): boolean {
    return this.#lines.hungry;
  }

  receive(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#ended) return;
    this.#greet();
    this.#lines.push(bytes);
    this.#read(now);
  }

  closed(_link: Link, ending: Ending, now: number): void {
    if (this.#ended) return;
    if (ending === "broken") return this.#end("connection lost");
    this.#finished = true;
    this.#read(now);
  }

  dialed(_link: Link, _outcome: DialOutcome, _now: number): void {}

  directBytes(event: Message | Entries): readonly Uint8Array[] | undefined {
    if (event.type !== "message" || this.#ended || !this.#outputs.isEmpty) return undefined;
    return encodeMessage(event);
  }

  event(event: Event, _now: number): void {
    if (this.#ended) return;
    if (event.type === "message") { for (const bytes of encodeMessage(event)) this.#write(bytes); }
    else if (event.type === "denied") this.#outputs.push({ type: "log", level: "info", text: event.why });
    else if (event.type === "closing") this.#end(event.why ?? "the server stops");
  }

  tick(now: number): void {
    if (this.#ended || now < this.wakeAt) return;
    this.#greet();
    if (now >= this.#quietAt) this.#sayRest();
    this.#read(now);
  }

  /** The greeting precedes everything that is said. */
  #greet(): void {
    if (this.#greetAt === Infinity) return;
    this.#greetAt = Infinity;
    this.#write(encodeLine(WELCOME));
    this.#outputs.push({ type: "command", command: { type: "enterAsGuest", as: this.name } });
  }

  #read(now: number): void {
    this.#lines.beginTurn();
    for (let line = this.#lines.next(now); line !== undefined; line = this.#lines.next(now)) {
      if (line instanceof Fault) {
        this.#outputs.push({ type: "log", level: "info", text: `closed: ${line.message}` });
        return this.#end(line.message);
      }
      this.#say(line);
    }
    if (this.#lines.readyAt !== Infinity) return;
    this.#quietAt = this.#lines.heldBytes > 0 ? now + this.#limits.lobbyQuietMs : Infinity;
    if (!this.#finished) return;
    this.#sayRest();
    this.#end("closed the connection");
  }

  #sayRest(): void {
    this.#quietAt = Infinity;
    this.#say(decodeLossy(this.#lines.takeBytes()));
  }

  #say(line: string): void {
    if (line === "") return;
    this.givesWay = false;
    this.#outputs.push({ type: "command", command: { type: "announce", text: line } });
  }

  #write(bytes: Uint8Array): void {
    this.#outputs.push({ type: "write", link: LINK, bytes });
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outputs.push({ type: "end", why });
  }
}

export const LOBBY_PROTOCOL = {
  name: "lobby",
  links: ["tcp"],
  framing: "loose lines",
  openSession: (facts: SessionFacts, limits: Limits, now: number): Session => new LobbySession(facts, limits, now),
} as const;
