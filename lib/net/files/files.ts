import { reason } from "../../base/reason.ts";
import { Fault } from "../../base/fault.ts";
import type { Target } from "../../hub/store.ts";
import type { FileAct, FileEvent, FileState, FileThing } from "../../wire/file/event.ts";
import { type FileOffer, offerText, readOffer } from "../../wire/file/offer.ts";
import type { FileKey } from "../../wire/file/secrecy.ts";
import { decodeSignal, encodeSignal, type Signal } from "../../wire/file/signal.ts";
import type { Debt, FileShelf, OfferMade, OfferTaken } from "../../wire/file/store.ts";
import { Fetch, type FetchEnd } from "./fetch.ts";
import type { FilesHouse } from "./house.ts";
import { MeetingPoint } from "./meeting_point.ts";
import { Serve, type ServeEnd } from "./serve.ts";

/** What files need of the chat, and where they are kept. */
export interface FilesWay {
  readonly shelf: FileShelf;
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

interface Incoming extends FileThing {
  readonly sends: false;
  readonly taken: OfferTaken;
  readonly to: Target;
  fetch: Fetch | undefined;
  end: string | undefined;
}

interface Outgoing extends FileThing {
  readonly sends: true;
  readonly made: OfferMade;
  /** Who is getting it, by the name of the attempt. */
  readonly serves: Map<string, Serve>;
  readonly had: Set<string>;
  end: string | undefined;
}

/** Offers that nobody has decided about, of one person and of all; past the first their oldest is forgotten for the next. */
const OPEN_OF_ONE = 20;
const OPEN = 500;
/** To so many at once, and to one of them; the others are told to come later. */
const SERVES = 16;
const SERVES_TO_ONE = 4;
/** Between two signs of how the reading goes. */
const READING_MS = 250;

/** The files of one client: what was offered to it, what it offers, and what of both is on its way. */
export class Files {
  readonly #way: FilesWay;
  readonly #house: FilesHouse;
  readonly #items = new Map<number, Incoming | Outgoing>();
  /** The same by the name of the offer. */
  readonly #offers = new Map<string, Incoming | Outgoing>();
  /** What others are still to be told, by the offer. */
  readonly #debts = new Map<string, Debt>();
  #last = 0;
  #begun = false;
  /** What is being read, to be offered. */
  readonly #sendings = new Set<Promise<void>>();
  #closed = false;

  constructor(way: FilesWay) {
    this.#way = way;
    this.#house = {
      shelf: way.shelf,
      meetingPoint: new MeetingPoint(),
      freshKey: () => way.freshKey(),
      signal: (to, signal) => this.#closed ? undefined : way.signal(to, encodeSignal(signal)),
      show: (event) => this.#closed ? undefined : way.show(event),
    };
  }

