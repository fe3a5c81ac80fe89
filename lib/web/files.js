import { encodeList, listFile } from "./file_list.js";
import { Fetch } from "./file_fetch.js";
import { freshName, offerText, safeName, toBase64 } from "./file_offer.js";
import { decodeSignal, encodeSignal } from "./file_signal.js";
import { FileViews, isIncoming as isComing, newView as viewOf } from "./file_view.ts";
import { Serve } from "./file_serve.js";
import { sha256 } from "./sha256.ts";
import { errorText as reason } from "./format.ts";

/** @typedef {import("./file_offer.js").Offer} Offer */
/** @typedef {import("./file_view.ts").FileView} FileView */
/** @typedef {import("./file_signal.js").Signal} Signal */
/** @typedef {import("../chat/store.ts").Target} Target */
/**
 * What transfers share.
 * @typedef {object} FileHouse
 * @property {(to: string, signal: Signal) => void} signal
 * @property {(ms: number, act: () => void) => () => void} later does something later, unless what it gives is called before
 * @property {() => number} now
 */
/**
 * @typedef {object} FilesWay
 * @property {(to: string, text: string) => void} signal
 * @property {(to: Target, text: string) => { why: string } | object} say
 * @property {(file: FileView) => void} show
 * @property {(file: Blob, name: string) => string} save gives a file to the person; where it can be had again
 * @property {(debts: readonly Debt[]) => void} keep what others are still to be told, to outlive this page
 * @property {FileHouse["later"]} later
 * @property {FileHouse["now"]} now
 */
/** What somebody is to be told about their offer. @typedef {{ offer: string, to: string, why: string | undefined }} Debt */
/** @typedef {{ view: FileView, offer: Offer, from: string, fetch: Fetch }} Incoming */
/** @typedef {{ view: FileView, to: Target, source: ConstructorParameters<typeof Serve>[1], serves: Map<string, Serve>, had: Set<string> }} Outgoing */

/** To so many at once, and to one of them; the others are told to come later. */
const SERVES = 16;
const SERVES_TO_ONE = 4;
/** Offers that nobody has decided about; past these the oldest cannot be withdrawn here any more. */
const OPEN = 500;

/** The files of the page: what it takes of what is offered to it, and what it offers, as long as it is open. */
export class Files {
  /** @type {Map<string, Incoming>} */
  #taken = new Map();
  /** @type {Map<string, Outgoing>} */
  #made = new Map();
  /** What was offered while the page is open, and nobody has decided about. @type {Map<string, { offer: Offer, from: string }>} */
  #open = new Map();
  /** Why offers of this page and of its earlier lives do not stand any more. @type {Map<string, string>} */
  #ended;
  /** @type {Map<string, Debt>} */
  #debts;
  /** @type {FileViews} */
  #views;
  /** @type {FileHouse} */
  #house;

  /**
   * @param {FilesWay} way
   * @param {{ debts?: readonly Debt[], ended?: readonly [string, string][] }} earlier what an earlier life of the page has left
   */
  constructor(way, { debts = [], ended = [] } = {}) {
    this.way = way;
    this.#views = new FileViews(way.show, way.now);
    this.#debts = new Map(debts.map((debt) => [debt.offer, debt]));
    this.#ended = new Map(ended);
    const signal = (/** @type {string} */ to, /** @type {Signal} */ signal) => way.signal(to, encodeSignal(signal));
    this.#house = { signal, later: way.later, now: way.now };
  }

