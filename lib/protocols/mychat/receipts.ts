/** Messages of one sender that wait for a confirmation, at most; the oldest are then left to `GET_DATA`. */
const MAX_WAITING = 256;
/** Senders whose messages wait. */
const MAX_SENDERS = 256;

interface Waiting {
  readonly seq: number;
  readonly text: string;
  readonly time: string;
  confirmed: boolean;
}

/** A part of a private conversation: entries after `since` and up to `upTo`. */
export interface Part {
  readonly since: number;
  readonly upTo: number;
}

/**
 * What a program was sent and has not confirmed, by sender. A confirmation names the text and not the message, and a datagram
 * may be lost: only what was confirmed without a gap counts as received.
 */
export class MychatReceipts {
  readonly #bySender = new Map<string, Waiting[]>();

  sent(from: string, seq: number, text: string, time: string): void {
    let waiting = this.#bySender.get(from);
    if (!waiting) {
      if (this.#bySender.size === MAX_SENDERS) this.#bySender.delete(this.#bySender.keys().next().value!);
      this.#bySender.set(from, waiting = []);
    }
    waiting.push({ seq, text, time, confirmed: false });
    if (waiting.length > MAX_WAITING) waiting.shift();
  }

  /** The program has the oldest message that fits: which one, and up to where all have arrived; undefined if none fits. */
  confirm(
    from: string,
    text: string | undefined,
    time: string | undefined,
  ): { seq: number; part: Part | undefined } | undefined {
    const waiting = this.#bySender.get(from) ?? [];
    const open = waiting.filter(({ confirmed }) => !confirmed);
    const same = open.filter((each) => text === undefined || each.text === text);
    const found = same.find((each) => time === undefined || each.time === time) ?? same[0];
    if (!found) return undefined;
    found.confirmed = true;
    const gap = waiting.findIndex(({ confirmed }) => !confirmed);
    const arrived = waiting.splice(0, gap < 0 ? waiting.length : gap);
    if (waiting.length === 0) this.#bySender.delete(from);
    const part = arrived.length > 0 ? { since: arrived[0]!.seq - 1, upTo: arrived.at(-1)!.seq } : undefined;
    return { seq: found.seq, part };
  }

  /** The program has read the conversation: what it has confirmed by that. */
  retrieved(from: string, { since, upTo }: Part): number[] {
    const waiting = this.#bySender.get(from) ?? [];
    const has = ({ seq }: Waiting) => seq > since && seq <= upTo;
    const left = waiting.filter((each) => !has(each));
    if (left.length > 0) this.#bySender.set(from, left);
    else this.#bySender.delete(from);
    return waiting.filter((each) => has(each) && !each.confirmed).map(({ seq }) => seq);
  }
}
