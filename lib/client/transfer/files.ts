import { reason } from "../../core/reason.ts";
import { Fault } from "../../core/errors.ts";
import type { Target } from "../../chat/store.ts";
import type { FileAct, FileEvent, TransferItem } from "../../protocols/transfer/event.ts";
import { type FileOffer, offerText, readOffer } from "../../protocols/transfer/offer.ts";
import type { FileKey } from "../../protocols/transfer/keys.ts";
import { decodeSignal, encodeSignal, type Signal } from "../../protocols/transfer/signal.ts";
import type { OfferMade, OfferTaken, TransferStorage } from "../../protocols/transfer/store.ts";
import { UnackedOutcomes } from "./unacked_outcomes.ts";
import { whyNot } from "./context.ts";
import { Incoming, type IncomingContext } from "./incoming.ts";
import { TransferListener } from "./listener.ts";
import { Outgoing } from "./outgoing.ts";

/** What files need of the chat, and where they are kept. */
export interface FileTransfersWay {
  readonly shelf: TransferStorage;
  /** A key pair for one stream; undefined where nothing can be sealed. */
  freshKey(): Promise<FileKey | undefined>;
  /** Says something as a person would; why it is not taken, if it is not. */
  say(to: Target, text: string): { readonly id: string } | { readonly why: string };
  /** Tells the clients of somebody who is there something, now or never. */
  signal(to: string, text: string): void;
  show(event: FileEvent): void;
  /** Something cannot be done. */
  problem(why: string): void;
}

/** A message as files look at it. */
export interface Heard {
  readonly from: string;
  readonly to: Target;
  readonly text: string;
}

/** Offers that nobody has decided about, of one person and of all; past the first their oldest is forgotten for the next. */
const OPEN_OF_ONE = 20;
const OPEN = 500;
/** To so many at once, and to one of them; the others are told to come later. */
const SERVES = 16;
const SERVES_TO_ONE = 4;
/** Between two signs of how the reading goes. */
const READING_MS = 250;

/** The files of one client: numbers what is offered to it and by it, and brings to each what others and its person say of it. */
export class FileTransfers {
  readonly #way: FileTransfersWay;
  readonly #house: IncomingContext;
  readonly #items = new Map<number, Incoming | Outgoing>();
  /** The same by the name of the offer. */
  readonly #offers = new Map<string, Incoming | Outgoing>();
  readonly #debts: UnackedOutcomes;
  #last = 0;
  #begun = false;
  /** What is being read, to be offered. */
  readonly #sendings = new Set<Promise<void>>();
  #closed = false;