  /** Whether anything is being read, sent or received at this moment. */
  get moves(): boolean {
    if (this.#sendings.size > 0) return true;
    for (const item of this.#items.values()) if (item.sends ? item.serves.size > 0 : item.fetch?.moves) return true;
    return false;
  }

  /** We are in the chat, for the first time or again: what was not finished goes on. */
  cameIn(): void {
    if (!this.#begun) {
      this.#begun = true;
      return this.#restore();
    }
    for (const item of this.#items.values()) if (!item.sends) void item.fetch?.begin();
    for (const debt of this.#debts.values()) this.#pay(debt);
  }

  /** Somebody is there. */
  online(name: string): void {
    for (const debt of this.#debts.values()) if (debt.to === name) this.#pay(debt);
    for (const item of this.#items.values()) {
      if (!item.sends && item.taken.from === name) void item.fetch?.begin();
    }
  }

  /** Something was said to us, or by ourselves elsewhere; whether it was an offer, which is then shown as one. */
  heard({ from, to, text }: Heard, own: boolean): boolean {
    const offer = readOffer(text);
    if (!offer) return false;
    // Our own stand where they were made.
    if (own) return false;
    const known = this.#offers.get(offer.id);
    // Said again it is no news; said by somebody else, it is a message of theirs.
    if (known) return !known.sends && known.taken.from === from;
    // Then it is a message for people to read, as everything else.
    if (!this.#makeRoom(from)) return false;
    const item = this.#offered({ offer, from, to, accepted: false });
    this.#try(() => this.#way.shelf.take(item.taken));
    return true;
  }

  /** A client of somebody tells ours something; `seen` is where it is. */
  signalled(from: string, text: string, seen: string | undefined): void {
    const signal = decodeSignal(text);
    if (signal instanceof Fault || !signal || this.#closed) return;
    switch (signal.type) {
      case "want":
        return this.#wanted(from, signal, seen);
      case "refused":
        this.#house.signal(from, { type: "noted", offer: signal.offer });
        return this.#refused(from, signal);
      case "received":
        this.#house.signal(from, { type: "noted", offer: signal.offer });
        return this.#had(from, this.#outgoing(signal.offer));
      case "noted":
        if (this.#debts.get(signal.offer)?.to === from) this.#paid(signal.offer);
        return;
      case "withdrawn": {
        const item = this.#incoming(signal.offer);
        if (item?.taken.from === from && item.end === undefined) {
          this.#lost(item, `${from} has withdrawn it: ${signal.why}`);
        }
        return;
      }
      default:
        for (const item of this.#items.values()) {
          if (!item.sends && item.fetch?.transfer === signal.transfer && item.taken.from === from) {
            return item.fetch.signalled(signal, seen);
          }
          const serve = item.sends ? item.serves.get(signal.transfer) : undefined;
          if (serve?.to === from) return serve.signalled(signal);
        }
    }
  }

  /** What was signalled to somebody has reached nobody. */
  unheard(to: string): void {
    for (const item of this.#items.values()) {
      if (!item.sends) {
        if (item.taken.from === to) item.fetch?.unheard();
      } else for (const serve of [...item.serves.values()]) if (serve.to === to) serve.unheard();
    }
  }

  /** Does what a person asks for. */
  do(act: FileAct): void {
    if (this.#closed) return;
    switch (act.type) {
      case "send":
        return this.#begin(act.to, act.path);
      case "files":
        return this.#way.show({ type: "files", files: [...this.#items.values()].map(stateOf) });
      default: {
        const item = this.#items.get(act.n);
        const why = item ? this.#decide(act.type, item) : this.#noSuch(act.n);
        if (why !== undefined) this.#way.problem(why);
      }
    }
  }

  /** The program ends; what is here stays, and goes on next time. */
  async close(): Promise<void> {
    const ends: Promise<void>[] = [...this.#sendings];
    for (const item of this.#items.values()) {
      if (item.sends) { for (const serve of item.serves.values()) serve.close(); }
      else if (item.fetch) ends.push(item.fetch.close());
    }
    this.#closed = true;
    this.#house.meetingPoint.close();
    await Promise.all(ends);
  }

  /** Why it cannot be done; undefined when it is. */
  #decide(what: "accept" | "refuse" | "stop", item: Incoming | Outgoing): string | undefined {
    if (item.end !== undefined) return `${item.name}: ${item.end}`;
    if (what === "accept") return this.#accept(item);
    return what === "refuse" ? this.#refuse(item) : this.#stop(item);
  }

  #accept(item: Incoming | Outgoing): string | undefined {
    if (item.sends) return `${item.n} is your own offer`;
    if (item.fetch) return `${item.name} is accepted already`;
    return this.#try(() => {
      this.#way.shelf.take({ ...item.taken, accepted: true });
      this.#fetch(item);
    });
  }

  #refuse(item: Incoming | Outgoing): string | undefined {
    if (item.sends) return `${item.n} is your own offer; /stop ${item.n} withdraws it`;
    if (item.fetch) return `${item.name} is accepted already; /stop ${item.n} stops it`;
    return this.#giveUp(item, "refused");
  }

  #stop(item: Incoming | Outgoing): string | undefined {
    if (!item.sends) {
      return item.fetch ? this.#giveUp(item, "stopped") : `${item.name} was not accepted; /refuse ${item.n} refuses it`;
    }
    const { made } = item;
    const why = "it was withdrawn";
    item.end = "withdrawn";
    for (const serve of [...item.serves.values()]) void serve.stop(why);
    // Who of a room wants it is told when they ask.
    if (!made.isRoom) this.#house.signal(made.to, { type: "withdrawn", offer: made.offer.id, why });
    this.#way.show({ type: "fileFailed", ...thingOf(item), with: made.to, why: "you have withdrawn it" });
    return this.#try(() => this.#way.shelf.withdraw(made, why));
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
      this.#way.show({ type: "offering", ...thingOf(item), to, passedOver: made.passedOver });
      const said = this.#way.say(to, offerText(made.offer));
      if ("id" in said) return;
      item.end = "not offered";
      this.#way.shelf.withdraw(made, item.end);
      this.#way.show({ type: "fileFailed", ...thingOf(item), with: name, why: said.why });
    } catch (error) {
      if (!this.#closed) this.#way.problem(`${path} is not offered: ${reason(error)}`);
    } finally {
      this.#house.show({ type: "reading", name: path, done: whole, bytes: whole });
    }
  }

  #restore(): void {
    const why = this.#try(() => {
      for (const debt of this.#way.shelf.debts()) this.#debts.set(debt.offer, debt);
      for (const made of this.#way.shelf.made()) this.#outgoingOf(made);
      for (const taken of this.#way.shelf.taken()) {
        const item = this.#offered(taken);
        if (taken.accepted) this.#fetch(item);
      }
    });
    for (const debt of this.#debts.values()) this.#pay(debt);
    if (why !== undefined) this.#way.problem(`what was on its way before is not known: ${why}`);
  }

  #offered(taken: OfferTaken): Incoming {
    const { offer, from, to } = taken;
    const item: Incoming = { ...this.#numbered(offer), sends: false, taken, to, fetch: undefined, end: undefined };
    const ended = [...this.#items.values()].filter((each) => !each.sends && each.end !== undefined) as Incoming[];
    if (ended.length >= OPEN) this.#remove(ended[0]!);
    this.#items.set(item.n, item);
    this.#offers.set(taken.offer.id, item);
    this.#way.show({ type: "offered", ...thingOf(item), from, to });
    return item;
  }

  #outgoingOf(made: OfferMade): Outgoing {
    const item: Outgoing = {
      ...this.#numbered(made.offer),
      sends: true,
      made,
      serves: new Map(),
      had: new Set(),
      end: undefined,
    };
    this.#items.set(item.n, item);
    this.#offers.set(made.offer.id, item);
    return item;
  }

  #numbered({ name, bytes, files }: FileOffer): FileThing {
    return { n: ++this.#last, name, bytes, files };
  }

  #fetch(item: Incoming): void {
    item.fetch = new Fetch(this.#house, item.taken, thingOf(item), (end) => this.#fetched(item, end));
    void item.fetch.begin();
  }

  #fetched(item: Incoming, end: FetchEnd): void {
    const { from, offer } = item.taken;
    item.fetch = undefined;
    if ("path" in end) {
      item.end = `received as ${end.path}`;
      // First what is to be told: when it cannot be written down, the record stays, and it is told the next time.
      this.#try(() => {
        this.#owe({ offer: offer.id, to: from, why: undefined });
        this.#way.shelf.drop(item.taken);
      });
      return this.#way.show({ type: "received", ...thingOf(item), from, path: end.path });
    }
    if (item.end !== undefined) return void this.#try(() => this.#way.shelf.drop(item.taken));
    if (!end.isOurs) {
      this.#lost(item, end.why);
      return void this.#try(() => this.#owe({ offer: offer.id, to: from, why: end.why }));
    }
    // What is here stays here, for when there is room; what another program does, it does.
    if (!end.isBusy) this.#try(() => this.#way.shelf.take({ ...item.taken, accepted: false }));
    const why = `${end.why}; /accept ${item.n} tries again, and /refuse ${item.n} gives it up`;
    this.#house.show({ type: "fileFailed", ...thingOf(item), with: from, why });
  }

  /** The person will not have it. */
  #giveUp(item: Incoming, how: "refused" | "stopped"): string | undefined {
    const { from, offer } = item.taken;
    if (item.fetch?.isFinishing) return `all of ${item.name} is here already`;
    this.#way.show({ type: "fileFailed", ...thingOf(item), with: from, why: `you have ${how} it` });
    this.#forget(item, how);
    return this.#try(() => this.#owe({ offer: offer.id, to: from, why: how }));
  }

