import type { FileEvent, TransferItem } from "../../protocols/transfer/event.ts";
import type { Signal } from "../../protocols/transfer/signal.ts";
import type { OfferTaken, UnackedOutcome } from "../../protocols/transfer/store.ts";
import { Fetch, type FetchEnd } from "./fetch.ts";
import { type TransferContext, whyNot } from "./context.ts";

/** What somebody else's offer needs of the house. */
export interface IncomingContext extends TransferContext {
  /** Shows it also while the program ends. */
  showLast(event: FileEvent): void;
  /** Somebody is to be told what became of their offer. */
  owe(debt: UnackedOutcome): void;
}

/** What somebody has offered us, from then on until it is here or given up. */
export class Incoming {
  readonly sends = false;
  readonly #house: IncomingContext;
  readonly taken: OfferTaken;
  readonly thing: TransferItem;
  #fetch: Fetch | undefined;
  /** What became of it, for good. */
  #end: string | undefined;

  constructor(house: IncomingContext, taken: OfferTaken, thing: TransferItem) {
    this.#house = house;
    this.taken = taken;
    this.thing = thing;
  }

  announce(): void {
    const { from, to } = this.taken;
    this.#house.show({ type: "offered", ...this.thing, from, to });
  }

  get with(): string {
    return this.taken.from;
  }

  get end(): string | undefined {
    return this.#end;
  }

  get state(): string {
    const { n } = this.thing;
    return this.#end ?? this.#fetch?.state ?? `offered; /accept ${n} or /refuse ${n}`;
  }

  get moves(): boolean {
    return this.#fetch?.moves ?? false;
  }

  /** Whether nobody has decided about it. */
  get isOpen(): boolean {
    return this.#fetch === undefined && this.#end === undefined;
  }

  accept(): string | undefined {
    if (this.#fetch) return `${this.thing.name} is accepted already`;
    return whyNot(() => {
      this.#house.shelf.take({ ...this.taken, accepted: true });
      this.begin();
    });
  }

  refuse(): string | undefined {
    const { n, name } = this.thing;
    if (this.#fetch) return `${name} is accepted already; /stop ${n} stops it`;
    return this.#giveUp("refused");
  }

  stop(): string | undefined {
    const { n, name } = this.thing;
    return this.#fetch ? this.#giveUp("stopped") : `${name} was not accepted; /refuse ${n} refuses it`;
  }

  /** It was accepted: begins to get it. */
  begin(): void {
    this.#fetch = new Fetch(this.#house, this.taken, this.thing, (end) => this.#fetched(end));
    void this.#fetch.begin();
  }

  /** Its sender may be there: goes on, if it was accepted. */
  again(): void {
    void this.#fetch?.begin();
  }

  /** Its sender does not offer it any more. */
  withdrawn(why: string): void {
    if (this.#end === undefined) this.#lost(`${this.with} has withdrawn it: ${why}`);
  }

  /** Makes room for others of its sender. */
  forget(): void {
    const { from } = this.taken;
    const why = `forgotten, since ${from} has offered so much after it`;
    this.#house.show({ type: "fileFailed", ...this.thing, with: from, why });
    whyNot(() => this.#house.shelf.forget(this.taken));
  }

  /** Its sender's client says something; whether it is about this. */
  signalled(signal: Extract<Signal, { transfer: string }>, seen: string | undefined): boolean {
    if (this.#fetch?.transfer !== signal.transfer) return false;
    this.#fetch.signalled(signal, seen);
    return true;
  }

  unheard(): void {
    this.#fetch?.unheard();
  }

  async close(): Promise<void> {
    await this.#fetch?.close();
  }

  #fetched(end: FetchEnd): void {
    const { from, offer } = this.taken;
    const { shelf } = this.#house;
    this.#fetch = undefined;
    if ("path" in end) {
      this.#end = `received as ${end.path}`;
      // First what is to be told: when it cannot be written down, the record stays, and it is told the next time.
      whyNot(() => {
        this.#house.owe({ offer: offer.id, to: from, why: undefined });
        shelf.drop(this.taken);
      });
      return this.#house.showLast({ type: "received", ...this.thing, from, path: end.path });
    }
    if (this.#end !== undefined) return void whyNot(() => shelf.drop(this.taken));
    if (!end.isOurs) {
      this.#lost(end.why);
      return void whyNot(() => this.#house.owe({ offer: offer.id, to: from, why: end.why }));
    }
    // What is here stays here, for when there is room; what another program does, it does.
    if (!end.isBusy) whyNot(() => shelf.take({ ...this.taken, accepted: false }));
    const { n } = this.thing;
    const why = `${end.why}; /accept ${n} tries again, and /refuse ${n} gives it up`;
    this.#house.show({ type: "fileFailed", ...this.thing, with: from, why });
  }

  /** The person will not have it. */
  #giveUp(how: "refused" | "stopped"): string | undefined {
    const { from, offer } = this.taken;
    if (this.#fetch?.isFinishing) return `all of ${this.thing.name} is here already`;
    this.#house.show({ type: "fileFailed", ...this.thing, with: from, why: `you have ${how} it` });
    this.#forgetAs(how);
    return whyNot(() => this.#house.owe({ offer: offer.id, to: from, why: how }));
  }

  /** It cannot be had any more. */
  #lost(why: string): void {
    this.#house.show({ type: "fileFailed", ...this.thing, with: this.with, why });
    this.#forgetAs(why);
  }

  /** Nothing of it stays; while it is on its way, that is for when the disk has been let go of. */
  #forgetAs(end: string): void {
    this.#end = end;
    if (this.#fetch) this.#fetch.stop(end);
    else whyNot(() => this.#house.shelf.drop(this.taken));
  }
}
