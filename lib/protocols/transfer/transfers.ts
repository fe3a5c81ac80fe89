import type { Target } from "../../chat/entry.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import type { FileCommand, TransferItem } from "./event.ts";
import { FileNumbers } from "./file_numbers.ts";
import { type FileOffer, type OfferMade, type OfferTaken, offerText, readOffer, type UnackedOutcome } from "./offer.ts";
import { UnackedOutcomes } from "./outcomes.ts";
import type { AttemptEvent, Failure, OfferEvent, Side, TransferContext, TransferOutput } from "./output.ts";
import { OfferReadings } from "./offer_readings.ts";
import { FileReceiver } from "./receiver.ts";
import { FileSender } from "./sender.ts";
import type { Signal } from "./signal.ts";
import type { Want } from "./upload.ts";

/** A chat message that may contain an offer. */
export interface OfferMessage {
  readonly from: string;
  readonly to: Target;
  readonly text: string;
}

/** Records of earlier runs. */
export interface TransferRecords {
  readonly outcomes: readonly UnackedOutcome[];
  readonly made: readonly OfferMade[];
  readonly taken: readonly OfferTaken[];
}

/**
 * Caps on undecided offers of one user and of all. Above the first, that user's oldest is forgotten; above the second, the oldest
 * of the user who has most.
 */
const OPEN_OF_ONE = 20;
const OPEN = 500;
/** Caps on uploads to all users and to one; further receivers are told to ask later. */
const UPLOADS = 16;
const UPLOADS_TO_ONE = 4;
/**
 * The file transfers of one client: a `FileReceiver` for each offer to it, a `FileSender` for each of its own. Pure, and runs in
 * programs and pages alike. Its runner opens byte streams (connections, or relayed ones), reads and writes files, and shows events.
 *
 * 1. Chunks are passed on by reference and never copied. What is in memory is bounded by the windows of the streams.
 * 2. After `close`, nothing is signalled, and nothing shown but that a file was received.
 */
