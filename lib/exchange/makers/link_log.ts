import { EXCHANGE_WAITING_BYTES } from "../../core/limits.ts";
import type { ExchangeCommand, ExchangeEvent, ServerId } from "../exchange.ts";

/** What an entry costs in memory besides its bytes. */
const ENTRY_BYTES = 64;

/**
 * The log of servers that are linked, in the memory of the one that keeps it. It is not written to the disk: each server has its
 * own records there, and after a restart of the keeper they are appended again to a log with a greater epoch.
 *
 * 1. Places begin with 1 and grow by one. Beyond `mostBytes` the oldest entries are dropped.
 * 2. A member that takes no messages loses those beyond `EXCHANGE_WAITING_BYTES`.
 */
export class LinkLog {
  readonly #entries: Uint8Array[] = [];
  readonly #members = new Set<LinkMember>();
  #first = 1;
  #bytes = 0;

  constructor(readonly epoch: number, readonly mostBytes: number) {}

  get first(): number {
    return this.#first;
  }

  /** The newest place; one less than `first` when nothing is there. */
  get last(): number {
    return this.#first + this.#entries.length - 1;
  }

  join(member: LinkMember): void {
    this.#members.add(member);
  }

  leave(member: LinkMember): void {
    this.#members.delete(member);
  }

  at(place: number): Uint8Array | undefined {
    return this.#entries[place - this.#first];
  }

  append(bytes: Uint8Array): void {
    this.#entries.push(bytes);
    this.#bytes += bytes.length + ENTRY_BYTES;
    let dropped = 0;
    while (this.#bytes > this.mostBytes) this.#bytes -= this.#entries[dropped++]!.length + ENTRY_BYTES;
    // Dropped in one piece: taking the first of many off an array moves all others.
    if (dropped > 0) this.#entries.splice(0, dropped);
    this.#first += dropped;
    for (const member of this.#members) member.wake();
  }

  send(from: LinkMember, to: ServerId | undefined, bytes: Uint8Array): void {
    for (const member of this.#members) {
      if (member !== from && (to === undefined || member.server === to)) member.message(bytes);
    }
  }
}

/** A server that is linked: what it has asked for, and what it is to be told next. */
export class LinkMember {
  /** The next place to give; undefined before `read`. */
  #next: number | undefined;
  #credit = 0;
  readonly #messages: Uint8Array[] = [];
  #messageBytes = 0;

  /** `wake` is called when there may be something to tell. */
  constructor(readonly log: LinkLog, readonly server: ServerId, readonly wake: () => void) {
    log.join(this);
  }

  execute(command: ExchangeCommand): void {
    switch (command.type) {
      case "read":
        this.#next = command.after + 1;
        break;
      case "take":
        this.#credit += command.count;
        break;
      case "publish":
        return this.log.append(command.bytes);
      case "send":
        return this.log.send(this, command.to, command.bytes);
    }
    this.wake();
  }

  message(bytes: Uint8Array): void {
    if (this.#messageBytes + bytes.length > EXCHANGE_WAITING_BYTES) return;
    this.#messages.push(bytes);
    this.#messageBytes += bytes.length;
    this.wake();
  }

  /** The next thing to tell; undefined when there is nothing. */
  next(): ExchangeEvent | undefined {
    const message = this.#messages.shift();
    if (message) {
      this.#messageBytes -= message.length;
      return { type: "message", bytes: message };
    }
    if (this.#next === undefined || this.#credit === 0) return undefined;
    const place = Math.max(this.#next, this.log.first);
    const bytes = this.log.at(place);
    if (!bytes) return undefined;
    this.#credit--;
    this.#next = place + 1;
    return { type: "entry", place, bytes };
  }

  leave(): void {
    this.log.leave(this);
  }
}
