import { Fault } from "../../lib/core/errors.ts";
import { type FileOffer, readOffer } from "../../lib/protocols/transfer/offer.ts";
import { decodeSignal, encodeSignal } from "../../lib/protocols/transfer/signal.ts";
import type { FileView } from "../../lib/web/file_view.ts";
import { PageFiles } from "../../lib/web/files.ts";
import { FilePair } from "./file_pair.ts";

/** What a page keeps for later pages. */
export type PageStorage = Map<string, unknown>;

/** Pages, and clients with a disk, that send each other files; only the chat between them is simulated. */
export class PagePair extends FilePair {
  readonly #pages = new Map<string, PagePerson>();

  /** The page of this name; a later one when there is a storage. */
  page(name: string, storage: PageStorage = new Map()): PagePerson {
    const person = new PagePerson(this, name, storage);
    this.#pages.set(name, person);
    person.files.loggedIn();
    return person;
  }

  override signal(from: string, to: string, text: string, at: boolean): void {
    const page = this.#pages.get(to);
    if (!page) return super.signal(from, to, text, at);
    queueMicrotask(() => {
      const signal = decodeSignal(text);
      if (signal instanceof Fault || !signal) throw new Error(`${from} signals what is no signal: ${text}`);
      const meddled = this.meddle(signal, from, at);
      if (meddled) page.files.signalled(from, encodeSignal(meddled));
    });
  }

  override say(from: string, to: string, text: string): { id: string } {
    const page = this.#pages.get(to);
    if (!page) return super.say(from, to, text);
    queueMicrotask(() => page.received(from, text));
    return { id: "1" };
  }
}

/** One page of the pair. */
export class PagePerson {
  readonly files: PageFiles;
  readonly views = new Map<string, FileView>();
  readonly offers: { from: string; offer: FileOffer; text: string }[] = [];
  readonly saved: { name: string; file: Blob }[] = [];
  readonly problems: string[] = [];
  #waiting: (() => void)[] = [];

  constructor(pair: PagePair, readonly name: string, readonly storage: PageStorage) {
    this.files = new PageFiles({
      signal: (...signal) => pair.signal(name, ...signal),
      say: (to, text) => pair.say(name, "user" in to ? to.user : to.room, text),
      show: (view) => {
        this.views.set(view.id, view);
        this.#wake();
      },
      forget: (id) => {
        this.views.delete(id);
        this.#wake();
      },
      problem: (why) => void this.problems.push(why),
      save: (file, name) => {
        this.saved.push({ name, file });
        return `blob:${name}`;
      },
      storage: {
        list: <T>(key: string) => (storage.get(key) ?? []) as T[],
        set: (key, value) => {
          storage.set(key, value);
          this.#wake();
        },
      },
      now: () => performance.now(),
    });
  }

  /** The outcomes that nobody has acknowledged. */
  get outcomes(): unknown[] {
    return (this.storage.get("debts") ?? []) as unknown[];
  }

  /** A message of another user. */
  received(from: string, text: string): void {
    const offer = readOffer(text);
    if (offer) this.offers.push({ from, offer, text });
    this.files.received({ from, to: { user: this.name }, text });
    this.#wake();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Decides about the first offer, once it is there. */
  async decide(decision: "accept" | "refuse"): Promise<void> {
    await this.until(() => this.offers.length > 0);
    const { from, text } = this.offers[0]!;
    this.files.decide(decision, { from, to: { user: this.name }, text });
  }

  /** Offers a file, and waits until it is offered. */
  async offer(file: File, to: string): Promise<FileView> {
    const count = this.views.size;
    this.files.offer(file, { user: to });
    await this.until(() => [...this.views.values()][count]?.state === "offered");
    return [...this.views.values()][count]!;
  }

  /** The view of the only offer. */
  get view(): FileView | undefined {
    return [...this.views.values()][0];
  }

  /** Waits until the only offer has this state. */
  async stands(state: FileView["state"]): Promise<FileView> {
    await this.until(() => this.view?.state === state);
    return this.view!;
  }

  [Symbol.dispose](): void {
    this.files.close();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
