/** Numbers that follow from a seed (mulberry32): the same seed makes the same choices. */
export class Choice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  shuffled<T>(values: readonly T[]): T[] {
    const left = [...values];
    for (let i = left.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [left[i], left[j]] = [left[j]!, left[i]!];
    }
    return left;
  }
}

const WORDS = [
  "Hello!",
  "lunch",
  "at",
  "noon?",
  "see",
  "you",
  "in",
  "the",
  "lab",
  "ok,",
  "fine",
  "page",
  "42",
  "maybe",
];

/** A text of a few words, with single spaces within. */
export function chosenText(choice: Choice): string {
  return Array.from({ length: 3 + choice.below(5) }, () => choice.of(WORDS)).join(" ");
}
