import type { PeerLimits } from "./options.ts";
import type { Outgoing } from "./store.ts";

/** What was said to one person and is not known to have arrived, in its order. */
export class MessageQueue {
  #waiting: Outgoing[] = [];
  /** Before this all have arrived. */
  #head = 0;
  /** Before this all were sent on the present link. */
  #unsent = 0;
  #characters = 0;
  #underWay = 0;

  constructor(readonly limits: PeerLimits) {}

  get size(): number {
    return this.#waiting.length - this.#head;
  }

  /** Why one more is not taken; undefined when it is. */
  full(text: string): string | undefined {
    const { waitingMessages, waitingCharacters } = this.limits;
    if (this.size >= waitingMessages) return `${waitingMessages} messages wait already, the most that are kept for one`;
    if (this.#characters + text.length <= waitingCharacters) return undefined;
    return `${waitingCharacters} characters wait already, the most that are kept for one`;
  }

  push(message: Outgoing): void {
    this.#waiting.push(message);
    this.#characters += message.text.length;
  }

  /** Puts one in where its number belongs; nothing may be under way. */
  insert(message: Outgoing): void {
    const at = this.#waiting.findIndex(({ n }, i) => i >= this.#head && n > message.n);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, message);
    this.#characters += message.text.length;
  }

  /** The next to be sent, as long as not too much is under way. */
  next(): Outgoing | undefined {
    const message = this.#waiting[this.#unsent];
    if (!message || this.#unsent - this.#head >= this.limits.underWayMessages) return undefined;
    if (this.#underWay >= this.limits.underWayCharacters) return undefined;
    this.#unsent++;
    this.#underWay += message.text.length;
    return message;
  }

  /** Everything that was sent up to this number has arrived: what that is. */
  arrived(n: number): Outgoing[] {
    const first = this.#head;
    while (this.#head < this.#unsent && this.#waiting[this.#head]!.n <= n) {
      const { length } = this.#waiting[this.#head++]!.text;
      this.#characters -= length;
      this.#underWay -= length;
    }
    const arrived = this.#waiting.slice(first, this.#head);
    this.#tidy();
    return arrived;
  }

  /** What was sent under this number, if it still waits. */
  sent(n: number): Outgoing | undefined {
    const at = this.#waiting.findIndex((each, i) => i >= this.#head && i < this.#unsent && each.n === n);
    return this.#waiting[at];
  }

  /** Gives one up. */
  remove(message: Outgoing): void {
    const at = this.#waiting.indexOf(message, this.#head);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#characters -= message.text.length;
    if (at >= this.#unsent) return;
    this.#unsent--;
    this.#underWay -= message.text.length;
  }

  /** The link is gone: all is to be sent again. */
  linkLost(): void {
    this.#unsent = this.#head;
    this.#underWay = 0;
  }

  /** Gives up everything, and says what that is. */
  clear(): Outgoing[] {
    const all = this.all();
    this.#waiting = [];
    this.#head =
      this.#unsent =
      this.#characters =
      this.#underWay =
        0;
    return all;
  }

  /** What waits, in its order. */
  all(): Outgoing[] {
    return this.#waiting.slice(this.#head);
  }

  #tidy(): void {
    if (this.#head < 256 || this.#head * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#head);
    this.#unsent -= this.#head;
    this.#head = 0;
  }
}
