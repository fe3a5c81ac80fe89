import type { LinkName } from "./step.ts";
import { type Expected, isLike, type Unread } from "./match.ts";
import { QUIET_MS } from "./piece_gaps.ts";

/** A connection or socket of a script, with what has come on it and was not taken yet. */
export class PlayLink {
  isDatagrams = false;
  /** What its datagrams are to the script: themselves, the lines of `packetText`, or messages of a reliable link beneath. */
  as: "datagrams" | "packets" | "messages" = "datagrams";
  isOpen = false;
  hasEnded = false;
  /** The check has given its port back. */
  isReleased = false;
  /** What happened to it last, for a story. */
  lastNote: string | undefined;
  pieces: Uint8Array[] = [];
  /** When it came, by the clock. */
  lastAt = -Infinity;
  /** The same as its program had it. */
  lastTime = -Infinity;
  receivedBytes = 0;
  /** Of each of `pieces`, whether it came after silence. */
  #afterSilence: boolean[] = [];
  /** Of each of `pieces`, whether it may have been sent in more pieces than were seen. */
  #mayBeJoined: boolean[] = [];
  readonly #ignored: Expected["is"][] = [];

  /** Something has not been taken yet that may have been sent in more pieces than were seen. */
  get mayBeJoined(): boolean {
    return this.#mayBeJoined.includes(true);
  }

  add(piece: Uint8Array, now: number, time: number, mayBeJoined = false): void {
    if (this.isDatagrams && this.#ignored.some((pattern) => isLike(piece, pattern))) return;
    this.pieces.push(piece);
    this.#afterSilence.push(now - this.lastAt >= QUIET_MS);
    this.#mayBeJoined.push(mayBeJoined);
    this.lastAt = now;
    this.lastTime = time;
  }

  /** Datagrams like this one are passed over, those that have come and those to come. */
  ignore(pattern: Expected["is"]): void {
    this.#ignored.push(pattern);
    if (this.isDatagrams) this.pieces = this.pieces.filter((piece) => !isLike(piece, pattern));
  }

  /** Takes bytes from the front; of datagrams, that many datagrams. */
  take(count: number): void {
    if (this.isDatagrams) {
      this.pieces.splice(0, count);
      return;
    }
    let left = count;
    while (left > 0 && this.pieces.length > 0) {
      const [first] = this.pieces as [Uint8Array];
      if (first.length > left) {
        this.pieces[0] = first.subarray(left);
        this.#afterSilence[0] = false;
      } else {
        this.pieces.shift();
        this.#afterSilence.shift();
        this.#mayBeJoined.shift();
      }
      left -= first.length;
    }
  }

  takeAll(): Uint8Array[] {
    this.#afterSilence = [];
    this.#mayBeJoined = [];
    return this.pieces.splice(0);
  }

  unread(confirmedAt: number, settleMs: number): Unread {
    const { isDatagrams, pieces, hasEnded } = this;
    return {
      isDatagrams,
      pieces,
      hasEnded,
      hasSettled: confirmedAt - this.lastTime >= settleMs,
      afterSilence: this.#afterSilence,
    };
  }
}

/** The links of a script by their names; one is there as soon as it is named. */
export class PlayLinks {
  readonly #links = new Map<LinkName, PlayLink>();

  get(name: LinkName): PlayLink {
    let link = this.#links.get(name);
    if (!link) this.#links.set(name, link = new PlayLink());
    return link;
  }

  /** When the next unfinished line of these counts as settled, as its program has it; Infinity when there is none. */
  settlesAt(names: readonly LinkName[], after: number, settleMs: number): number {
    let next = Infinity;
    for (const name of names) {
      const { pieces, lastTime } = this.get(name);
      const at = lastTime + settleMs;
      if (pieces.length > 0 && at > after) next = Math.min(next, at);
    }
    return next;
  }
}