  constructor(way: FileTransfersWay) {
    this.#way = way;
    const house: IncomingContext = this.#house = {
      shelf: way.shelf,
      listener: new TransferListener(),
      freshKey: () => way.freshKey(),
      signal: (to, signal) => this.#closed ? undefined : way.signal(to, encodeSignal(signal)),
      show: (event) => this.#closed ? undefined : way.show(event),
      showLast: (event) => way.show(event),
      owe: (debt) => this.#debts.owe(debt),
    };
    this.#debts = new UnackedOutcomes(way.shelf, house.signal);
  }

  /** Whether anything is being read, sent or received at this moment. */
  get moves(): boolean {
    if (this.#sendings.size > 0) return true;
    for (const item of this.#items.values()) if (item.moves) return true;
    return false;
  }

  /** We are in the chat, for the first time or again: what was not finished goes on. */
  cameIn(): void {
    if (!this.#begun) {
      this.#begun = true;
      return this.#restore();
    }
    for (const item of this.#items.values()) if (!item.sends) item.again();
    this.#debts.pay();
  }

  /** Somebody is there. */
  online(name: string): void {
    this.#debts.pay(name);
    for (const item of this.#items.values()) if (!item.sends && item.with === name) item.again();
  }

  /** Something was said to us, or by ourselves elsewhere; whether it was an offer, which is then shown as one. */
  heard({ from, to, text }: Heard, own: boolean): boolean {
    const offer = readOffer(text);
    if (!offer) return false;
    // Our own stand where they were made.
    if (own) return false;
    const known = this.#offers.get(offer.id);
    // Said again it is no news; said by somebody else, it is a message of theirs.
    if (known) return !known.sends && known.with === from;
    // Then it is a message for people to read, as everything else.
    if (!this.#makeRoom(from)) return false;
    const { taken } = this.#incomingOf({ offer, from, to, accepted: false });
    whyNot(() => this.#way.shelf.take(taken));
    return true;
  }

  /** A client of somebody tells ours something; `seen` is where it is. */
  signalled(from: string, text: string, seen: string | undefined): void {
    const signal = decodeSignal(text);
    if (signal instanceof Fault || !signal || this.#closed) return;
    if ("offer" in signal) {
      const item = this.#offers.get(signal.offer);
      switch (signal.type) {
        case "want":
          return this.#wanted(from, signal, seen);
        case "refused":
        case "received":
          this.#house.signal(from, { type: "noted", offer: signal.offer });
          if (!item?.sends) return;
          return signal.type === "received" ? item.received(from) : item.refused(from, signal.why);
        case "noted":
          return void whyNot(() => this.#debts.noted(signal.offer, from));
        case "withdrawn":
          return item?.sends === false && item.with === from ? item.withdrawn(signal.why) : undefined;
      }
    }
    for (const item of this.#items.values()) {
      if (item.sends ? item.signalled(from, signal) : item.with === from && item.signalled(signal, seen)) return;
    }
  }

  /** What was signalled to somebody has reached nobody. */
  unheard(to: string): void {
    for (const item of this.#items.values()) {
      if (item.sends) item.unheard(to);
      else if (item.with === to) item.unheard();
    }
  }

  /** Does what a person asks for. */
  do(act: FileAct): void {
    if (this.#closed) return;
    switch (act.type) {
      case "send":
        return this.#begin(act.to, act.path);
      case "files": {
        const files = [...this.#items.values()].map((item) => {
          const { thing, sends, state } = item;
          return { ...thing, sends, with: item.with, state };
        });
        return this.#way.show({ type: "files", files });
      }
      default: {
        const item = this.#items.get(act.n);
        const ended = item?.end === undefined ? undefined : `${item.thing.name}: ${item.end}`;
        const why = item ? ended ?? item[act.type]() : this.#noSuch(act.n);
        if (why !== undefined) this.#way.problem(why);
      }
    }
  }

  /** The program ends; what is here stays, and goes on next time. */
  async close(): Promise<void> {
    const ends: (Promise<void> | void)[] = [...this.#sendings];
    for (const item of this.#items.values()) ends.push(item.close());
    this.#closed = true;
    this.#house.listener.close();
    await Promise.all(ends);
  }

  #begin(to: Target, path: string): void {
    const sending = this.#send(to, path);
    this.#sendings.add(sending);
    void sending.finally(() => this.#sendings.delete(sending));
  }

  async #send(to: Target, path: string): Promise<void> {
    let shownAt = 0;
    let whole = 0;
    const [name, isRoom] = "user" in to ? [to.user, false] : [to.room, true];
    try {
      const made = await this.#way.shelf.offer(path, name, isRoom, (done, bytes) => {
        if (this.#closed) throw new Error("the program ends");
        if (Date.now() - shownAt < READING_MS) return;
        shownAt = Date.now();
        whole = bytes;
        this.#house.show({ type: "reading", name: path, done: Math.min(done, bytes - 1), bytes });
      });
      if (this.#closed) return this.#way.shelf.withdraw(made, "the program ended");
      const item = this.#outgoingOf(made);
      this.#way.show({ type: "offering", ...item.thing, to, passedOver: made.passedOver });
      const said = this.#way.say(to, offerText(made.offer));
      if ("why" in said) item.notOffered(name, said.why);
    } catch (error) {
      if (!this.#closed) this.#way.problem(`${path} is not offered: ${reason(error)}`);
    } finally {
      this.#house.show({ type: "reading", name: path, done: whole, bytes: whole });
    }
  }

  #restore(): void {
    const why = whyNot(() => {
      this.#debts.restore();
      for (const made of this.#way.shelf.made()) this.#outgoingOf(made);
      for (const taken of this.#way.shelf.taken()) {
        const item = this.#incomingOf(taken);
        if (taken.accepted) item.begin();
      }
    });
    this.#debts.pay();
    if (why !== undefined) this.#way.problem(`what was on its way before is not known: ${why}`);
  }

  #incomingOf(taken: OfferTaken): Incoming {
    const ended = this.#incomings.filter(({ end }) => end !== undefined);
    if (ended.length >= OPEN) this.#remove(ended[0]!);
    const item = this.#added(taken.offer.id, new Incoming(this.#house, taken, this.#numbered(taken.offer)));
    item.announce();
    return item;
  }

  #outgoingOf(made: OfferMade): Outgoing {
    return this.#added(made.offer.id, new Outgoing(this.#house, made, this.#numbered(made.offer)));
  }

  #added<Item extends Incoming | Outgoing>(offer: string, item: Item): Item {
    this.#items.set(item.thing.n, item);
    this.#offers.set(offer, item);
    return item;
  }

  #numbered({ name, bytes, files }: FileOffer): TransferItem {
    return { n: ++this.#last, name, bytes, files };
  }

  #wanted(from: string, want: Extract<Signal, { type: "want" }>, seen: string | undefined): void {
    const found = this.#offers.get(want.offer);
    const item = found?.sends ? found : undefined;
    const ended = item ? item.end : this.#ended(want.offer);
    if (ended !== undefined) return this.#house.signal(from, { type: "withdrawn", offer: want.offer, why: ended });
    // Another screen of ours may have it; and what is said twice is done once.
    if (!item || item.has(want.transfer)) return;
    item.dropIdle(from);
    const all = [...this.#items.values()].flatMap((each) => each.sends ? each.serves : [])
      .filter(({ isIdle, to }) => !isIdle || to !== from);
    if (all.length >= SERVES || all.filter(({ to }) => to === from).length >= SERVES_TO_ONE) {
      const why = `${all.length} are getting something there`;
      return this.#house.signal(from, { type: "later", transfer: want.transfer, why });
    }
    item.serve(from, want, seen);
  }

  /** Why an offer of an earlier run does not stand any more. */
  #ended(offer: string): string | undefined {
    let why: string | undefined;
    whyNot(() => void (why = this.#way.shelf.ended(offer)));
    return why;
  }

  get #incomings(): Incoming[] {
    return [...this.#items.values()].filter((item) => !item.sends);
  }

  /** Whoever offers more than a person can decide about takes room from their own offers before; false when there is none. */
  #makeRoom(from: string): boolean {
    const open = this.#incomings.filter(({ isOpen }) => isOpen);
    const theirs = open.filter((item) => item.with === from);
    if (theirs.length < OPEN_OF_ONE) return open.length < OPEN;
    theirs[0]!.forget();
    this.#remove(theirs[0]!);
    return true;
  }

  #remove(item: Incoming): void {
    this.#items.delete(item.thing.n);
    this.#offers.delete(item.taken.offer.id);
  }

  #noSuch(n: number): string {
    return this.#items.size === 0
      ? `nothing was offered so far`
      : `there is no file ${n}; /files shows those there are`;
  }
}
