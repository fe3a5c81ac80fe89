import type { Target } from "../../chat/entry.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import type { FileCommand } from "./event.ts";
import type { FileNumbers } from "./file_numbers.ts";
import { type OfferMade, type OfferTaken, offerText, readOffer, type UnackedOutcome } from "./offer.ts";
import { UnackedOutcomes } from "./outcomes.ts";
import type { AttemptEvent, Failure, OfferEvent, Side, TransferContext, TransferOutput } from "./output.ts";
import { OfferReadings } from "./offer_readings.ts";
import type { Signal } from "./signal.ts";
import { TransferList } from "./transfer_list.ts";
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
  readonly #list = new TransferList(this.#context, this.#outcomes);
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
    for (const item of this.#list.all) if (item.isActive) return true;
    return false;
  }

  /** We are logged in, for the first time or again: resumes what is unfinished. */
  loggedIn(): void {
    this.#context.relayOnly.clear();
    if (!this.#restored) {
      this.#restored = true;
      return this.#out({ type: "restore" });
    }
    for (const item of this.#list.all) {
      if (item.sends) item.online();
      else item.retry();
    }
    this.#outcomes.notify();
  }

  restored({ outcomes, made, taken }: TransferRecords): void {
    this.#outcomes.restore(outcomes);
    for (const record of made) this.#list.addSender(record);
    for (const record of taken) {
      const item = this.#list.addReceiver(record);
      if (record.accepted) item.accepted();
    }
    this.#outcomes.notify();
  }

  /** Whether an offer is listed. */
  has(offer: string): boolean {
    return this.#list.get(offer) !== undefined;
  }

  /** The id of the offer that is listed under this number. */
  offerOf(n: number): string | undefined {
    return this.#list.offerOf(n);
  }

  /** The numbers of offers, and of files that take another way. */
  get numbers(): Pick<FileNumbers, "take" | "release" | "shortId"> {
    return this.#list.numbers;
  }

  /** The id of the file that a user means by a number; the reason if there is none. */
  meant(n: number): { readonly id: string } | { readonly why: string } {
    return this.#list.meant(n);
  }

  /** Withdraws all offers of our own. */
  withdrawAll(why: string): void {
    for (const item of this.#list.all) if (item.sends && item.outcome === undefined) item.stop(why);
  }

  /** A user is online. */
  online(name: string): void {
    this.#context.relayOnly.delete(name);
    this.#outcomes.notify(name);
    for (const item of this.#list.all) {
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
    const known = this.#list.get(offer.id);
    if (!known) return !this.#list.numbers.isRepeated(offer.id);
    return !known.sends && known.with === from;
  }

  /** A message for which `isOffer` is true. */
  offered({ from, to, text }: OfferMessage): void {
    const offer = readOffer(text)!;
    if (this.has(offer.id)) return;
    const dropped = this.#list.replacedBy(from);
    dropped?.forget();
    const { taken } = this.#list.addReceiver({ offer, from, to, accepted: false });
    this.#out({ type: "record", changes: [{ type: "take", taken }], reports: false });
    if (dropped) this.#list.remove(dropped);
  }

  /** A signal of another user's client; `seen` is the address that client is connected from. */
  signalled(from: string, signal: Signal, seen: string | undefined, now: number): void {
    if (this.#closed) return;
    if ("offer" in signal) return this.#signalledOffer(from, signal, seen, now);
    for (const item of this.#list.all) {
      if (item.sends ? item.signalled(from, signal) : item.with === from && item.signalled(signal, seen, now)) return;
    }
  }

  /** A signal to a user has reached no one. */
  notReached(to: string, now: number): void {
    for (const item of this.#list.all) {
      if (item.sends) item.notReached(to);
      else if (item.with === to) item.notReached(now);
    }
  }

  command(command: Exclude<FileCommand, { type: "send" }>): void {
    if (this.#closed) return;
    switch (command.type) {
      case "files": {
        const files = [...this.#list.all].map((item) => {
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
    if (!this.#closed) this.#readings.start(id, this.#list.numbers.take(id, path), path, to);
  }

  /** A decision about one offer. */
  decide(offer: string, decision: "accept" | "refuse" | "stop"): void {
    if (this.#closed) return;
    const item = this.#list.get(offer);
    if (!item) return this.#readings.decide(offer, decision);
    if (!item.sends) this.#list.decided(item);
    if (item.outcome !== undefined) this.#problem(`${item.item.name}: ${item.outcome}`);
    else item[decision]();
  }

  #refuseAll(from: string | undefined): void {
    const refused = this.#list.open.filter((item) => from === undefined || item.with === from);
    if (refused.length === 0) {
      return this.#problem(from === undefined ? "there are no undecided offers" : `${from} has no undecided offers`);
    }
    for (const item of refused) {
      this.#list.decided(item);
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
    const { item } = this.#list.addSender(made);
    this.#out({ type: "show", event: { type: "offering", ...item, to, skipped: made.passedOver } });
    this.#out({ type: "say", to, text: offerText(made.offer), offer: id });
    this.#readings.end(id);
  }

  notRead(offer: string, { why }: Failure): void {
    const path = this.#readings.end(offer);
    this.#problem(why.includes(path) ? `nothing is offered: ${why}` : `${path} is not offered: ${why}`);
    this.#list.numbers.release(offer);
  }

  /** Something has happened to an offer, apart from its attempts. */
  offerEvent(offer: string, event: OfferEvent, now: number): void {
    const item = this.#list.get(offer);
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
    for (const item of this.#list.all) item.close();
  }

  #signalledOffer(
    from: string,
    signal: Extract<Signal, { offer: string }>,
    seen: string | undefined,
    now: number,
  ): void {
    const item = this.#list.get(signal.offer);
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
    const found = this.#list.get(want.offer);
    const item = found?.sends ? found : undefined;
    if (!item) return this.#out({ type: "findEnded", to: from, offer: want.offer });
    if (item.outcome !== undefined) return this.foundEnded(want.offer, from, item.outcome);
    if (item.has(want.transfer)) return;
    item.dropIdle(from, now);
    const busy = [...this.#list.all].flatMap((each) => each.sends ? each.uploads : [])
      .filter((upload) => !upload.isIdle(now) || upload.to !== from);
    if (busy.length >= UPLOADS || busy.filter(({ to }) => to === from).length >= UPLOADS_TO_ONE) {
      const why = `${busy.length} downloads are running there`;
      return this.#out({ type: "signal", to: from, signal: { type: "later", transfer: want.transfer, why } });
    }
    item.wanted(from, want, seen, now);
  }

  #problem(why: string): void {
    this.#out({ type: "problem", why });
  }

  #out(output: TransferOutput): void {
    this.#context.out.push(output);
  }
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