  /** It cannot be had any more. */
  #lost(item: Incoming, why: string): void {
    this.#house.show({ type: "fileFailed", ...thingOf(item), with: item.taken.from, why });
    this.#forget(item, why);
  }

  /** Nothing of it stays; while it is on its way, that is for when the disk has been let go of. */
  #forget(item: Incoming, end: string): void {
    item.end = end;
    if (item.fetch) item.fetch.stop(end);
    else this.#try(() => this.#way.shelf.drop(item.taken));
  }

  /** Somebody is to be told what became of their offer, now or when they are there. */
  #owe(debt: Debt): void {
    this.#debts.set(debt.offer, debt);
    this.#pay(debt);
    this.#way.shelf.owe(debt);
  }

  #pay({ offer, to, why }: Debt): void {
    this.#house.signal(to, why === undefined ? { type: "received", offer } : { type: "refused", offer, why });
  }

  /** They know. */
  #paid(offer: string): void {
    this.#debts.delete(offer);
    this.#try(() => this.#way.shelf.paid(offer));
  }

  #wanted(from: string, want: Extract<Signal, { type: "want" }>, seen: string | undefined): void {
    const item = this.#outgoing(want.offer);
    const ended = item ? item.end : this.#ended(want.offer);
    if (ended !== undefined) return this.#house.signal(from, { type: "withdrawn", offer: want.offer, why: ended });
    // Another screen of ours may have it; and what is said twice is done once.
    if (!item || item.serves.has(want.transfer)) return;
    // Who asks anew has given up what has not come about.
    for (const [transfer, serve] of item.serves) {
      if (serve.to !== from || !serve.isIdle) continue;
      item.serves.delete(transfer);
      serve.close();
    }
    const all = [...this.#items.values()].flatMap((each) => each.sends ? [...each.serves.values()] : [])
      .filter(({ isIdle, to }) => !isIdle || to !== from);
    if (all.length >= SERVES || all.filter(({ to }) => to === from).length >= SERVES_TO_ONE) {
      const why = `${all.length} are getting something there`;
      return this.#house.signal(from, { type: "later", transfer: want.transfer, why });
    }
    const serve = new Serve(
      this.#house,
      thingOf(item),
      from,
      want,
      (end) => this.#served(item, serve, want.transfer, end),
    );
    item.serves.set(want.transfer, serve);
    void serve.begin(item.made, seen);
  }

  #served(item: Outgoing, serve: Serve, transfer: string, end: ServeEnd): void {
    if (item.serves.get(transfer) === serve) item.serves.delete(transfer);
    const { to } = serve;
    if (end === "done") return this.#had(to, item);
    if (item.had.has(to) || [...item.serves.values()].some((other) => other.to === to)) return;
    if (item.end === undefined) {
      this.#house.show({ type: "halted", ...thingOf(item), with: to, sends: true, why: end.why });
    } else if (item.made.isRoom) this.#house.show({ type: "fileFailed", ...thingOf(item), with: to, why: item.end });
  }

  /** Somebody has all of it. */
  #had(who: string, item: Outgoing | undefined): void {
    if (!item || item.had.has(who)) return;
    item.had.add(who);
    this.#letGo(item, who);
    this.#house.show({ type: "fileSent", ...thingOf(item), to: who });
    if (item.made.isRoom || item.made.to !== who) return;
    item.end = "sent";
    this.#try(() => this.#way.shelf.withdraw(item.made, "all of it was sent"));
  }

  #refused(who: string, { offer, why }: Extract<Signal, { type: "refused" | "withdrawn" }>): void {
    const item = this.#outgoing(offer);
    if (!item || item.end !== undefined || item.had.has(who)) return;
    this.#letGo(item, who);
    const how = why === "refused" ? `${who} has refused it` : `${who}: ${why}`;
    this.#house.show({ type: "fileFailed", ...thingOf(item), with: who, why: how });
    if (item.made.isRoom || item.made.to !== who) return;
    item.end = how;
    this.#try(() => this.#way.shelf.withdraw(item.made, how));
  }

  /** Nothing more goes to somebody. */
  #letGo(item: Outgoing, who: string): void {
    for (const [transfer, serve] of item.serves) {
      if (serve.to !== who) continue;
      item.serves.delete(transfer);
      serve.close();
    }
  }

  /** Why an offer of an earlier run does not stand any more. */
  #ended(offer: string): string | undefined {
    let why: string | undefined;
    this.#try(() => void (why = this.#way.shelf.ended(offer)));
    return why;
  }

  #incoming(id: string): Incoming | undefined {
    const item = this.#offers.get(id);
    return item?.sends === false ? item : undefined;
  }

  #outgoing(id: string): Outgoing | undefined {
    const item = this.#offers.get(id);
    return item?.sends ? item : undefined;
  }

  /** Whoever offers more than a person can decide about takes room from their own offers before; false when there is none. */
  #makeRoom(from: string): boolean {
    const open: Incoming[] = [];
    for (const item of this.#items.values()) if (!item.sends && !item.fetch && item.end === undefined) open.push(item);
    const theirs = open.filter(({ taken }) => taken.from === from);
    if (theirs.length < OPEN_OF_ONE) return open.length < OPEN;
    const [oldest] = theirs;
    const why = `forgotten, since ${from} has offered so much after it`;
    this.#house.show({ type: "fileFailed", ...thingOf(oldest!), with: from, why });
    this.#try(() => this.#way.shelf.forget(oldest!.taken));
    this.#remove(oldest!);
    return true;
  }

  #remove(item: Incoming): void {
    this.#items.delete(item.n);
    this.#offers.delete(item.taken.offer.id);
  }

  #noSuch(n: number): string {
    return this.#items.size === 0
      ? `nothing was offered so far`
      : `there is no file ${n}; /files shows those there are`;
  }

  /** What is kept of files may fail without the chat: why, if it does. */
  #try(act: () => void): string | undefined {
    try {
      act();
      return undefined;
    } catch (error) {
      return reason(error);
    }
  }
}

function thingOf({ n, name, bytes, files }: FileThing): FileThing {
  return { n, name, bytes, files };
}

function stateOf(item: Incoming | Outgoing): FileState {
  const state = item.end ??
    (item.sends ? served(item) : item.fetch?.state ?? `offered; /accept ${item.n} or /refuse ${item.n}`);
  return { ...thingOf(item), sends: item.sends, with: item.sends ? item.made.to : item.taken.from, state };
}

function served({ serves, had }: Outgoing): string {
  const getting = serves.size > 0 ? `on its way to ${[...serves.values()].map(({ to }) => to).join(", ")}` : "";
  const has = had.size > 0 ? `sent to ${[...had].join(", ")}` : "";
  return [has, getting].filter((part) => part !== "").join("; ") || "offered";
}
