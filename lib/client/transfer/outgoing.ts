import type { TransferItem } from "../../protocols/transfer/event.ts";
import type { Signal } from "../../protocols/transfer/signal.ts";
import type { OfferMade } from "../../protocols/transfer/store.ts";
import { type TransferContext, whyNot } from "./context.ts";
import { Serve, type ServeEnd } from "./serve.ts";

/** What we have offered, to one or to a room, from then on until all have it or it is withdrawn. */
export class Outgoing {
  readonly sends = true;
  readonly #house: TransferContext;
  readonly made: OfferMade;
  readonly thing: TransferItem;
  /** Who is getting it, by the name of the attempt. */
  readonly #serves = new Map<string, Serve>();
  readonly #had = new Set<string>();
  /** What became of it, for good. */
  #end: string | undefined;

  constructor(house: TransferContext, made: OfferMade, thing: TransferItem) {
    this.#house = house;
    this.made = made;
    this.thing = thing;
  }

  get with(): string {
    return this.made.to;
  }

  get end(): string | undefined {
    return this.#end;
  }

  get state(): string {
    if (this.#end !== undefined) return this.#end;
    const getting = this.moves ? `on its way to ${this.serves.map(({ to }) => to).join(", ")}` : "";
    const has = this.#had.size > 0 ? `sent to ${[...this.#had].join(", ")}` : "";
    return [has, getting].filter((part) => part !== "").join("; ") || "offered";
  }

  get moves(): boolean {
    return this.#serves.size > 0;
  }

  get serves(): Serve[] {
    return [...this.#serves.values()];
  }

  accept(): string {
    return `${this.thing.n} is your own offer`;
  }

  refuse(): string {
    return `${this.thing.n} is your own offer; /stop ${this.thing.n} withdraws it`;
  }

  stop(): string | undefined {
    const { made } = this;
    const why = "it was withdrawn";
    this.#end = "withdrawn";
    for (const serve of this.serves) void serve.stop(why);
    // Who of a room wants it is told when they ask.
    if (!made.isRoom) this.#house.signal(made.to, { type: "withdrawn", offer: made.offer.id, why });
    this.#house.show({ type: "fileFailed", ...this.thing, with: made.to, why: "you have withdrawn it" });
    return whyNot(() => this.#house.shelf.withdraw(made, why));
  }

  /** It could not be said. */
  notOffered(to: string, why: string): void {
    this.#end = "not offered";
    this.#house.shelf.withdraw(this.made, this.#end);
    this.#house.show({ type: "fileFailed", ...this.thing, with: to, why });
  }

  /** Whether somebody is getting it by this name. */
  has(transfer: string): boolean {
    return this.#serves.has(transfer);
  }

  /** Who asks anew has given up what has not come about. */
  dropIdle(to: string): void {
    for (const [transfer, serve] of this.#serves) {
      if (serve.to !== to || !serve.isIdle) continue;
      this.#serves.delete(transfer);
      serve.close();
    }
  }

  /** Begins to give it to somebody. */
  serve(to: string, want: Extract<Signal, { type: "want" }>, seen: string | undefined): void {
    const { transfer } = want;
    const serve = new Serve(this.#house, this.thing, to, want, (end) => this.#served(serve, transfer, end));
    this.#serves.set(transfer, serve);
    void serve.begin(this.made, seen);
  }

  /** The receiver's client says something; whether it is about this. */
  signalled(from: string, signal: Extract<Signal, { transfer: string }>): boolean {
    const serve = this.#serves.get(signal.transfer);
    if (serve?.to !== from) return false;
    serve.signalled(signal);
    return true;
  }

  unheard(to: string): void {
    for (const serve of this.serves) if (serve.to === to) serve.unheard();
  }

  /** Somebody has all of it. */
  received(who: string): void {
    if (this.#had.has(who)) return;
    this.#had.add(who);
    this.#letGo(who);
    this.#house.show({ type: "fileSent", ...this.thing, to: who });
    if (this.made.isRoom || this.made.to !== who) return;
    this.#end = "sent";
    whyNot(() => this.#house.shelf.withdraw(this.made, "all of it was sent"));
  }

  /** Somebody will not have it. */
  refused(who: string, why: string): void {
    if (this.#end !== undefined || this.#had.has(who)) return;
    this.#letGo(who);
    const how = why === "refused" ? `${who} has refused it` : `${who}: ${why}`;
    this.#house.show({ type: "fileFailed", ...this.thing, with: who, why: how });
    if (this.made.isRoom || this.made.to !== who) return;
    this.#end = how;
    whyNot(() => this.#house.shelf.withdraw(this.made, how));
  }

  close(): void {
    for (const serve of this.#serves.values()) serve.close();
  }

  #served(serve: Serve, transfer: string, end: ServeEnd): void {
    if (this.#serves.get(transfer) === serve) this.#serves.delete(transfer);
    const { to } = serve;
    if (end === "done") return this.received(to);
    if (this.#had.has(to) || this.serves.some((other) => other.to === to)) return;
    if (this.#end === undefined) {
      this.#house.show({ type: "halted", ...this.thing, with: to, sends: true, why: end.why });
    } else if (this.made.isRoom) this.#house.show({ type: "fileFailed", ...this.thing, with: to, why: this.#end });
  }

  /** Nothing more goes to somebody. */
  #letGo(who: string): void {
    for (const [transfer, serve] of this.#serves) {
      if (serve.to !== who) continue;
      this.#serves.delete(transfer);
      serve.close();
    }
  }
}