  /** What nobody gets any more once the page is closed. @returns {[string, string][]} */
  get open() {
    const open = [...this.#made].filter(([id]) => !this.#ended.has(id));
    return open.map(([id, { view }]) => [id, view.name]);
  }

  /** Whether closing the page now would break something off. */
  get moves() {
    return this.open.length > 0 || [...this.#taken.values()].some(({ view }) => isComing(view));
  }

  /** We are in the chat, for the first time or again: what was not finished goes on. */
  cameIn() {
    for (const debt of this.#debts.values()) this.#pay(debt);
    for (const { view, fetch } of this.#taken.values()) if (isComing(view)) fetch.begin();
  }

  /** Somebody is there. @param {string} name */
  online(name) {
    for (const debt of this.#debts.values()) if (debt.to === name) this.#pay(debt);
    for (const { view, from, fetch } of this.#taken.values()) if (from === name && isComing(view)) fetch.begin();
  }

  /** Somebody offers something. @param {Offer} offer @param {string} from */
  heard(offer, from) {
    // Said again by somebody else, it is still the offer of who said it first.
    if (this.#open.has(offer.id)) return;
    this.#open.set(offer.id, { offer, from });
    for (const id of this.#open.keys()) if (this.#open.size > OPEN) this.#open.delete(id);
  }

  /** Takes what was offered. @param {Offer} offer @param {string} from */
  accept(offer, from) {
    this.#open.delete(offer.id);
    const known = this.#taken.get(offer.id);
    if (known && known.view.state !== "ended") return;
    const view = viewOf(offer, false, "waiting", "asked for");
    /** @type {Incoming} */
    const item = {
      view,
      offer,
      from,
      fetch: new Fetch(this.#house, offer, from, {
        moved: (done) => this.#moved(item, done),
        halted: (why) =>
          this.#views.change(item, { state: "waiting", text: `waits: ${why}; it goes on by itself`, rate: 0 }),
        ended: (end) => this.#fetched(item, end),
      }),
    };
    this.#taken.set(offer.id, item);
    this.way.show(view);
    item.fetch.begin();
  }

  /** Will not have it, or not any more. @param {Offer} offer @param {string} from */
  refuse(offer, from) {
    const item = this.#taken.get(offer.id);
    if (item && isComing(item.view)) return item.fetch.stop("stopped");
    if (item) return;
    this.#open.delete(offer.id);
    this.way.show(viewOf(offer, false, "ended", "you have refused it"));
    this.#owe({ offer: offer.id, to: from, why: "refused" });
  }

  /** Reads a file and offers it. @param {File} file @param {Target} to */
  async offer(file, to) {
    const id = freshName();
    /** @type {Outgoing} */
    const item = {
      view: viewOf({ id, name: file.name, bytes: file.size }, true, "reading", "being read"),
      to,
      source: {
        file,
        list: { bytes: 0, chunkBytes: 1, chunks: 0, digests: new Uint8Array(0) },
        encoded: new Uint8Array(0),
      },
      serves: new Map(),
      had: new Set(),
    };
    this.#made.set(id, item);
    this.way.show(item.view);
    try {
      const list = await listFile(file, (done) => {
        this.#views.progress(item, done, "reading", "being read");
        return !this.#ended.has(id);
      });
      if (!list) return;
      const encoded = encodeList(list, safeName(file.name));
      item.source = { file, list, encoded };
      const digest = toBase64(await sha256(encoded));
      this.#views.change(item, { state: "offered", text: "offered; keep this page open", done: 0, rate: 0 });
      const said = this.way.say(to, offerText({ id, name: file.name, bytes: file.size, files: undefined, digest }));
      if ("why" in said) this.#finish(item, `not offered: ${said.why}`);
    } catch (error) {
      this.#finish(item, `not offered: ${reason(error)}`);
    }
  }

  /** Takes an offer of ours back. @param {string} id */
  withdraw(id) {
    const item = this.#made.get(id);
    if (!item || this.#ended.has(id)) return;
    for (const serve of [...item.serves.values()]) serve.stop("it was withdrawn");
    this.#finish(item, "withdrawn");
    this.#tell(item, "it was withdrawn");
  }

  /**
   * The page is about to be closed, or to be somebody else's: who waits for something of it is told, and nothing goes on.
   * @returns {[string, string][]} what is to be answered to who asks a later life of the page
   */
  leaving() {
    const why = "the page that offered it was closed";
    for (const [id] of this.open) {
      const item = /** @type {Outgoing} */ (this.#made.get(id));
      for (const serve of [...item.serves.values()]) serve.stop(why);
      this.#tell(item, why);
      this.#finish(item, why);
    }
    for (const { fetch } of this.#taken.values()) fetch.close();
    return [...this.#ended];
  }

  /** A client of somebody tells ours something. @param {string} from @param {string} text */
  signalled(from, text) {
    const signal = decodeSignal(text);
    if (!signal) return;
    switch (signal.type) {
      case "want":
        return this.#wanted(from, signal);
      case "received":
      case "refused": {
        this.#house.signal(from, { type: "noted", offer: signal.offer });
        const item = this.#made.get(signal.offer);
        if (!item) return;
        if (!("why" in signal)) return this.#had(item, from);
        return this.#gone(item, from, signal.why === "refused" ? `${from} has refused it` : `${from}: ${signal.why}`);
      }
      case "noted":
        if (this.#debts.get(signal.offer)?.to !== from) return;
        this.#debts.delete(signal.offer);
        return this.way.keep([...this.#debts.values()]);
      case "withdrawn": {
        const open = this.#open.get(signal.offer);
        if (open?.from === from) {
          this.#open.delete(signal.offer);
          return this.way.show(viewOf(open.offer, false, "ended", `${from} has withdrawn it: ${signal.why}`));
        }
        const item = this.#taken.get(signal.offer);
        if (item?.from === from && isComing(item.view)) item.fetch.stop(`${from} has withdrawn it: ${signal.why}`);
        return;
      }
      default:
        for (const { from: other, fetch } of this.#taken.values()) {
          if (other === from && fetch.isOf(signal.transfer)) return fetch.signalled(signal);
        }
        for (const { serves } of this.#made.values()) {
          const serve = serves.get(signal.transfer);
          if (serve?.to === from) return serve.signalled(signal);
        }
    }
  }

  /** What was signalled to somebody has reached nobody. @param {string} to */
  unheard(to) {
    for (const { from, fetch } of this.#taken.values()) if (from === to) fetch.unheard();
    for (const { serves } of this.#made.values()) {
      for (const serve of [...serves.values()]) if (serve.to === to) serve.unheard();
    }
  }

  /** @param {string} from @param {Extract<Signal, { type: "want" }>} want */
  #wanted(from, { offer, transfer }) {
    const ended = this.#ended.get(offer);
    if (ended !== undefined) return this.#house.signal(from, { type: "withdrawn", offer, why: ended });
    const item = this.#made.get(offer);
    // Another screen of ours may have it; and what is said twice is done once.
    if (!item || item.serves.has(transfer)) return;
    // Who asks anew has given up what has not come about.
    for (const serve of [...item.serves.values()]) {
      if (serve.to !== from || !serve.isIdle) continue;
      item.serves.delete(serve.transfer);
      serve.close();
    }
    const all = [...this.#made.values()].flatMap(({ serves }) => [...serves.values()]);
    if (all.length >= SERVES || all.filter(({ to }) => to === from).length >= SERVES_TO_ONE) {
      return this.#house.signal(from, { type: "later", transfer, why: `${all.length} are getting something there` });
    }
    const serve = new Serve(this.#house, item.source, from, transfer, {
      moved: (done) => this.#views.progress(item, done, "moving", `on its way to ${from}`),
      ended: (end) => {
        item.serves.delete(transfer);
        if (end === "done") return this.#had(item, from);
        if (item.had.has(from) || this.#ended.has(offer) || item.serves.size > 0) return;
        this.#views.change(item, { state: "offered", text: `does not go on to ${from} now: ${end.why}`, rate: 0 });
      },
    });
    item.serves.set(transfer, serve);
  }

  /** Somebody has all of it. @param {Outgoing} item @param {string} who */
  #had(item, who) {
    if (item.had.has(who)) return;
    item.had.add(who);
    const has = `${[...item.had].join(", ")} ${item.had.size === 1 ? "has" : "have"} it, whole`;
    if ("user" in item.to) return item.to.user === who ? this.#finish(item, has, "all of it was sent") : undefined;
    this.#views.change(item, { state: "offered", text: `${has}; keep this page open for others`, rate: 0 });
  }

  /** Somebody will not have it. @param {Outgoing} item @param {string} who @param {string} why */
  #gone(item, who, why) {
    if (item.had.has(who) || this.#ended.has(item.view.id)) return;
    for (const serve of [...item.serves.values()]) if (serve.to === who) serve.stop(why);
    if ("user" in item.to && item.to.user === who) this.#finish(item, why);
    else this.#views.change(item, { text: why });
  }

  /** Nothing more comes of an offer of ours. @param {Outgoing} item @param {string} text */
  #finish(item, text, why = text) {
    this.#ended.set(item.view.id, why);
    this.#views.change(item, { state: "ended", text, rate: 0 });
  }

  /** Who of a room wants it is told when they ask. @param {Outgoing} item @param {string} why */
  #tell({ view, to }, why) {
    if ("user" in to) this.#house.signal(to.user, { type: "withdrawn", offer: view.id, why });
  }

  /** @param {Incoming} item @param {{ file: Blob } | { why: string }} end */
  #fetched(item, end) {
    const { offer, from } = item;
    if ("why" in end) {
      this.#views.change(item, { state: "ended", text: end.why, rate: 0 });
      if (end.why.startsWith(`${from} has withdrawn it`)) return;
      return this.#owe({ offer: offer.id, to: from, why: end.why });
    }
    const url = this.way.save(end.file, safeName(offer.name));
    this.#views.change(item, { state: "received", text: "received, checked", done: offer.bytes, rate: 0, url });
    this.#owe({ offer: offer.id, to: from, why: undefined });
  }

  /** Somebody is to be told what became of their offer, now or when they are there. @param {Debt} debt */
  #owe(debt) {
    this.#debts.set(debt.offer, debt);
    this.way.keep([...this.#debts.values()]);
    this.#pay(debt);
  }

  /** @param {Debt} debt */
  #pay({ offer, to, why }) {
    this.#house.signal(to, why === undefined ? { type: "received", offer } : { type: "refused", offer, why });
  }

  /** @param {Incoming} item @param {number} done */
  #moved(item, done) {
    this.#views.progress(item, done, "moving", `from ${item.from}`);
  }
}
