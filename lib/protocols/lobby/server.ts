import type { Entries, Event, Message } from "../../chat/event.ts";
import { unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { type Limits, LOBBY_JOINED, LOBBY_LEFT_MS, LOBBY_OWN_LINES } from "../../core/limits.ts";
import { Outputs } from "../../core/machine.ts";
import { PacedLines } from "../../core/paced_lines.ts";
import { type RateShare, SharedRate } from "../../core/shared_rate.ts";
import { decodeLossy, encodeText, linesOf, oneLine, sanitized } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, ServerProtocol, Session, SessionFacts, SessionOutput } from "../session.ts";

const LINK: Link = 0;
const LINE_END = Uint8Array.of(10);
/** The greeting of a new guest. */
const WELCOME = "Welcome to this chatroom!";

/**
 * One guest of the lobby. Everyone who connects is in the room, and every line that they send is said there.
 *
 * 1. Bytes that are not UTF-8 are accepted; what cannot be decoded is shown as replacement characters.
 * 2. A text without a line break is said when nothing more has come for `lobbyQuietMs`, or when its sender leaves.
 * 3. Lines over the limits of a turn and of the rates wait; none is refused. All guests of a listener share one of the rates.
 *    Once a guest has left, its lines wait for `LOBBY_LEFT_MS`, so that nothing floods the room for long without a guest to end.
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
  /** When to end though lines of a guest that has left wait. */
  #dropAt = Infinity;
  #ended = false;
  givesWay = true;

  constructor(facts: SessionFacts, limits: Limits, now: number, share?: RateShare) {
    this.#limits = limits;
    this.name = unwrapped(facts.peer.hostname);
    this.#lines = new PacedLines(limits, now, decodeLossy, share);
    this.#greetAt = now;
  }

  get wakeAt(): number {
    return this.#ended ? Infinity : Math.min(this.#greetAt, this.#lines.readyAt, this.#quietAt, this.#dropAt);
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
    this.#dropAt = now + LOBBY_LEFT_MS;
    this.#lines.push(LINE_END);
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
    if (now >= this.#quietAt) this.#lines.push(LINE_END);
    this.#read(now);
    if (now < this.#dropAt || this.#ended) return;
    const text = `closed the connection; ${this.#lines.heldBytes} bytes of lines that waited are not said`;
    this.#outputs.push({ type: "log", level: "info", text });
    this.#end("closed the connection");
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
    this.#quietAt = Infinity;
    if (this.#lines.readyAt !== Infinity) return;
    if (this.#finished) this.#end("closed the connection");
    else if (this.#lines.heldBytes > 0) this.#quietAt = now + this.#limits.lobbyQuietMs;
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

/** What a trace shows of the lobby, at either end. */
export const LOBBY_WIRE = { name: "lobby", links: ["tcp"], framing: "loose lines" } as const;

/** The protocol of one listener: its guests share a rate. */
export function lobbyProtocol(): ServerProtocol {
  let rate: SharedRate | undefined;
  return {
    ...LOBBY_WIRE,
    joinedWrites: LOBBY_JOINED,
    openSession(facts: SessionFacts, limits: Limits, now: number): Session {
      rate ??= new SharedRate(limits.lobbyBurst, limits.lobbyLinesPerSecond, LOBBY_OWN_LINES, now);
      return new LobbySession(facts, limits, now, rate.open(now));
    },
  };
}

/** Encodes a line. Programs like `nc` print it unfiltered, so terminal control characters are removed. */
function encodeLine(line: string): Uint8Array {
  return encodeText(sanitized(oneLine(line)) + "\n");
}

/** Encodes a message, once for all receivers: a line for each line of its text. */
function encodeMessage(message: Message): readonly Uint8Array[] {
  const { from, text } = message;
  return message.encoded("lobby", () => linesOf(text).map((line) => encodeLine(`<${from}> ${line}`)));
}
