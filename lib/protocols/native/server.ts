import type { Entries, Event, Message } from "../../chat/event.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { Outputs } from "../../core/machine.ts";
import { RateLimiter } from "../../core/limiters.ts";
import { decodeText } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, SessionFacts, SessionOutput } from "../session.ts";
import { maskPasswords } from "./mask.ts";
import { encodeServerMessage, type ServerMessage } from "./messages.ts";
import { encodeEntries, encodeEvent, frame, type Framing, refusal } from "./replies.ts";
import { decodeNative, type NativeRequest } from "./requests.ts";

const LINK: Link = 0;
/** Growth of a text in JSON when every character is escaped. */
const ESCAPED = 6;
const ENVELOPE_BYTES = 1024;
/** Answers after which a peer has as long as at first. */
const EXTENDS_LOGIN: ReadonlySet<Event["type"]> = new Set(["turnedAway", "loginWaits", "registered"]);
/** Requests that may wait, on a transport of messages. */
const WAITING = 64;

const NO_GUESTS = "this server takes no guests; its operator can start it with --guests";

/**
 * The server's side of one native client: one JSON object a line, or one a message where the transport has messages.
 *
 * 1. A malformed request is answered with `error` and changes nothing; one that is too long ends the session.
 * 2. As many acknowledgements are free as entries were told; all other requests are limited by turn and by rate.
 * 3. A peer that reads too slowly misses signals; anything else reaches it, or the session ends.
 */
export class NativeServerSession implements Session {
  readonly #limits: Limits;
  readonly #outputs = new Outputs<SessionOutput>();
  /** Whether the listener knows the user, and tells the hub. */
  readonly #introduced: boolean;
  readonly #asGuest: boolean;
  readonly #registers: boolean;
  readonly #takesGuests: boolean;
  readonly #lines: LineDecoder | undefined;
  readonly #waiting: (string | Fault)[] = [];
  readonly #rate: RateLimiter;
  /** Entries told for which no acknowledgement has come. */
  #unacked = 0;
  readonly #framing: Framing;
  #name: string | undefined;
  #deadline: number;
  #moreAt = Infinity;
  #finished = false;
  #ended = false;

  /**
   * With a `name`, the user is known. Without one, the client says and proves it first, as a guest if it asked for that; or the
   * listener logs it in, and no request is read before the hub has answered that.
   */
  constructor(
    facts: SessionFacts,
    limits: Limits,
    now: number,
    framing: Framing,
    name?: string,
    by?: "listener" | "guest",
  ) {
    this.#limits = limits;
    this.#introduced = by === "listener";
    this.#asGuest = by === "guest";
    this.#registers = facts.registers;
    this.#takesGuests = facts.guests === true && framing === "lines";
    this.#framing = framing;
    this.#name = name;
    this.#deadline = name === undefined ? now + limits.loginMs : Infinity;
    const longest = Math.max(limits.textBytes, limits.signalBytes);
    if (framing === "lines") this.#lines = new LineDecoder(longest * ESCAPED + ENVELOPE_BYTES);
    this.#rate = new RateLimiter(limits.burstCommands, limits.commandsPerSecond, now);
  }

