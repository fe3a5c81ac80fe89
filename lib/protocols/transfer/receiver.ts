import { Download } from "./download.ts";
import type { FileEvent, TransferItem } from "./event.ts";
import type { UnackedOutcomes } from "./outcomes.ts";
import type { AttemptEvent, OfferEvent, RecordChange, Side, TransferContext } from "./output.ts";
import type { OfferTaken } from "./offer.ts";
import { type Signal, WITHDRAWN } from "./signal.ts";

/**
 * An offer to us, until it is received, refused or withdrawn. Pure; a part of `FileTransfers`.
 *
 * 1. Once accepted, it is requested until it is complete, until either user ends it, or until this machine's disk fails; then the
 *    user may accept it again, and it resumes.
 * 2. Its sender is told of the outcome, in a later run if need be.
 */
export class FileReceiver implements Side {
  readonly sends = false;
  /** Whether the offer has ended for good, and how. */
  outcome: string | undefined;
  readonly #context: TransferContext;
  readonly #outcomes: UnackedOutcomes;
  /** While it is accepted. */
  #download: Download | undefined;

  constructor(
    context: TransferContext,
    outcomes: UnackedOutcomes,
    readonly taken: OfferTaken,
    readonly item: TransferItem,
    /** How many offers its sender has made since the last answer, this one included. */
    unanswered: number,
  ) {
    this.#context = context;
    this.#outcomes = outcomes;
    this.#show({ type: "offered", ...item, from: taken.from, to: taken.to, unanswered });
  }

  get with(): string {
    return this.taken.from;
  }

  /** Its state in the list of transfers. */
  get state(): string {
    const { n } = this.item;
    return this.outcome ?? this.#download?.state ?? `offered; /accept ${n} or /refuse ${n}`;
  }

  get isActive(): boolean {
    return this.#download?.isActive ?? false;
  }

  /** Whether the user has not decided about the offer. */
  get isOpen(): boolean {
    return this.#download === undefined && this.outcome === undefined;
  }

  get wakeAt(): number {
    return this.#download?.wakeAt ?? Infinity;
  }

  tick(now: number): void {
    this.#download?.tick(now);
  }

  accept(): void {
    if (this.#download) return this.#problem(`${this.item.name} is already accepted`);
    this.#context.out.push({ type: "accept", taken: { ...this.taken, accepted: true } });
  }

  /** The acceptance is recorded: requests the file. */
  accepted(): void {
    if (this.#download) return;
    this.#download = new Download(this.#context, this, this.taken, this.item);
    this.#download.ask();
  }

  refuse(): void {
    const { n, name } = this.item;
    if (this.#download) return this.#problem(`${name} is already accepted; /stop ${n} stops it`);
    this.#giveUp("refused");
  }

  /** Refuses it together with others: the user is told once. */
  refuseWithOthers(): void {
    this.#giveUp("refused", true);
  }

  stop(): void {
    const { n, name } = this.item;
    if (!this.#download) return this.#problem(`${name} is not accepted; /refuse ${n} refuses it`);
    this.#giveUp("stopped");
  }

  /** The sender may be online: requests the file now, if it was accepted and is not arriving. */
  retry(): void {
    this.#download?.ask();
  }

  withdrawn(why: string): void {
    if (this.outcome !== undefined || this.#download?.isComplete) return;
    const withdrawn = `${this.with} has withdrawn it`;
    this.#lost(why === WITHDRAWN ? withdrawn : `${withdrawn}: ${why}`);
  }

  /** Makes room for newer offers. */
  forget(): void {
    this.#failed("forgotten, because many offers were made since", false, true);
    this.#record({ type: "forget", taken: this.taken });
  }

  /** A signal of the sender; returns whether it is about this offer. */
  signalled(signal: Extract<Signal, { transfer: string }>, seen: string | undefined, now: number): boolean {
    return this.#download?.signalled(signal, seen, now) ?? false;
  }

  /** A signal to the sender has reached no one. */
  notReached(now: number): void {
    this.#download?.notReached(now);
  }

  wantsStream(transfer: string, now: number): boolean {
    return this.#download?.wantsStream(transfer, now) ?? false;
  }

  offerEvent(event: OfferEvent, now: number): void {
    switch (event.type) {
      case "accepted":
        return this.accepted();
      case "prepared":
        return this.#download?.prepared(event.attempt, event, now);
      case "notPrepared":
        return this.#download?.notPrepared(event.attempt, event.failure);
      case "targetClosed":
        return this.#targetClosed(event.finished);
    }
  }

  event(_transfer: string, event: AttemptEvent, now: number): void {
    this.#download?.event(event, now);
  }

  /** The program ends; what is on disk stays. */
  close(): void {
    this.#download?.close();
  }

  /** The target is closed, and so the download has ended; `finished` is where the file is, if it has its name. */
  #targetClosed(finished: string | undefined): void {
    const end = this.#download?.end ?? (finished === undefined ? undefined : { path: finished });
    this.#download = undefined;
    if (!end) return;
    const { from, offer } = this.taken;
    if ("path" in end) {
      this.outcome = `received as ${end.path}`;
      // If the outcome cannot be recorded, the offer's record stays, and the sender is told in the next run.
      this.#outcomes.owe({ offer: offer.id, to: from, why: undefined }, [{ type: "drop", taken: this.taken }], false);
      return this.#show({ type: "received", ...this.item, from, path: end.path });
    }
    if (this.outcome !== undefined) return this.#record({ type: "drop", taken: this.taken });
    if (!end.isOurs) {
      this.#lost(end.why);
      return this.#outcomes.owe({ offer: offer.id, to: from, why: end.why }, [], false);
    }
    // What has arrived stays on disk, for another try; another program's transfer is left alone.
    if (!end.isBusy) this.#record({ type: "take", taken: { ...this.taken, accepted: false } });
    this.#failed(end.why, true);
  }

  /** The user does not want it. */
  #giveUp(outcome: "refused" | "stopped", isOneOfMany = false): void {
    if (this.#download?.isComplete) return this.#problem(`${this.item.name} is already complete`);
    const { from, offer } = this.taken;
    this.#failed(`you have ${outcome} it`, false, isOneOfMany);
    this.#forget(outcome);
    this.#outcomes.owe({ offer: offer.id, to: from, why: outcome }, [], true);
  }

  /** It cannot be received any more. */
  #lost(why: string): void {
    this.#failed(why);
    this.#forget(why);
  }

  /** Removes everything of it from the disk, once the target is closed. */
  #forget(outcome: string): void {
    this.outcome = outcome;
    if (this.#download) this.#download.stop(outcome);
    else this.#record({ type: "drop", taken: this.taken });
  }

  #record(change: RecordChange): void {
    this.#context.out.push({ type: "record", changes: [change], reports: false });
  }

  #failed(why: string, canRetry = false, isOneOfMany = false): void {
    this.#show({ type: "fileFailed", ...this.item, with: this.with, why, canRetry, isOneOfMany });
  }

  #show(event: FileEvent): void {
    this.#context.out.push({ type: "show", event });
  }

  #problem(why: string): void {
    this.#context.out.push({ type: "problem", why });
  }
}
