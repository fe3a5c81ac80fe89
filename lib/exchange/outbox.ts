import { PUBLISH_WINDOW } from "../core/limits.ts";

/** Text of records that is held in memory until the exchange gives them back; the rest is read from the store. */
const HELD_CHARACTERS = 4 * 1024 * 1024;

/**
 * This server's records that the exchange has not given back.
 *
 * 1. They are published in the order of their numbers, `PUBLISH_WINDOW` at a time.
 * 2. One that is not given back is published again, with all after it: after a new connection, or when nothing comes back.
 */
export class Outbox {
  readonly #texts = new Map<number, string>();
  #characters = 0;
  #published: number;

  /** Everything up to `givenBack` has come back, the newest record is `last`. */
  constructor(public givenBack: number, public last: number) {
    this.#published = givenBack;
  }

  /** How many wait to be given back. */
  get waiting(): number {
    return this.last - this.givenBack;
  }

  /** Whether something that was published has not come back. */
  get isUnderWay(): boolean {
    return this.#published > this.givenBack;
  }

  /** A record is committed. */
  add(number: number, text: string): void {
    this.last = Math.max(this.last, number);
    this.hold(number, text);
  }

  /** A record is read from the store, or was just written. */
  hold(number: number, text: string): void {
    if (number <= this.givenBack || this.#texts.has(number)) return;
    if (this.#characters > HELD_CHARACTERS && number !== this.#published + 1) return;
    this.#texts.set(number, text);
    this.#characters += text.length;
  }

  /** The next record to publish; its text is undefined where it must be read from the store. */
  next(): { readonly number: number; readonly text: string | undefined } | undefined {
    const number = this.#published + 1;
    if (number > this.last || number > this.givenBack + PUBLISH_WINDOW) return undefined;
    return { number, text: this.#texts.get(number) };
  }

  published(number: number): void {
    this.#published = number;
  }

  /** The exchange has given a record back; whether it is the next. */
  gaveBack(number: number): boolean {
    if (number !== this.givenBack + 1) return false;
    this.givenBack = number;
    this.#published = Math.max(this.#published, number);
    this.#characters -= this.#texts.get(number)?.length ?? 0;
    this.#texts.delete(number);
    return true;
  }

  /** Everything that was not given back is published again. */
  again(): void {
    this.#published = this.givenBack;
  }
}
