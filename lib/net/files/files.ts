import { reason } from "../../base/reason.ts";
import { Fault } from "../../base/fault.ts";
import type { Target } from "../../hub/store.ts";
import type { FileAct, FileEvent, FileState, FileThing } from "../../wire/file/event.ts";
import { type FileOffer, offerText, readOffer } from "../../wire/file/offer.ts";
import type { FileKey } from "../../wire/file/secrecy.ts";
import { decodeSignal, encodeSignal, type Signal } from "../../wire/file/signal.ts";
import type { FileShelf, OfferMade, OfferTaken } from "../../wire/file/store.ts";
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

/** Offers that nobody has decided about; the oldest is forgotten for the next. */
const OPEN = 100;
/** To so many at once; the others are told to come later. */
const SERVES = 16;
/** Between two signs of how the reading goes. */
const READING_MS = 250;

/** The files of one client: what was offered to it, what it offers, and what of both is on its way. */
export class Files {
  readonly #way: FilesWay;
  readonly #house: FilesHouse;
  readonly #items = new Map<number, Incoming | Outgoing>();
  #last = 0;
  #begun = false;
  #reading = 0;
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
    if (this.#reading > 0) return true;
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
  }

  /** Somebody is there. */
  online(name: string): void {
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
    if (this.#incoming(offer.id) || this.#outgoing(offer.id)) return true;
    const item = this.#offered({ offer, from, to, accepted: false });
    this.#try(() => this.#way.shelf.take(item.taken));
    this.#forgetOldest();
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
        return this.#refused(from, signal);
      case "received":
        return this.#had(from, this.#outgoing(signal.offer));
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
    switch (act.type) {
      case "send":
        return void this.#send(act.to, act.path);
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
    const ends: Promise<void>[] = [];
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
    item.end = "withdrawn";
    const why = "it was withdrawn";
    for (const serve of [...item.serves.values()]) void serve.stop(why);
    const { made } = item;
    if (!made.isRoom && item.serves.size === 0) {
      this.#house.signal(made.to, { type: "withdrawn", offer: made.offer.id, why: "it is not offered any more" });
    }
    this.#way.show({ type: "fileFailed", ...thingOf(item), with: made.to, why: "you have withdrawn it" });
    return this.#try(() => this.#way.shelf.withdraw(made));
  }

  async #send(to: Target, path: string): Promise<void> {
    this.#reading++;
    let shownAt = 0;
    const [name, isRoom] = "user" in to ? [to.user, false] : [to.room, true];
    try {
      const made = await this.#way.shelf.offer(path, name, isRoom, (done, bytes) => {
        if (Date.now() - shownAt < READING_MS && done < bytes) return;
        shownAt = Date.now();
        this.#house.show({ type: "reading", name: path, done, bytes });
      });
      if (this.#closed) return this.#way.shelf.withdraw(made);
      const item = this.#outgoingOf(made);
      this.#way.show({ type: "offering", ...thingOf(item), to, passedOver: made.passedOver });
      const said = this.#way.say(to, offerText(made.offer));
      if ("id" in said) return;
      item.end = "not offered";
      this.#way.shelf.withdraw(made);
      this.#way.show({ type: "fileFailed", ...thingOf(item), with: name, why: said.why });
    } catch (error) {
      this.#way.problem(`${path} is not offered: ${reason(error)}`);
    } finally {
      this.#reading--;
    }
  }

