import { concat } from "../../core/bytes.ts";
import type { Event } from "../../chat/event.ts";
import { unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import type { Limits } from "../../core/limits.ts";
import { decodeLossy, sanitized } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, Session, Way } from "../session.ts";
import type { Directory } from "./directory.ts";
import { encodeListing } from "./listing.ts";
import { decodeDirectoryRequest, type DirectoryRequest } from "./request.ts";

const LINK: Link = 0;
const NEWLINE = 0x0a;
const NUL = 0x00;

/**
 * One visit to the address book: one request, at most one answer, the end.
 *
 * A request has no end mark of its own. It is whole when it can be read and
 * 1. a line break follows, or a NUL, since programs in C send their buffer's end along; or
 * 2. the peer has finished sending; or
 * 3. nothing more has come for `bookQuietMs`.
 */
export class DirectorySession implements Session {
  readonly name = undefined;
  /** Where the peer is: its own word for it does not count. */
  readonly #hostname: string;
  #bytes = new Uint8Array(0);
  readonly #deadline: number;
  #quietAt = Infinity;
  #admitted = false;
  #over = false;

  constructor(readonly way: Way, readonly book: Directory, readonly limits: Limits, now: number) {
    this.#hostname = unwrapped(way.peer.hostname);
    this.#deadline = now + limits.bookRequestMs;
  }

  get wakeAt(): number {
    return this.#over ? Infinity : Math.min(this.#quietAt, this.#deadline);
  }

  hungry(_link: Link): boolean {
    return true;
  }

  push(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#over || !this.#admit(now)) return;
    const most = this.limits.bookRequestBytes;
    this.#bytes = concat([this.#bytes, bytes.subarray(0, most + 1 - this.#bytes.length)]);
    const end = this.#bytes.findIndex((byte) => byte === NEWLINE || byte === NUL);
    if (end >= 0) {
      this.#bytes = this.#bytes.subarray(0, end);
      return this.#finish(now);
    }
    if (this.#bytes.length > most) return this.#refuse(`expected a request of at most ${most} bytes, found more`);
    this.#quietAt = now + this.limits.bookQuietMs;
  }

  closed(_link: Link, _ending: Ending, now: number): void {
    if (this.#over || !this.#admit(now)) return;
    // What has come was said, also by a peer that is gone.
    this.#finish(now);
  }

  dialled(_link: Link, _outcome: DialOutcome, _now: number): void {}

  event(event: Event, _now: number): void {
    if (event.type === "closing") this.#end("the server stops");
  }

  tick(now: number): void {
    if (this.#over || now < this.wakeAt || !this.#admit(now)) return;
    if (now >= this.#quietAt) {
      this.#quietAt = Infinity;
      const request = decodeDirectoryRequest(this.#text);
      if (!(request instanceof Fault)) return this.#answer(request, now);
    }
    if (now < this.#deadline) return;
    const found = JSON.stringify(this.#text.slice(0, 80));
    this.#refuse(`expected a whole request within ${this.limits.bookRequestMs} ms, found ${found}`);
  }

  get #text(): string {
    // Names are only shown, so that one in another encoding than UTF-8 is no reason to refuse its owner.
    return decodeLossy(this.#bytes);
  }

  /** Once for each visit, at its first sign: whether it is to be answered. */
  #admit(now: number): boolean {
    if (this.#admitted) return true;
    this.#admitted = this.book.admits(this.#hostname, now);
    if (!this.#admitted) this.#end("its address asks too often");
    return this.#admitted;
  }

  /** Nothing more belongs to the request. */
  #finish(now: number): void {
    const request = decodeDirectoryRequest(this.#text);
    if (request instanceof Fault) this.#refuse(request.message);
    else this.#answer(request, now);
  }

  #answer(request: DirectoryRequest, now: number): void {
    this.way.trace?.(LINK, "up", this.#text);
    const { others, notes } = this.book.handle(request, this.#hostname, now);
    for (const note of notes) this.way.note(note);
    if (others.length > 0) {
      const listing = encodeListing(others);
      this.way.trace?.(LINK, "down", decodeLossy(listing));
      this.way.write(LINK, listing);
    }
    this.#end("it has its answer");
  }

  #refuse(why: string): void {
    this.way.trace?.(LINK, "up", `(${why})`);
    this.way.note(`closed without an answer: ${sanitized(why)}`);
    this.#end(why);
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.way.end(why);
  }
}

/** The door to an address book: what it is called, and how a visit begins. No visit is anything to the hub. */
export function directoryProtocol(book: Directory) {
  return {
    name: "address-book",
    links: ["tcp"],
    bypassesHub: true,
    openSession: (way: Way, limits: Limits, now: number): Session => new DirectorySession(way, book, limits, now),
  } as const;
}