export class FileTransfers implements Machine<TransferOutput> {
  readonly #context: TransferContext = {
    out: new Outputs(),
    attempts: new Map<string, Side>(),
    relayOnly: new Set<string>(),
  };
  readonly #outcomes = new UnackedOutcomes(this.#context.out);
  /** By the id of the offer. */
  readonly #items = new Map<string, FileReceiver | FileSender>();
  readonly #numbers = new FileNumbers();
  /** How many offers each user has made since the last answer to one of them; of users with undecided offers alone. */
  readonly #unanswered = new Map<string, number>();
  #restored = false;
  readonly #readings = new OfferReadings(this.#context.out);
  #closed = false;

  get wakeAt(): number {
    let at = Infinity;
    for (const side of this.#context.attempts.values()) at = Math.min(at, side.wakeAt);
    return at;
  }

  tick(now: number): void {
    for (const side of [...this.#context.attempts.values()]) if (side.wakeAt <= now) side.tick(now);
  }

  takeOutputs(): readonly TransferOutput[] {
    const outputs = this.#context.out.take();
    return this.#closed ? outputs.filter(isAllowedAfterClose) : outputs;
  }

  /** Whether anything is being read, sent or received. */
  get isActive(): boolean {
    if (this.#readings.isActive) return true;
    for (const item of this.#items.values()) if (item.isActive) return true;
    return false;
  }

  /** We are logged in, for the first time or again: resumes what is unfinished. */
  loggedIn(): void {
    this.#context.relayOnly.clear();
    if (!this.#restored) {
      this.#restored = true;
      return this.#out({ type: "restore" });
    }
    for (const item of this.#items.values()) {
      if (item.sends) item.online();
      else item.retry();
    }
    this.#outcomes.notify();
  }

  restored({ outcomes, made, taken }: TransferRecords): void {
    this.#outcomes.restore(outcomes);
    for (const record of made) this.#addSender(record);
    for (const record of taken) {
      const item = this.#addReceiver(record);
      if (record.accepted) item.accepted();
    }
    this.#outcomes.notify();
  }

  /** Whether an offer is listed. */
  has(offer: string): boolean {
    return this.#items.has(offer);
  }

  /** The id of the offer that is listed under this number. */
  offerOf(n: number): string | undefined {
    for (const [id, { item }] of this.#items) if (item.n === n) return id;
    return undefined;
  }

  /** The numbers of offers, and of files that take another way. */
  get numbers(): Pick<FileNumbers, "take" | "release" | "shortId"> {
    return this.#numbers;
  }

  /** The id of the file that a user means by a number; the reason if there is none. */
  meant(n: number): { readonly id: string } | { readonly why: string } {
    const ids = this.#numbers.matches(n);
    // Those that have ended are only asked for where nothing else can be meant.
    const open = ids.filter((id) => this.#items.get(id)?.outcome === undefined);
    const [id, ...others] = open.length > 0 ? open : ids;
    if (id === undefined) return { why: this.#noSuch(n) };
    return others.length === 0 ? { id } : { why: this.#numbers.choice(n, [id, ...others]) };
  }

  /** Withdraws all offers of our own. */
  withdrawAll(why: string): void {
    for (const item of this.#items.values()) if (item.sends && item.outcome === undefined) item.stop(why);
  }

  /** A user is online. */
  online(name: string): void {
    this.#context.relayOnly.delete(name);
    this.#outcomes.notify(name);
    for (const item of this.#items.values()) {
      if (item.sends) item.online(name);
      else if (item.with === name) item.retry();
    }
  }

  /**
   * Whether a message is shown as an offer; the others are shown as messages. An offer of our own user on another device stays a
   * message, and so does one that repeats the id or the number of another user's.
   */
  isOffer({ from, text }: OfferMessage, own: boolean): boolean {
    const offer = own ? undefined : readOffer(text);
    if (!offer) return false;
    const known = this.#items.get(offer.id);
    if (!known) return !this.#numbers.isRepeated(offer.id);
    return !known.sends && known.with === from;
  }

  /** A message for which `isOffer` is true. */
  offered({ from, to, text }: OfferMessage): void {
    const offer = readOffer(text)!;
    if (this.#items.has(offer.id)) return;
    const open = this.#open();
    const theirs = open.filter((item) => item.with === from);
    const dropped = theirs.length >= OPEN_OF_ONE ? theirs[0] : open.length >= OPEN ? oldestOfMost(open) : undefined;
    dropped?.forget();
    const { taken } = this.#addReceiver({ offer, from, to, accepted: false });
    this.#out({ type: "record", changes: [{ type: "take", taken }], reports: false });
    if (dropped) this.#remove(dropped);
  }

  /** A signal of another user's client; `seen` is the address that client is connected from. */
  signalled(from: string, signal: Signal, seen: string | undefined, now: number): void {
    if (this.#closed) return;
    if ("offer" in signal) return this.#signalledOffer(from, signal, seen, now);
    for (const item of this.#items.values()) {
      if (item.sends ? item.signalled(from, signal) : item.with === from && item.signalled(signal, seen, now)) return;
    }
  }

  /** A signal to a user has reached no one. */
  notReached(to: string, now: number): void {
    for (const item of this.#items.values()) {
      if (item.sends) item.notReached(to);
      else if (item.with === to) item.notReached(now);
    }
  }

  command(command: Exclude<FileCommand, { type: "send" }>): void {
    if (this.#closed) return;
    switch (command.type) {
      case "files": {
        const files = [...this.#items.values()].map((item) => {
          return { ...item.item, sends: item.sends, with: item.with, state: item.state };
        });
        return this.#out({ type: "show", event: { type: "files", files: [...files, ...this.#readings.states] } });
      }
      case "refuseAll":
        return this.#refuseAll(command.from);
    }
    const meant = this.meant(command.n);
    if ("why" in meant) this.#problem(meant.why);
    else this.decide(meant.id, command.type);
  }

  /** Offers what is at a path, under a random id. */
  send(id: string, path: string, to: Target): void {
    if (!this.#closed) this.#readings.start(id, this.#numbers.take(id, path), path, to);
  }

  /** A decision about one offer. */
  decide(offer: string, decision: "accept" | "refuse" | "stop"): void {
    if (this.#closed) return;
    const item = this.#items.get(offer);
    if (!item) return this.#readings.decide(offer, decision);
    if (!item.sends) this.#unanswered.delete(item.with);
    if (item.outcome !== undefined) this.#problem(`${item.item.name}: ${item.outcome}`);
    else item[decision]();
  }

  #refuseAll(from: string | undefined): void {
    const refused = this.#open().filter((item) => from === undefined || item.with === from);
    if (refused.length === 0) {
      return this.#problem(from === undefined ? "there are no undecided offers" : `${from} has no undecided offers`);
    }
    for (const item of refused) {
      this.#unanswered.delete(item.with);
      item.refuseWithOthers();
    }
    this.#out({ type: "show", event: { type: "refusedAll", count: refused.length, from } });
  }

  /** `done` of the `bytes` to be offered have been read. */
  reading(offer: string, done: number, bytes: number, now: number): void {
    this.#readings.progress(offer, done, bytes, now);
  }

  /** Whether the user has stopped the reading of an offer. */
  isReadingStopped(offer: string): boolean {
    return this.#readings.isStopped(offer);
  }

  /** An offer was read, or made without being asked for by `readOffer`. */
  read(to: Target, made: OfferMade): void {
    const { id } = made.offer;
    const isStopped = this.#readings.isStopped(id);
    if (this.#closed || isStopped) {
      const change = { type: "withdraw", made, why: isStopped ? "it was stopped" : "the program ended" } as const;
      this.#out({ type: "record", changes: [change], reports: false });
      return isStopped ? this.notRead(id, { why: "it was stopped", forOthers: "it was stopped" }) : undefined;
    }
    const { item } = this.#addSender(made);
    this.#out({ type: "show", event: { type: "offering", ...item, to, skipped: made.passedOver } });
    this.#out({ type: "say", to, text: offerText(made.offer), offer: id });
    this.#readings.end(id);
  }

  notRead(offer: string, { why }: Failure): void {
    this.#problem(`${this.#readings.end(offer)} is not offered: ${why}`);
    this.#numbers.release(offer);
  }

  /** Something has happened to an offer, apart from its attempts. */
  offerEvent(offer: string, event: OfferEvent, now: number): void {
    const item = this.#items.get(offer);
    if (item) item.offerEvent(event, now);
    else if (event.type === "prepared") this.#out({ type: "release", transfer: event.transfer });
  }

  /** An offer of an earlier run has ended, about which a user has asked. */
  foundEnded(offer: string, to: string, why: string): void {
    this.#out({ type: "signal", to, signal: { type: "withdrawn", offer, why } });
  }

  /** Something has happened in an attempt. */
  event(transfer: string, event: AttemptEvent, now: number): void {
    const side = this.#context.attempts.get(transfer);
    if (side) side.event(transfer, event, now);
    else if (event.type === "connected") this.#out({ type: "closeStream", stream: event.stream });
  }

  /** Whether another connection for an attempt is welcome. */
  wantsStream(transfer: string, now: number): boolean {
    return this.#context.attempts.get(transfer)?.wantsStream(transfer, now) ?? false;
  }

  /** The program ends: what is on disk stays, and is resumed by the next run. */
  close(): void {
    this.#closed = true;
    for (const item of this.#items.values()) item.close();
  }

  #signalledOffer(
    from: string,
    signal: Extract<Signal, { offer: string }>,
    seen: string | undefined,
    now: number,
  ): void {
    const item = this.#items.get(signal.offer);
    switch (signal.type) {
      case "want":
        return this.#wanted(from, signal, seen, now);
      case "refused":
      case "received":
        this.#out({ type: "signal", to: from, signal: { type: "noted", offer: signal.offer } });
        if (!item?.sends) return;
        return signal.type === "received" ? item.received(from) : item.refused(from, signal.why);
      case "noted":
        return this.#outcomes.acknowledged(signal.offer, from);
      case "withdrawn":
        if (item && !item.sends && item.with === from) item.withdrawn(signal.why);
    }
  }

  #wanted(from: string, want: Want, seen: string | undefined, now: number): void {
    const found = this.#items.get(want.offer);
    const item = found?.sends ? found : undefined;
    if (!item) return this.#out({ type: "findEnded", to: from, offer: want.offer });
    if (item.outcome !== undefined) return this.foundEnded(want.offer, from, item.outcome);
    if (item.has(want.transfer)) return;
    item.dropIdle(from, now);
    const busy = [...this.#items.values()].flatMap((each) => each.sends ? each.uploads : [])
      .filter((upload) => !upload.isIdle(now) || upload.to !== from);
    if (busy.length >= UPLOADS || busy.filter(({ to }) => to === from).length >= UPLOADS_TO_ONE) {
      const why = `${busy.length} downloads are running there`;
      return this.#out({ type: "signal", to: from, signal: { type: "later", transfer: want.transfer, why } });
    }
    item.wanted(from, want, seen, now);
  }

  #addReceiver(taken: OfferTaken): FileReceiver {
    const ended = this.#receivers().filter(({ outcome }) => outcome !== undefined);
    if (ended.length >= OPEN) this.#remove(ended[0]!);
    const unanswered = (this.#unanswered.get(taken.from) ?? 0) + 1;
    if (!taken.accepted) this.#unanswered.set(taken.from, unanswered);
    const item = this.#item(taken.offer, `${taken.offer.name} from ${taken.from}`);
    return this.#add(taken.offer.id, new FileReceiver(this.#context, this.#outcomes, taken, item, unanswered));
  }

  #addSender(made: OfferMade): FileSender {
    const item = this.#item(made.offer, `${made.offer.name} to ${made.to}`);
    return this.#add(made.offer.id, new FileSender(this.#context, made, item));
  }

  #add<Item extends FileReceiver | FileSender>(offer: string, item: Item): Item {
    this.#items.set(offer, item);
    return item;
  }

  #item({ id, name, bytes, files }: FileOffer, title: string): TransferItem {
    return { n: this.#numbers.take(id, title), name, bytes, files };
  }

  #receivers(): FileReceiver[] {
    return [...this.#items.values()].filter((item) => !item.sends);
  }

  #open(): FileReceiver[] {
    return this.#receivers().filter(({ isOpen }) => isOpen);
  }

  #remove(item: FileReceiver): void {
    this.#items.delete(item.taken.offer.id);
    this.#numbers.release(item.taken.offer.id);
    const isLast = item.isOpen && !this.#open().some((other) => other.with === item.with);
    if (isLast) this.#unanswered.delete(item.with);
  }

  #noSuch(n: number): string {
    return this.#items.size === 0
      ? "nothing has been offered yet"
      : `there is no file ${n}; /files lists those there are`;
  }

  #problem(why: string): void {
    this.#out({ type: "problem", why });
  }

  #out(output: TransferOutput): void {
    this.#context.out.push(output);
  }
}

/** The oldest undecided offer of the user who has most of them. */
function oldestOfMost(open: readonly FileReceiver[]): FileReceiver {
  const counts = new Map<string, number>();
  for (const item of open) counts.set(item.with, (counts.get(item.with) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return open.find((item) => counts.get(item.with) === most)!;
}

function isAllowedAfterClose(output: TransferOutput): boolean {
  switch (output.type) {
    case "signal":
    case "say":
    case "problem":
      return false;
    case "show":
      return output.event.type === "received";
    default:
      return true;
  }
}