  #restore(): void {
    const why = this.#try(() => {
      for (const made of this.#way.shelf.made()) this.#outgoingOf(made);
      for (const taken of this.#way.shelf.taken()) {
        const item = this.#offered(taken);
        if (taken.accepted) this.#fetch(item);
      }
    });
    if (why !== undefined) this.#way.problem(`what was on its way before is not known: ${why}`);
  }

  #offered(taken: OfferTaken): Incoming {
    const { offer, from, to } = taken;
    const item: Incoming = { ...this.#numbered(offer), sends: false, taken, to, fetch: undefined, end: undefined };
    this.#items.set(item.n, item);
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
      this.#try(() => this.#way.shelf.drop(item.taken));
      this.#house.signal(from, { type: "received", offer: offer.id });
      return this.#house.show({ type: "received", ...thingOf(item), from, path: end.path });
    }
    if (item.end !== undefined) return void this.#try(() => this.#way.shelf.drop(item.taken));
    if (end.isOurs) {
      // What is here stays here, for when there is room.
      this.#try(() => this.#way.shelf.take({ ...item.taken, accepted: false }));
      const why = `${end.why}; /accept ${item.n} tries again, and /refuse ${item.n} gives it up`;
      return this.#house.show({ type: "fileFailed", ...thingOf(item), with: from, why });
    }
    this.#house.signal(from, { type: "refused", offer: offer.id, why: end.why });
    this.#lost(item, end.why);
  }

  /** The person will not have it. */
  #giveUp(item: Incoming, how: "refused" | "stopped"): string | undefined {
    const { from, offer } = item.taken;
    this.#house.signal(from, { type: "refused", offer: offer.id, why: how });
    this.#way.show({ type: "fileFailed", ...thingOf(item), with: from, why: `you have ${how} it` });
    return this.#forget(item, how);
  }

  /** It cannot be had any more. */
  #lost(item: Incoming, why: string): void {
    this.#house.show({ type: "fileFailed", ...thingOf(item), with: item.taken.from, why });
    this.#forget(item, why);
  }

  /** Nothing of it stays; while it is on its way, that is for when the disk has been let go of. */
  #forget(item: Incoming, end: string): string | undefined {
    item.end = end;
    if (item.fetch) return void item.fetch.stop(end);
    return this.#try(() => this.#way.shelf.drop(item.taken));
  }

  #wanted(from: string, want: Extract<Signal, { type: "want" }>, seen: string | undefined): void {
    const item = this.#outgoing(want.offer);
    // Another screen of ours may have it.
    if (!item) return;
    if (item.end !== undefined) {
      return this.#house.signal(from, { type: "withdrawn", offer: want.offer, why: item.end });
    }
    let serves = 0;
    for (const each of this.#items.values()) if (each.sends) serves += each.serves.size;
    if (serves >= SERVES) {
      const why = `${SERVES} others are getting something there`;
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
    item.serves.delete(transfer);
    if (end === "done") return this.#had(serve.to, item);
    if (item.end !== undefined || item.had.has(serve.to)) return;
    this.#house.show({ type: "halted", ...thingOf(item), with: serve.to, sends: true, why: end.why });
  }

  /** Somebody has all of it. */
  #had(who: string, item: Outgoing | undefined): void {
    if (!item || item.had.has(who)) return;
    item.had.add(who);
    this.#house.show({ type: "fileSent", ...thingOf(item), to: who });
    if (item.made.isRoom) return;
    item.end = "sent";
    this.#try(() => this.#way.shelf.withdraw(item.made));
  }

  #refused(who: string, { offer, why }: Extract<Signal, { type: "refused" | "withdrawn" }>): void {
    const item = this.#outgoing(offer);
    if (!item || item.end !== undefined || item.had.has(who)) return;
    for (const serve of [...item.serves.values()]) if (serve.to === who) serve.close();
    for (const [transfer, serve] of item.serves) if (serve.to === who) item.serves.delete(transfer);
    const how = why === "refused" ? `${who} has refused it` : `${who}: ${why}`;
    this.#house.show({ type: "fileFailed", ...thingOf(item), with: who, why: how });
    if (item.made.isRoom) return;
    item.end = how;
    this.#try(() => this.#way.shelf.withdraw(item.made));
  }

  #incoming(id: string): Incoming | undefined {
    for (const item of this.#items.values()) if (!item.sends && item.taken.offer.id === id) return item;
    return undefined;
  }

  #outgoing(id: string): Outgoing | undefined {
    for (const item of this.#items.values()) if (item.sends && item.made.offer.id === id) return item;
    return undefined;
  }

  /** Whoever offers more than a person can decide about takes room from their own offers before. */
  #forgetOldest(): void {
    const open = [...this.#items.values()].filter((item) => !item.sends && !item.fetch && item.end === undefined);
    if (open.length <= OPEN) return;
    const oldest = open[0] as Incoming;
    this.#forget(oldest, "forgotten, since so much was offered after it");
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
