import type { Address } from "../core/address.ts";
import type { DatagramLink } from "../protocols/datagram/link.ts";
import type { Introduction } from "./packet.ts";

/** Numbers of theirs that are remembered: the newest may come from somebody who only says that they are there. */
const NUMBERS = 4;

/** A link that is there: both numbers that made it, and what they said of themselves. */
export interface Opened {
  readonly link: DatagramLink;
  readonly mine: bigint;
  readonly theirs: bigint;
  /** Since when it is there. */
  readonly at: number;
}

/** One place, and how far we have come with whoever is there. */
export class Contact {
  /** The number that we have drawn for the next link to there. */
  mine: bigint;
  opened: Opened | undefined;
  /** Until when we ask; they may ask us at any time. */
  wantedUntil = -Infinity;
  askAt = Infinity;
  /** How long we wait after the next question; 0 while we ask nothing. */
  waitMs = 0;
  /** Links in a row that lived but shortly. */
  shortLives = 0;
  /** Whether we have asked since the last link. */
  asked = false;
  /** Numbers they have told us, for the next link. */
  readonly #heard = new Map<bigint, Introduction>();

  constructor(readonly place: Address, mine: bigint) {
    this.mine = mine;
  }

  /** Whether we ask for whoever is there. */
  get asking(): boolean {
    return this.waitMs > 0;
  }

  /** They have asked, by this number. */
  heard(theirs: bigint, self: Introduction): void {
    this.#heard.delete(theirs);
    this.#heard.set(theirs, self);
    if (this.#heard.size <= NUMBERS) return;
    for (const oldest of this.#heard.keys()) return void this.#heard.delete(oldest);
  }

  /** What makes a link of this id, when it is one that both numbers make. */
  makes(id: bigint): { theirs: bigint; self: Introduction } | undefined {
    const theirs = this.mine ^ id;
    const self = this.#heard.get(theirs);
    return self && { theirs, self };
  }

  /** Begins anew: the numbers so far make no further link. */
  renew(mine: bigint): void {
    this.mine = mine;
    this.#heard.clear();
  }
}
