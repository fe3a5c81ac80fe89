import { concat } from "../../core/bytes.ts";
import type { Event } from "../../chat/event.ts";
import { unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { Outputs } from "../../core/machine.ts";
import { decodeLossy, sanitized } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, SessionFacts, SessionOutput } from "../session.ts";
import type { Directory } from "./directory.ts";
import { encodeListing, type ReplyForm } from "./listing.ts";
import { decodeDirectoryRequest, type DirectoryRequest } from "./request.ts";

const LINK: Link = 0;
const NEWLINE = 0x0a;
const NUL = 0x00;
/** A tick that is this late shows that this process was busy. */
const LATE_MS = 50;

/**
 * One session of the directory: one request, at most one answer, the end.
 *
 * A request has no end mark of its own. It is complete when it can be parsed and
 * 1. a line break follows, or a NUL, which programs in C send at the end of a buffer; or
 * 2. the peer has finished sending; or
 * 3. nothing more has come for `bookQuietMs`.
 */
export class DirectorySession implements Session {
  readonly name = undefined;
  readonly #directory: Directory;
  readonly #limits: Limits;
  readonly #form: ReplyForm;
  readonly #outputs = new Outputs<SessionOutput>();
  /** The peer's real address; the one in its request does not count. */
  readonly #hostname: string;
  #bytes = new Uint8Array(0);
  #deadline: number;
  /** Whether the time for the request has begun again. */
  #isAgain = false;
  #quietAt = Infinity;
  #admitted = false;
  #ended = false;

  constructor(facts: SessionFacts, directory: Directory, limits: Limits, now: number, form: ReplyForm = "text") {
    this.#directory = directory;
    this.#limits = limits;
    this.#form = form;
    this.#hostname = unwrapped(facts.peer.hostname);
    this.#deadline = now + limits.bookRequestMs;
  }

  get wakeAt(): number {
    return this.#ended ? Infinity : Math.min(this.#quietAt, this.#deadline);
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  hungry(_link: Link): boolean {
    return true;
  }

  receive(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#ended || !this.#admit(now)) return;
    const most = this.#limits.bookRequestBytes;
    this.#bytes = concat([this.#bytes, bytes.subarray(0, most + 1 - this.#bytes.length)]);
    const end = this.#bytes.findIndex((byte) => byte === NEWLINE || byte === NUL);
    if (end >= 0) {
      this.#bytes = this.#bytes.subarray(0, end);
      return this.#finish(now);
    }
    if (this.#bytes.length > most) return this.#refuse(`expected a request of at most ${most} bytes, found more`);
    this.#quietAt = now + this.#limits.bookQuietMs;
  }

  closed(_link: Link, _ending: Ending, now: number): void {
    if (this.#ended || !this.#admit(now)) return;
    // What has arrived counts, even if the connection broke.
    this.#finish(now);
  }

  dialed(_link: Link, _outcome: DialOutcome, _now: number): void {}

  event(event: Event, _now: number): void {
    if (event.type === "closing") this.#end("the server stops");
  }

  tick(now: number): void {
    if (this.#ended || now < this.wakeAt || !this.#admit(now)) return;
    if (now >= this.#quietAt) {
      this.#quietAt = Infinity;
      const request = decodeDirectoryRequest(this.#text);
      if (!(request instanceof Fault)) return this.#answer(request, now);
    }
    if (now < this.#deadline) return;
    // While this process was busy it has read nothing, whatever has come: the time begins again, once.
    if (now - this.#deadline > LATE_MS && !this.#isAgain) {
      this.#isAgain = true;
      this.#deadline = now + this.#limits.bookRequestMs;
      return;
    }
    const found = JSON.stringify(this.#text.slice(0, 80));
    this.#refuse(`expected a whole request within ${this.#limits.bookRequestMs} ms, found ${found}`);
  }

  get #text(): string {
    // Names are only displayed, so one that is not UTF-8 is no reason to refuse its owner.
    return decodeLossy(this.#bytes);
  }

  /** Counts the session against the rate of its address, once, at its first input; whether it may be answered. */
  #admit(now: number): boolean {
    if (this.#admitted) return true;
    this.#admitted = this.#directory.admits(this.#hostname, now);
    if (!this.#admitted) this.#end("its address asks too often");
    return this.#admitted;
  }

  /** The request is complete. */
  #finish(now: number): void {
    const request = decodeDirectoryRequest(this.#text);
    if (request instanceof Fault) this.#refuse(request.message);
    else this.#answer(request, now);
  }

  #answer(request: DirectoryRequest, now: number): void {
    const { others, notes } = this.#directory.handle(request, this.#hostname, now);
    for (const note of notes) this.#log(note);
    const listing = request.type === "R" ? encodeListing(others, this.#form) : new Uint8Array(0);
    if (listing.length > 0) {
      this.#outputs.push({ type: "write", link: LINK, bytes: listing });
    }
    const outcome = request.type === "R" ? `${others.length} others` : "done";
    this.#outputs.push({ type: "request", text: `request ${sanitized(this.#text)}`, outcome });
    this.#end("it has its answer");
  }

  #refuse(why: string): void {
    this.#log(`closed without an answer: ${sanitized(why)}`);
    this.#outputs.push({ type: "request", text: "request", outcome: `refused: ${why}` });
    this.#end(why);
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outputs.push({ type: "end", why });
  }

  #log(text: string): void {
    this.#outputs.push({ type: "log", level: "info", text });
  }
}

/** The directory's protocol. The hub does not know its sessions. `drain` carries out what the directory wants done. */
export function directoryProtocol(directory: Directory, drain: () => void, form: ReplyForm) {
  return {
    name: "address-book",
    links: ["tcp"],
    bypassesHub: true,
    drainShared: drain,
    openSession: (facts: SessionFacts, limits: Limits, now: number): Session =>
      new DirectorySession(facts, directory, limits, now, form),
  } as const;
}
