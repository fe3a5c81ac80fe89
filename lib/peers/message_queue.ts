import type { PeerLimits } from "./options.ts";
import type { Outgoing } from "./store.ts";

/** The messages to one person that are not acknowledged, in order. */
export class MessageQueue {
  #waiting: Outgoing[] = [];
  /** Index of the first that is not acknowledged. */
  #head = 0;
  /** Index of the first that was not sent on the present link. */
  #unsent = 0;
  #characters = 0;
  #inFlight = 0;

  constructor(readonly limits: PeerLimits) {}

  get size(): number {
    return this.#waiting.length - this.#head;
  }

  /** Why one more message is not accepted; undefined if it is. */
  full(text: string): string | undefined {
    const { waitingMessages, waitingCharacters } = this.limits;
    if (this.size >= waitingMessages) {
      return `${waitingMessages} messages are waiting already, the most that are kept for one person`;
    }
    if (this.#characters + text.length <= waitingCharacters) return undefined;
    return `${waitingCharacters} characters are waiting already, the most that are kept for one person`;
  }

  push(message: Outgoing): void {
    this.#waiting.push(message);
    this.#characters += message.text.length;
  }

  /** Inserts a message by its number; none may be in flight. */
  insert(message: Outgoing): void {
    const at = this.#waiting.findIndex(({ n }, i) => i >= this.#head && n > message.n);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, message);
    this.#characters += message.text.length;
  }

  /** The next to be sent, if the window allows it. */
  next(): Outgoing | undefined {
    const message = this.#waiting[this.#unsent];
    if (!message || this.#unsent - this.#head >= this.limits.inFlightMessages) return undefined;
    if (this.#inFlight >= this.limits.inFlightCharacters) return undefined;
    this.#unsent++;
    this.#inFlight += message.text.length;
    return message;
  }

  /** Everything that was sent up to this number has arrived: removes and returns it. */
  arrived(n: number): Outgoing[] {
    const first = this.#head;
    while (this.#head < this.#unsent && this.#waiting[this.#head]!.n <= n) {
      const { length } = this.#waiting[this.#head++]!.text;
      this.#characters -= length;
      this.#inFlight -= length;
    }
    const arrived = this.#waiting.slice(first, this.#head);
    this.#compact();
    return arrived;
  }

  /** The message that was sent with this number, if it is not acknowledged. */
  sent(n: number): Outgoing | undefined {
    const at = this.#waiting.findIndex((each, i) => i >= this.#head && i < this.#unsent && each.n === n);
    return this.#waiting[at];
  }

  remove(message: Outgoing): void {
    const at = this.#waiting.indexOf(message, this.#head);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#characters -= message.text.length;
    if (at >= this.#unsent) return;
    this.#unsent--;
    this.#inFlight -= message.text.length;
  }

  /** The link is lost: everything is to be sent again. */
  linkLost(): void {
    this.#unsent = this.#head;
    this.#inFlight = 0;
  }

  /** Removes and returns everything. */
  clear(): Outgoing[] {
    const all = this.all();
    this.#waiting = [];
    this.#head =
      this.#unsent =
      this.#characters =
      this.#inFlight =
        0;
    return all;
  }

  /** Everything, in order. */
  all(): Outgoing[] {
    return this.#waiting.slice(this.#head);
  }

  #compact(): void {
    if (this.#head < 256 || this.#head * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#head);
    this.#unsent -= this.#head;
    this.#head = 0;
  }
}
