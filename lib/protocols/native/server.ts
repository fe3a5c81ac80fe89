import type { Event } from "../../chat/event.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { LineDecoder } from "../../core/line_decoder.ts";
import { RateLimiter } from "../../core/limiters.ts";
import { decodeLossy, decodeText } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, Way } from "../session.ts";
import { encodeEvent, encodeNativeMessage, errorJson, frame, type Framing } from "./replies.ts";
import { decodeNative, type NativeRequest } from "./requests.ts";

const LINK: Link = 0;
/** A text of the greatest length in JSON, every character of it escaped. */
const ESCAPED = 6;
const ENVELOPE_BYTES = 1024;
/** Messages of one transport's turn that wait for theirs. */
const WAITING = 64;

/**
 * The server's side of one client that speaks our own protocol: one JSON object a line, or one a message where the transport
 * has messages.
 *
 * 1. What is malformed is answered with `error` and changes nothing; what is too long ends the session.
 * 2. Acknowledgements are taken at once; everything else has its fair turns and its rate.
 * 3. Signals to who does not read are dropped; all else is told, or the session ends.
 */
export class NativeServerSession implements Session {
  readonly #lines: LineDecoder | undefined;
  readonly #waiting: (string | Fault)[] = [];
  readonly #rate: RateLimiter;
  readonly #framing: Framing;
  #name: string | undefined;
  #deadline: number;
  #moreAt = Infinity;
  #finished = false;
  #over = false;

  /**
   * With a name it is known who speaks. Without one the client says and proves it first; or its door does, where it is
   * `introduced`, and nothing is taken until that has its answer.
   */
  constructor(
    readonly way: Way,
    readonly limits: Limits,
    now: number,
    framing: Framing,
    name?: string,
    readonly introduced = false,
  ) {
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

  get wakeAt(): number {
    return this.#over ? Infinity : Math.min(this.#moreAt, this.#deadline);
  }

  hungry(_link: Link): boolean {
    if (this.introduced && this.#name === undefined) return false;
    if (this.#lines) return this.#waiting.length < WAITING && this.#lines.heldBytes <= this.#lines.lineBytes;
    return this.#waiting.length < WAITING;
  }

  push(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#over) return;
    if (this.#lines) this.#lines.push(bytes);
    else this.#waiting.push(decodeText(bytes));
    this.#work(now);
  }

  closed(_link: Link, ending: Ending, now: number): void {
    if (ending === "broken") return this.#end("connection lost");
    this.#finished = true;
    this.#work(now);
  }

  dialled(_link: Link, _outcome: DialOutcome, _now: number): void {}

  event(event: Event, now: number): void {
    if (this.#over) return;
    if (event.type === "message") return this.#write(encodeNativeMessage(event, this.#framing));
    // What is not kept is not heaped up: whoever does not read misses it.
    if (event.type === "signal" && this.way.waiting(LINK) > this.limits.outboxBytes / 2) return;
    if (event.type === "welcome") {
      this.#name = event.name;
      this.#deadline = Infinity;
    } else if (event.type === "turnedAway") this.#deadline = now + this.limits.loginMs;
    for (const bytes of encodeEvent(event, this.#framing)) this.#write(bytes);
    if (event.type === "closing") this.#end("the server stops");
  }

  tick(now: number): void {
    if (this.#over) return;
    if (now >= this.#deadline) return this.#end(`no login within ${this.limits.loginMs} ms`);
    if (now >= this.#moreAt) this.#work(now);
  }

  #work(now: number): void {
    this.#moreAt = Infinity;
    for (let taken = 0; !this.#over; taken++) {
      const waits = this.#waiting.length > 0 || this.#lines?.hasLine;
      if (waits && taken === this.limits.turnLines) {
        this.#moreAt = now;
        return;
      }
      const text = this.#waiting.shift() ?? this.#lines?.next();
      if (text === undefined) break;
      const request = text instanceof Fault ? text : decodeNative(text);
      const free = !(request instanceof Fault) && request.type === "acknowledge";
      if (!free && !this.#rate.take(now)) {
        this.#waiting.unshift(text);
        this.#moreAt = this.#rate.readyAt(now);
        return;
      }
      this.#trace(text);
      this.#take(request);
    }
    if (this.#finished) this.#end("closed the connection");
  }

  #take(request: NativeRequest | Fault): void {
    if (request instanceof Fault) {
      this.way.remark(() => request.message);
      this.#tell(errorJson(request.message));
      if (request.kind === "too long") this.#end(request.message);
    } else if (request.type === "bye") this.#end("said bye");
    else if (request.type === "ping") this.#tell(`{"type":"pong","ref":${request.ref}}`);
    else if (request.type === "missaid") this.#tell(JSON.stringify({ ...request, type: "failed" }));
    else if (this.#knows(request.type)) this.way.command(request);
    else {this.#tell(
        errorJson(`"${request.type}" is not known ${this.#name === undefined ? "before" : "after"} welcome`),
      );}
  }

  #knows(type: NativeRequest["type"]): boolean {
    const early = type === "hello" || type === "prove";
    return this.#name === undefined ? early : !early && type !== "become";
  }

  #tell(json: string): void {
    this.#write(frame(json, this.#framing));
  }

  #write(bytes: Uint8Array): void {
    this.way.trace?.(LINK, "down", decodeLossy(bytes).trimEnd());
    this.way.write(LINK, bytes);
  }

  #trace(text: string | Fault): void {
    if (!this.way.trace) return;
    this.way.trace(LINK, "up", text instanceof Fault ? `(${text.message})` : text);
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.way.end(why);
  }
}

/** The mailbox: our own protocol over datagrams, where a client says and proves who it is. */
export const MAILBOX_PROTOCOL = {
  name: "mailbox",
  links: ["udp"],
  detectsDeadPeers: true,
  openSession: (way: Way, limits: Limits, now: number): Session =>
    new NativeServerSession(way, limits, now, "messages"),
} as const;

/** The page: our own protocol, a message a WebSocket frame; who it is, its door says. */
export const WEB_PROTOCOL = {
  name: "web",
  links: ["ws"],
  detectsDeadPeers: true,
  openSession: (way: Way, limits: Limits, now: number): Session =>
    new NativeServerSession(way, limits, now, "messages", undefined, true),
} as const;

/** Our own protocol in lines over TLS; a client says and proves who it is. */
export const TLS_PROTOCOL = {
  name: "tls",
  links: ["tcp"],
  openSession: (way: Way, limits: Limits, now: number): Session => new NativeServerSession(way, limits, now, "lines"),
} as const;

/** How a session goes on that was let in at a handout door. */
export function nativeOverLines(way: Way, limits: Limits, now: number, name: string): Session {
  return new NativeServerSession(way, limits, now, "lines", name);
}
