import { Files } from "../../lib/web/files.js";
import { type Offer, readOffer } from "../../lib/web/file_offer.js";
import { decodeSignal, encodeSignal } from "../../lib/protocols/transfer/signal.ts";
import { Fault } from "../../lib/core/errors.ts";
import { FilePair } from "./file_pair.ts";

type FileView = Parameters<ConstructorParameters<typeof Files>[0]["show"]>[0];
type Earlier = NonNullable<ConstructorParameters<typeof Files>[1]>;

/** Pages, and clients with a disk, that send each other files; only the chat between them is made up. */
export class PagePair extends FilePair {
  readonly #pages = new Map<string, PagePerson>();

  /** The page of this name; a new life of it when it has left something. */
  page(name: string, earlier: Earlier = {}): PagePerson {
    const person = new PagePerson(this, name, earlier);
    this.#pages.set(name, person);
    return person;
  }

  /** A page is gone, without a word. */
  closed(name: string): void {
    this.#pages.delete(name);
  }

  override signal(from: string, to: string, text: string): void {
    const page = this.#pages.get(to);
    if (!page) return super.signal(from, to, text);
    queueMicrotask(() => {
      const signal = decodeSignal(text);
      if (signal instanceof Fault || !signal) throw new Error(`${from} signals what is no signal: ${text}`);
      const meddled = this.meddle(signal, from);
      if (meddled) page.files.signalled(from, encodeSignal(meddled));
    });
  }

  override say(from: string, to: string, text: string): { id: string } {
    const page = this.#pages.get(to);
    if (!page) return super.say(from, to, text);
    queueMicrotask(() => page.heard(from, text));
    return { id: "1" };
  }
}

/** One page of the pair. */
export class PagePerson {
  readonly files: Files;
  readonly views = new Map<string, FileView>();
  readonly offers: { from: string; offer: Offer }[] = [];
  readonly saved: { name: string; file: Blob }[] = [];
  debts: Earlier["debts"] = [];
  #waiting: (() => void)[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(pair: PagePair, readonly name: string, earlier: Earlier) {
    this.files = new Files({
      signal: (to, text) => pair.signal(name, to, text),
      say: (to, text) => pair.say(name, "user" in to ? to.user : to.room, text),
      show: (view) => {
        this.views.set(view.id, view);
        this.#wake();
      },
      save: (file, name) => {
        this.saved.push({ name, file });
        return `blob:${name}`;
      },
      keep: (debts) => {
        this.debts = debts;
        this.#wake();
      },
      later: (ms, act) => {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          act();
        }, ms);
        this.#timers.add(timer);
        return () => {
          this.#timers.delete(timer);
          clearTimeout(timer);
        };
      },
      now: () => performance.now(),
    }, earlier);
  }

  /** Somebody says something. */
  heard(from: string, text: string): void {
    const offer = readOffer(text);
    if (offer) {
      this.offers.push({ from, offer });
      this.files.heard(offer, from);
    }
    this.#wake();
  }

  /** Waits until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The first offer that comes, taken. */
  async accept(): Promise<void> {
    await this.until(() => this.offers.length > 0);
    const { offer, from } = this.offers[0]!;
    this.files.accept(offer, from);
  }

  /** How the only offer stands. */
  get view(): FileView | undefined {
    return [...this.views.values()][0];
  }

  /** Waits until the only offer stands so. */
  async stands(state: FileView["state"]): Promise<FileView> {
    await this.until(() => this.view?.state === state);
    return this.view!;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
