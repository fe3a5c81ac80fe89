import { reason } from "../../core/reason.ts";
import { Fault } from "../../core/errors.ts";
import type { Target } from "../../chat/entry.ts";
import { clock } from "../../net/clock.ts";
import type { FileCommand, FileEvent } from "../../protocols/transfer/event.ts";
import type {
  AttemptEvent,
  Failure,
  OfferEvent,
  RecordChange,
  TransferOutput,
} from "../../protocols/transfer/output.ts";
import type { OfferTaken } from "../../protocols/transfer/records.ts";
import { decodeSignal, encodeSignal } from "../../protocols/transfer/signal.ts";
import { FileTransfers, type OfferMessage } from "../../protocols/transfer/transfers.ts";
import { BusyError, FileError } from "../../store/disk.ts";
import type { FileReader } from "../../store/file_reader.ts";
import type { FileWriter } from "../../store/file_writer.ts";
import type { FileKey } from "../../store/transfer_keys.ts";
import type { TransferStore } from "../../store/transfer_store.ts";
import { freshName, Streams } from "./streams.ts";

/** What transfers need of the chat, the disk, and the user interface. */
export interface TransferRunnerOptions {
  readonly store: TransferStore;
  /** A key pair for one attempt; undefined where nothing can be sealed. */
  freshKey(): Promise<FileKey | undefined>;
  /** Sends a message as the user would; why it is not accepted, if it is not. */
  say(to: Target, text: string): { readonly id: string } | { readonly why: string };
  /** Sends a signal to the clients of a user who is online. */
  signal(to: string, text: string): void;
  show(event: FileEvent): void;
  /** A command cannot be carried out. */
  problem(why: string): void;
}

type Output<Type extends TransferOutput["type"]> = Extract<TransferOutput, { type: Type }>;

/** Runs `FileTransfers`: opens streams, reads and writes files, and shows events. It decides nothing. */
export class TransferRunner {
  readonly #options: TransferRunnerOptions;
  readonly #machine = new FileTransfers();
  readonly #streams: Streams;
  /** The targets that are open or being opened, by offer. */
  readonly #targets = new Map<string, Promise<FileWriter>>();
  /** The same once they are open. */
  readonly #writers = new Map<string, FileWriter>();
  /** By transfer. */
  readonly #sources = new Map<string, FileReader>();
  /** Must end before the program does. */
  readonly #pending = new Set<Promise<void>>();
  #draining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #closed = false;

