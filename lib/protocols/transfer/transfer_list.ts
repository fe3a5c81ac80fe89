import type { TransferItem } from "./event.ts";
import { FileNumbers } from "./file_numbers.ts";
import type { FileOffer, OfferMade, OfferTaken } from "./offer.ts";
import type { UnackedOutcomes } from "./outcomes.ts";
import type { TransferContext } from "./output.ts";
import { FileReceiver } from "./receiver.ts";
import { FileSender } from "./sender.ts";

/**
 * Caps on undecided offers of one user and of all. Above the first, that user's oldest is forgotten; above the second, the oldest
 * of the user who has most.
 */
const OPEN_OF_ONE = 20;
const OPEN = 500;

/** The transfers of one client, by the ids of their offers and by the numbers by which users refer to them. */
export class TransferList {
  /** Of offers, and of files that take another way. */
  readonly numbers: FileNumbers = new FileNumbers();
  readonly #context: TransferContext;
  readonly #outcomes: UnackedOutcomes;
  /** By the id of the offer. */
  readonly #items = new Map<string, FileReceiver | FileSender>();
  /** How many offers each user has made since the last answer to one of them; of users with undecided offers alone. */
  readonly #unanswered = new Map<string, number>();

  constructor(context: TransferContext, outcomes: UnackedOutcomes) {
    this.#context = context;
    this.#outcomes = outcomes;
  }

  get all(): Iterable<FileReceiver | FileSender> {
    return this.#items.values();
  }

  /** The undecided offers of others, the oldest first. */
  get open(): FileReceiver[] {
    return this.#receivers().filter(({ isOpen }) => isOpen);
  }

  get(offer: string): FileReceiver | FileSender | undefined {
    return this.#items.get(offer);
  }

  /** The id of the offer that is listed under this number. */
  offerOf(n: number): string | undefined {
    for (const [id, { item }] of this.#items) if (item.n === n) return id;
    return undefined;
  }

  /** The id of the file that a user means by a number; the reason if there is none. */
  meant(n: number): { readonly id: string } | { readonly why: string } {
    const ids = this.numbers.matches(n);
    // Those that have ended are only asked for where nothing else can be meant.
    const open = ids.filter((id) => this.#items.get(id)?.outcome === undefined);
    const [id, ...others] = open.length > 0 ? open : ids;
    if (id === undefined) return { why: this.#noSuch(n) };
    return others.length === 0 ? { id } : { why: this.numbers.choice(n, [id, ...others]) };
  }

  addReceiver(taken: OfferTaken): FileReceiver {
    const ended = this.#receivers().filter(({ outcome }) => outcome !== undefined);
    if (ended.length >= OPEN) this.remove(ended[0]!);
    const unanswered = (this.#unanswered.get(taken.from) ?? 0) + 1;
    if (!taken.accepted) this.#unanswered.set(taken.from, unanswered);
    const item = this.#itemOf(taken.offer, `${taken.offer.name} from ${taken.from}`);
    const receiver = new FileReceiver(this.#context, this.#outcomes, taken, item, unanswered);
    this.#items.set(taken.offer.id, receiver);
    return receiver;
  }

  addSender(made: OfferMade): FileSender {
    const sender = new FileSender(this.#context, made, this.#itemOf(made.offer, `${made.offer.name} to ${made.to}`));
    this.#items.set(made.offer.id, sender);
    return sender;
  }

  /** The undecided offer that one more of a user takes the place of. */
  replacedBy(from: string): FileReceiver | undefined {
    const { open } = this;
    const theirs = open.filter((item) => item.with === from);
    return theirs.length >= OPEN_OF_ONE ? theirs[0] : open.length >= OPEN ? oldestOfMost(open) : undefined;
  }

  remove(item: FileReceiver): void {
    this.#items.delete(item.taken.offer.id);
    this.numbers.release(item.taken.offer.id);
    const isLast = item.isOpen && !this.open.some((other) => other.with === item.with);
    if (isLast) this.#unanswered.delete(item.with);
  }

  /** An offer of a user is decided. */
  decided(item: FileReceiver): void {
    this.#unanswered.delete(item.with);
  }

  #itemOf({ id, name, bytes, files }: FileOffer, title: string): TransferItem {
    return { n: this.numbers.take(id, title), name, bytes, files };
  }

  #receivers(): FileReceiver[] {
    return [...this.#items.values()].filter((item) => !item.sends);
  }

  #noSuch(n: number): string {
    return this.#items.size === 0
      ? "nothing has been offered yet"
      : `there is no file ${n}; /files lists those there are`;
  }
}

/** The oldest undecided offer of the user who has most of them. */
function oldestOfMost(open: readonly FileReceiver[]): FileReceiver {
  const counts = new Map<string, number>();
  for (const item of open) counts.set(item.with, (counts.get(item.with) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return open.find((item) => counts.get(item.with) === most)!;
}