  get name(): string | undefined {
    return this.#name;
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  masked(_link: Link, text: string): string {
    return maskPasswords(text);
  }

  get wakeAt(): number {
    return this.#ended ? Infinity : Math.min(this.#moreAt, this.#deadline);
  }

  hungry(_link: Link): boolean {
    if (this.#introduced && this.#name === undefined) return false;
    if (this.#lines) return this.#waiting.length < WAITING && this.#lines.heldBytes <= this.#lines.lineBytes;
    return this.#waiting.length < WAITING;
  }

  receive(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#ended) return;
    if (this.#lines) this.#lines.push(bytes);
    else this.#waiting.push(decodeText(bytes));
    this.#read(now);
  }

  closed(_link: Link, ending: Ending, now: number): void {
    if (ending === "broken") return this.#end("connection lost");
    this.#finished = true;
    this.#read(now);
  }

  dialed(_link: Link, _outcome: DialOutcome, _now: number): void {}

  directBytes(event: Message | Entries): readonly Uint8Array[] | undefined {
    if (event.type !== "entries" || this.#ended || !this.#outputs.isEmpty) return undefined;
    this.#unacked += event.entries.length;
    return encodeEntries(event, this.#framing);
  }

  event(event: Event, now: number, waitingBytes: number): void {
    if (this.#ended) return;
    // What was meant for the handout session that this one was.
    if (event.type === "message") return;
    if (event.type === "entries") {
      this.#unacked += event.entries.length;
      for (const bytes of encodeEntries(event, this.#framing)) this.#write(bytes);
      return;
    }
    // Signals are not stored, so they do not pile up for a slow peer either.
    const isSignal = event.type === "signal" || event.type === "typing";
    if (isSignal && waitingBytes > this.#limits.outboxBytes / 2) return;
    const isTurnedOut = this.#name !== undefined;
    if (event.type === "welcome") {
      this.#name = event.name;
      this.#deadline = Infinity;
    } else if (this.#name === undefined && EXTENDS_LOGIN.has(event.type)) {
      this.#deadline = now + this.#limits.loginMs;
    }
    for (const bytes of encodeEvent(event, this.#framing)) this.#write(bytes);
    if (event.type === "closing") this.#end(event.why ?? "the server stops");
    else if (isTurnedOut && event.type === "turnedAway") this.#end(refusal(event.why));
  }

  tick(now: number): void {
    if (this.#ended) return;
    if (now >= this.#deadline) return this.#end(`no login within ${this.#limits.loginMs} ms`);
    if (now >= this.#moreAt) this.#read(now);
  }

  #read(now: number): void {
    this.#moreAt = Infinity;
    for (let taken = 0; !this.#ended; taken++) {
      const waits = this.#waiting.length > 0 || this.#lines?.hasLine;
      if (waits && taken === this.#limits.turnLines) {
        this.#moreAt = now;
        return;
      }
      const text = this.#waiting.shift() ?? this.#lines?.next();
      if (text === undefined) break;
      const request = text instanceof Fault ? text : decodeNative(text);
      const free = this.#unacked > 0 && !(request instanceof Fault) && request.type === "acknowledge";
      if (free) this.#unacked--;
      else if (!this.#rate.take(now)) {
        this.#waiting.unshift(text);
        this.#moreAt = this.#rate.readyAt(now);
        return;
      }
      this.#take(request);
    }
    if (this.#finished) this.#end("closed the connection");
  }

  #take(request: NativeRequest | Fault): void {
    if (request instanceof Fault) {
      this.#outputs.push({ type: "log", level: "debug", text: request.message });
      this.#tell({ type: "error", why: request.message });
      if (request.kind === "too long") this.#end(request.message);
    } else if (request.type === "bye") this.#end("said bye");
    else if (request.type === "ping") this.#tell({ type: "pong", ref: request.ref });
    else if (request.type === "register") this.#register(request);
    else if (!this.#knows(request.type)) {
      const when = this.#name === undefined ? "before" : "after";
      this.#tell({ type: "error", why: `"${request.type}" is not known ${when} welcome` });
    } else if (request.type !== "hello") this.#outputs.push({ type: "command", command: request });
    else if (request.asGuest && !this.#takesGuests) this.#tell({ type: "refused", why: NO_GUESTS });
    else this.#outputs.push({ type: "command", command: this.#asGuest ? { ...request, asGuest: true } : request });
  }

  /** Over datagrams nothing hides the password. */
  #register(request: Extract<NativeRequest, { type: "register" }>): void {
    if (this.#name !== undefined || this.#introduced || this.#asGuest || this.#framing === "messages") {
      return this.#tell({ type: "error", why: "an account is registered over TLS, before the login" });
    }
    if (this.#registers) return this.#outputs.push({ type: "command", command: request });
    this.#tell({ type: "refused", why: "not registered: this server makes no accounts" });
  }

  #knows(type: NativeRequest["type"]): boolean {
    const early = type === "hello" || type === "prove";
    return this.#name === undefined ? early : !early && type !== "become";
  }

  #tell(message: ServerMessage): void {
    this.#write(frame(encodeServerMessage(message), this.#framing));
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

/** The native protocol over datagrams; the client logs in with a proof. */
export const MAILBOX_PROTOCOL = {
  name: "mailbox",
  links: ["udp"],
  detectsDeadPeers: true,
  openSession: (facts: SessionFacts, limits: Limits, now: number): Session =>
    new NativeServerSession(facts, limits, now, "messages"),
} as const;

/** The native protocol over WebSockets, for the web page; the login cookie has told the listener who the user is. */
export const WEB_PROTOCOL = {
  name: "web",
  links: ["ws"],
  detectsDeadPeers: true,
  openSession: (facts: SessionFacts, limits: Limits, now: number): Session =>
    new NativeServerSession(facts, limits, now, "messages", undefined, "listener"),
} as const;

/** The native protocol in lines over TLS; the client logs in with a proof. */
export const TLS_PROTOCOL = {
  name: "tls",
  links: ["tcp"],
  framing: "lines",
  openSession: (facts: SessionFacts, limits: Limits, now: number): Session =>
    new NativeServerSession(facts, limits, now, "lines"),
} as const;

/** A session that was upgraded from a handout protocol, whose login it keeps; without a name, that of a guest. */
export function nativeOverLines(facts: SessionFacts, limits: Limits, now: number, name: string | undefined): Session {
  return new NativeServerSession(facts, limits, now, "lines", name, name === undefined ? "guest" : undefined);
}