  constructor(options: TransferRunnerOptions) {
    this.#options = options;
    this.#streams = new Streams({
      freshKey: () => options.freshKey(),
      signal: (to, signal) => this.#closed ? undefined : options.signal(to, encodeSignal(signal)),
      isWanted: (transfer) => this.#machine.wantsStream(transfer, clock()),
      event: (transfer, event) => this.#event(transfer, event),
      sent: (transfer, message) => {
        if (message.type === "chunk") this.#sources.get(transfer)?.release(message.bytes);
      },
    });
  }

  /** Whether anything is being read, sent or received. */
  get isActive(): boolean {
    return this.#machine.isActive;
  }

  /** We are logged in, for the first time or again. */
  loggedIn(): void {
    this.#tell((machine) => machine.loggedIn());
  }

  online(name: string): void {
    this.#tell((machine) => machine.online(name));
  }

  /** A message of the chat; returns whether it is an offer, and shown as one. */
  heard(message: OfferMessage, own: boolean): boolean {
    const isOffer = this.#machine.isOffer(message, own);
    if (isOffer) this.#tell((machine) => machine.offered(message));
    return isOffer;
  }

  /** A signal of another user's client; `seen` is the address that client is connected from. */
  signalled(from: string, text: string, seen: string | undefined): void {
    const signal = decodeSignal(text);
    if (signal && !(signal instanceof Fault)) this.#tell((machine) => machine.signalled(from, signal, seen, clock()));
  }

  /** A signal to a user has reached nobody. */
  notReached(to: string): void {
    this.#tell((machine) => machine.notReached(to, clock()));
  }

  do(command: FileCommand): void {
    this.#tell((machine) => machine.command(command));
  }

  /** The program ends; what is on disk stays, and is resumed by the next run. */
  async close(): Promise<void> {
    this.#tell((machine) => machine.close());
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#streams.closeAll();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #tell(act: (machine: FileTransfers) => void): void {
    act(this.#machine);
    this.#drain();
  }

  #offerEvent(offer: string, event: OfferEvent): void {
    this.#machine.offerEvent(offer, event, clock());
    this.#drain();
  }

  #event(transfer: string, event: AttemptEvent): void {
    this.#machine.event(transfer, event, clock());
    this.#drain();
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let outputs; (outputs = this.#machine.takeOutputs()).length > 0;) {
        for (const output of outputs) this.#do(output);
      }
    } finally {
      this.#draining = false;
    }
    this.#schedule();
  }

  #schedule(): void {
    const { wakeAt } = this.#machine;
    if (wakeAt === this.#timerAt || this.#closed) return;
    clearTimeout(this.#timer);
    this.#timerAt = wakeAt;
    if (wakeAt === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.#tell((machine) => machine.tick(clock()));
    }, Math.max(0, wakeAt - clock()));
  }

  #do(output: TransferOutput): void {
    const { store } = this.#options;
    switch (output.type) {
      case "signal":
        return this.#options.signal(output.to, encodeSignal(output.signal));
      case "say": {
        const said = this.#options.say(output.to, output.text);
        return "why" in said ? this.#offerEvent(output.offer, { type: "notSaid", why: said.why }) : undefined;
      }
      case "show":
        return this.#options.show(output.event);
      case "problem":
        return this.#options.problem(output.why);
      case "restore":
        return this.#restore();
      case "readOffer":
        return this.#pend(this.#readOffer(output));
      case "accept":
        return this.#record(() => store.take(output.taken), true)
          ? this.#offerEvent(output.taken.offer.id, { type: "accepted" })
          : undefined;
      case "record":
        return void this.#record(() => output.changes.forEach((change) => this.#change(change)), output.reports);
      case "findEnded":
        return void this.#record(() => {
          const why = store.ended(output.offer);
          if (why !== undefined) this.#machine.foundEnded(output.offer, output.to, why);
        }, false);
      case "prepare":
        return void this.#prepare(output);
      case "closeTarget":
        return this.#pend(this.#closeTarget(output.offer));
      case "openSource":
        return void this.#openSource(output);
      case "dial":
        return void this.#streams.dial(output);
      case "listen":
        return void this.#streams.expect(output.transfer).then((expected) => {
          if (expected) this.#event(output.transfer, { type: "listening", ...expected });
        });
      case "relay":
        return void this.#streams.relay(output);
      case "relaySignal":
        return this.#streams.relaySignal(output.transfer, output.signal);
      case "open":
        return void this.#streams.open(output, () => this.#verify(output.target));
      case "frame":
        return this.#streams.send(output);
      case "finishStream":
        return this.#streams.finish(output.stream);
      case "closeStream":
        return this.#streams.close(output.stream);
      case "release":
        this.#streams.release(output.transfer);
        this.#sources.get(output.transfer)?.close();
        return void this.#sources.delete(output.transfer);
      case "readChunk":
        return void this.#readChunk(output);
      case "keepManifest":
        return void this.#keepManifest(output);
      case "writeChunk":
        return void this.#writeChunk(output);
      case "finish":
        return void this.#finish(output);
    }
  }

  #restore(): void {
    const { store } = this.#options;
    try {
      this.#machine.restored({ outcomes: store.outcomes(), made: store.made(), taken: store.taken() });
    } catch (error) {
      this.#options.problem(`earlier transfers cannot be read: ${reason(error)}`);
    }
  }

  async #readOffer({ to, path }: Output<"readOffer">): Promise<void> {
    try {
      const [name, isRoom] = "user" in to ? [to.user, false] : [to.room, true];
      const made = await this.#options.store.offer(path, name, isRoom, (done, bytes) => {
        if (this.#closed) throw new Error("the program ends");
        this.#tell((machine) => machine.reading(path, done, bytes, clock()));
      });
      this.#tell((machine) => machine.read(path, to, made));
    } catch (error) {
      this.#tell((machine) => machine.notRead(path, failure(error)));
    }
  }

  /** Makes changes to records; whether they could be made. */
  #record(act: () => void, reports: boolean): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (reports && !this.#closed) this.#options.problem(reason(error));
      return false;
    }
  }

  #change(change: RecordChange): void {
    const { store } = this.#options;
    switch (change.type) {
      case "withdraw":
        return store.withdraw(change.made, change.why);
      case "owe":
        return store.owe(change.outcome);
      case "acknowledged":
        return store.acknowledged(change.offer);
      default:
        return store[change.type](change.taken);
    }
  }

  async #prepare({ taken, attempt }: Output<"prepare">): Promise<void> {
    const { id } = taken.offer;
    const transfer = freshName();
    try {
      const target = await this.#openTarget(taken);
      this.#streams.begin(transfer);
      const expected = target.finished === undefined ? await this.#streams.expect(transfer) : undefined;
      const { finished, known } = target;
      const prepared = { transfer, token: "", at: [], key: undefined, ...expected, known, finished };
      this.#offerEvent(id, { type: "prepared", attempt, ...prepared });
    } catch (error) {
      this.#offerEvent(id, { type: "notPrepared", attempt, failure: failure(error) });
    }
  }

  #openTarget(taken: OfferTaken): Promise<FileWriter> {
    const { id } = taken.offer;
    const open = this.#targets.get(id);
    if (open) return open;
    const opening = this.#options.store.target(taken).then((target) => {
      this.#writers.set(id, target);
      return target;
    });
    this.#targets.set(id, opening);
    return opening;
  }

  async #closeTarget(offer: string): Promise<void> {
    const target = await this.#targets.get(offer)?.catch(() => undefined);
    this.#targets.delete(offer);
    await target?.close();
    this.#writers.delete(offer);
    this.#offerEvent(offer, { type: "targetClosed", finished: target?.finished });
  }

  async #verify(offer: string | undefined) {
    const target = offer === undefined ? undefined : this.#writers.get(offer);
    try {
      await target?.verify();
      return target?.known;
    } catch (error) {
      return failure(error);
    }
  }

  async #openSource({ transfer, made }: Output<"openSource">): Promise<void> {
    this.#streams.begin(transfer);
    try {
      const source = await this.#options.store.source(made);
      if (!this.#streams.has(transfer)) return source.close();
      this.#sources.set(transfer, source);
      this.#event(transfer, { type: "sourceOpened", manifest: source.manifest, chunks: source.chunks });
    } catch (error) {
      this.#event(transfer, { type: "sourceFailed", failure: failure(error) });
    }
  }

  async #readChunk({ transfer, stream, chunk, check }: Output<"readChunk">): Promise<void> {
    let event: AttemptEvent;
    try {
      event = { type: "chunkRead", stream, chunk, bytes: await this.#sources.get(transfer)!.read(chunk, check) };
    } catch (error) {
      event = { type: "readFailed", stream, failure: failure(error) };
    }
    this.#event(transfer, event);
  }

  async #keepManifest({ offer, transfer, stream, bytes }: Output<"keepManifest">): Promise<void> {
    let event: AttemptEvent;
    try {
      const target = this.#writers.get(offer)!;
      await target.keepManifest(bytes);
      event = { type: "manifestKept", stream, known: target.known! };
    } catch (error) {
      event = { type: "writeFailed", stream, failure: failure(error) };
    }
    this.#event(transfer, event);
  }

  async #writeChunk({ offer, transfer, stream, chunk, bytes }: Output<"writeChunk">): Promise<void> {
    let event: AttemptEvent;
    try {
      event = { type: "chunkWritten", stream, chunk, isSound: await this.#writers.get(offer)!.write(chunk, bytes) };
      this.#streams.releaseBytes(stream, bytes);
    } catch (error) {
      event = { type: "writeFailed", stream, failure: failure(error) };
    }
    this.#event(transfer, event);
  }

  async #finish({ offer, transfer }: Output<"finish">): Promise<void> {
    let event: AttemptEvent;
    try {
      const target = this.#writers.get(offer)!;
      event = { type: "finished", path: await target.finish(), known: target.known! };
    } catch (error) {
      event = { type: "finishFailed", failure: failure(error) };
    }
    this.#event(transfer, event);
  }

  /** Something that must end before the program does. */
  #pend(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }
}

function failure(error: unknown): Failure {
  const why = reason(error);
  return {
    why,
    forOthers: error instanceof FileError ? error.forOthers : why,
    isBusy: error instanceof BusyError,
  };
}
