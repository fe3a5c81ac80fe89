import { decodeBase64, decodeHex } from "../../core/bytes.ts";
import { ATTACHMENT_ID } from "./attachment.ts";

/** Digits of a number; where two on one list begin alike, the later one has more of its digits. */
const FEWEST = 3;
/** All are exact as a number. */
const MOST = 15;
/** Of 900 short numbers 450 may be taken, and all of these draws fail for one offer in 65,536. */
const DRAWS = 16;

/**
 * The numbers by which users refer to offers and to files at the server. They follow from the ids, so a sender and its receivers
 * can tell each other a number, whichever way they are connected.
 *
 * 1. A number is the shortest beginning of its digits with which no other number on the list begins, when it is put there.
 * 2. Each longer beginning means the same file, on every list.
 * 3. Digits with which several numbers begin mean none of them: the user must enter more. So what one user tells another never
 *    means a different file there.
 */
export class FileNumbers {
  /** By id. */
  readonly #known = new Map<string, { readonly n: number; readonly digits: string; readonly title: string }>();

  /** The number of an id; `title` is shown where the user must choose. */
  take(id: string, title: string): number {
    const known = this.#known.get(id);
    if (known) return known.n;
    const digits = digitsOf(id);
    const n = Number(distinct(digits, this.#digits()));
    this.#known.set(id, { n, digits, title });
    return n;
  }

  release(id: string): void {
    this.#known.delete(id);
  }

  /** One of the ids that `fresh` makes, whose number is as short as can be, if one is left. */
  shortId(fresh: () => string): string {
    const ids = Array.from({ length: DRAWS }, fresh);
    return ids.find((id) => this.matches(Number(shortNumber(id))).length === 0) ?? ids[0]!;
  }

  /** Whether all digits of an id are those of another. */
  isRepeated(id: string): boolean {
    return !this.#known.has(id) && this.#digits().includes(digitsOf(id));
  }

  /** The ids that a number may mean. */
  matches(n: number): string[] {
    const typed = String(n);
    if (typed.length < FEWEST) return [];
    return [...this.#known].flatMap(([id, { digits }]) => digits.startsWith(typed) ? [id] : []);
  }

  /** Why a number is not enough, with the longer ones of these ids. */
  choice(n: number, ids: readonly string[]): string {
    const known = ids.map((id) => this.#known.get(id)!);
    const longer = known.map((each) => {
      const others = known.flatMap(({ digits }) => digits === each.digits ? [] : [digits]);
      return `${distinct(each.digits, others)} (${each.title})`;
    });
    return `${n} may be ${longer.join(" or ")}: enter the longer number`;
  }

  #digits(): string[] {
    return [...this.#known.values()].map(({ digits }) => digits);
  }
}

/** A number where no list can be asked: what others call the file, unless their lists have more of its digits. */
export function shortNumber(id: string): string {
  return digitsOf(id).slice(0, FEWEST);
}

/** The digits of an offer's id (base64), or of an attachment's (hexadecimal). */
function digitsOf(id: string): string {
  const bytes = ATTACHMENT_ID.test(id) ? decodeHex(id) : decodeBase64(id) ?? new Uint8Array();
  // No number begins with a zero.
  return Array.from({ length: MOST }, (_, i) => i === 0 ? 1 + (bytes[0] ?? 0) % 9 : (bytes[i] ?? 0) % 10).join("");
}

/** The shortest beginning of these digits with which none of the others begins. */
function distinct(digits: string, others: readonly string[]): string {
  for (let length = FEWEST; length < MOST; length++) {
    const beginning = digits.slice(0, length);
    if (!others.some((other) => other.startsWith(beginning))) return beginning;
  }
  return digits;
}
