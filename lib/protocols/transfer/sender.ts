import type { TransferItem } from "./event.ts";
import type { AttemptEvent, OfferEvent, Side, TransferContext } from "./output.ts";
import type { OfferMade } from "./offer.ts";
import { type Signal, WITHDRAWN } from "./signal.ts";
import { Upload, type Want } from "./upload.ts";

/** An offer of ours, to one user or to a room, until all have it or it is withdrawn. Pure; a part of `FileTransfers`. */
export class FileSender implements Side {
  readonly sends = true;
  /** Whether the offer has ended for good, and how. */
  outcome: string | undefined;
  readonly #context: TransferContext;
  /** The attempts that go on, by name. */
  readonly #uploads = new Map<string, Upload>();
  /** The users who have received everything. */
  readonly #received = new Set<string>();

  constructor(context: TransferContext, readonly made: OfferMade, readonly item: TransferItem) {
    this.#context = context;
  }

  get with(): string {
    return this.made.to;
  }

  /** Its line in the list of transfers. */
  get state(): string {
    if (this.outcome !== undefined) return this.outcome;
    const sending = this.isActive ? `sending to ${this.uploads.map(({ to }) => to).join(", ")}` : "";
    const sent = this.#received.size > 0 ? `sent to ${[...this.#received].join(", ")}` : "";
    return [sent, sending].filter((part) => part !== "").join("; ") || "offered";
  }

  get isActive(): boolean {
    return this.#uploads.size > 0;
  }

  get uploads(): Upload[] {
    return [...this.#uploads.values()];
  }

  get wakeAt(): number {
    let at = Infinity;
    for (const upload of this.#uploads.values()) at = Math.min(at, upload.wakeAt);
    return at;
  }

  tick(now: number): void {
    for (const upload of this.uploads) {
      if (upload.wakeAt > now) continue;
      upload.tick(now);
      this.#look(upload);
    }
  }

  event(transfer: string, event: AttemptEvent, now: number): void {
    const upload = this.#uploads.get(transfer);
    if (!upload) return;
    upload.event(event, now);
    this.#look(upload);
  }

  wantsStream(transfer: string, now: number): boolean {
    return this.#uploads.get(transfer)?.isIdle(now) ?? false;
  }

  accept(): void {
    this.#problem(`${this.item.n} is your own offer`);
  }

  refuse(): void {
    this.#problem(`${this.item.n} is your own offer; /stop ${this.item.n} withdraws it`);
  }

  /** The user withdraws the offer. */
  stop(why = WITHDRAWN): void {
    this.outcome = "withdrawn";
    for (const upload of this.uploads) {
      upload.stop(why);
      this.#look(upload);
    }
    const { offer, to, isRoom } = this.made;
    // Members of a room are told when they ask for it.
    if (!isRoom) this.#signal(to, { type: "withdrawn", offer: offer.id, why });
    this.#failed(to, "you have withdrawn it");
    this.#withdraw(why, true);
  }

  offerEvent(event: OfferEvent): void {
    if (event.type !== "notSaid") return;
    this.outcome = "not offered";
    this.#withdraw(this.outcome, true);
    this.#failed(this.made.to, event.why);
  }

  has(transfer: string): boolean {
    return this.#uploads.has(transfer);
  }

  /** Ends the attempts that a new one of the same receiver replaces. */
  dropIdle(to: string, now: number): void {
    for (const upload of this.uploads) if (upload.to === to && upload.isIdle(now)) this.#drop(upload);
  }

  /** A receiver, or every one, is online: a connection that was not made before says nothing about the next. */
  online(name?: string): void {
    for (const upload of this.uploads) if (name === undefined || upload.to === name) upload.offersRtc = false;
  }

  /** A receiver asks for the file. */
  wanted(from: string, want: Want, seen: string | undefined, now: number): void {
    const upload = new Upload(this.#context, this.made, this.item, from, want, seen, now);
    this.#uploads.set(want.transfer, upload);
    this.#context.attempts.set(want.transfer, this);
  }

  /** A signal of a receiver; returns whether it is about this offer. */
  signalled(from: string, signal: Extract<Signal, { transfer: string }>): boolean {
    const upload = this.#uploads.get(signal.transfer);
    if (upload?.to !== from) return false;
    upload.signalled(signal);
    this.#look(upload);
    return true;
  }

  /** A signal to a user has reached no one. */
  notReached(to: string): void {
    for (const upload of this.uploads) {
      if (upload.to !== to) continue;
      upload.notReached();
      this.#look(upload);
    }
  }

  /** A receiver has everything. */
  received(by: string): void {
    if (this.#received.has(by)) return;
    this.#received.add(by);
    this.#dropAll(by);
    this.#context.out.push({ type: "show", event: { type: "fileSent", ...this.item, to: by } });
    if (this.made.isRoom || this.made.to !== by) return;
    this.outcome = "sent";
    this.#withdraw("all of it was sent", false);
  }

  refused(by: string, why: string): void {
    if (this.outcome !== undefined || this.#received.has(by)) return;
    this.#dropAll(by);
    const outcome = why === "refused" ? `${by} has refused it` : `${by}: ${why}`;
    this.#failed(by, outcome);
    if (this.made.isRoom || this.made.to !== by) return;
    this.outcome = outcome;
    this.#withdraw(outcome, false);
  }

  close(): void {
    for (const upload of this.uploads) this.#drop(upload);
  }

  /** Deals with an attempt that has ended. */
  #look(upload: Upload): void {
    const { result, to, transfer } = upload;
    if (!result || this.#uploads.get(transfer) !== upload) return;
    this.#forget(transfer);
    if (result === "done") return this.received(to);
    if (this.#received.has(to) || this.uploads.some((other) => other.to === to)) return;
    if (this.outcome === undefined) {
      const event = { type: "paused", ...this.item, with: to, sends: true, why: result.why } as const;
      this.#context.out.push({ type: "show", event });
    } else if (this.made.isRoom) this.#failed(to, this.outcome);
  }

  #dropAll(to: string): void {
    for (const upload of this.uploads) if (upload.to === to) this.#drop(upload);
  }

  #drop(upload: Upload): void {
    this.#forget(upload.transfer);
    upload.close();
  }

  #forget(transfer: string): void {
    this.#uploads.delete(transfer);
    this.#context.attempts.delete(transfer);
  }

  #failed(by: string, why: string): void {
    this.#context.out.push({ type: "show", event: { type: "fileFailed", ...this.item, with: by, why } });
  }

  #withdraw(why: string, reports: boolean): void {
    this.#context.out.push({ type: "record", changes: [{ type: "withdraw", made: this.made, why }], reports });
  }

  #signal(to: string, signal: Signal): void {
    this.#context.out.push({ type: "signal", to, signal });
  }

  #problem(why: string): void {
    this.#context.out.push({ type: "problem", why });
  }
}
