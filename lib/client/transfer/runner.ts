import { reason } from "../../core/reason.ts";
import { Fault } from "../../core/errors.ts";
import type { Target } from "../../chat/entry.ts";
import { clock } from "../../net/clock.ts";
import type { FileCommand, FileEvent } from "../../protocols/transfer/event.ts";
import type { AttemptEvent, OfferEvent, RecordChange, TransferOutput } from "../../protocols/transfer/output.ts";
import { decodeSignal, encodeSignal, needsAddress } from "../../protocols/transfer/signal.ts";
import { FileTransfers, type OfferMessage } from "../../protocols/transfer/transfers.ts";
import type { FileKey } from "../../store/transfer_keys.ts";
import type { TransferStore } from "../../store/transfer_store.ts";
import { Contents, failure } from "./contents.ts";
import { freshName, Streams } from "./streams.ts";

/** The services of the chat, the disk and the user interface that transfers use. */
export interface TransferRunnerOptions {
  readonly store: TransferStore;
  /** A key pair for one attempt; undefined where nothing can be sealed. */
  freshKey(): Promise<FileKey | undefined>;
  /** Sends a message as the user would; why it is not accepted, if it is not. */
  say(to: Target, text: string): { readonly id: string } | { readonly why: string };
  /** Sends a signal to the clients of a user who is online; with the address at which the chat sees us only if `at`. */
  signal(to: string, text: string, at: boolean): void;
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
  readonly #contents: Contents;
  /** Must end before the program does. */
  readonly #pending = new Set<Promise<void>>();
  #draining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #closed = false;

  constructor(options: TransferRunnerOptions) {
    this.#options = options;
    this.#contents = new Contents(options.store);
    this.#streams = new Streams({
      freshKey: () => options.freshKey(),
      signal: (to, signal) => this.#closed ? undefined : options.signal(to, encodeSignal(signal), needsAddress(signal)),
      isWanted: (transfer) => this.#machine.wantsStream(transfer, clock()),
      event: (transfer, event) => this.#event(transfer, event),
      sent: (transfer, message) => {
        if (message.type === "chunk") this.#contents.releaseBytes(transfer, message.bytes);
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

  /** A signal did not reach any client of its receiver. */
  notReached(to: string): void {
    this.#tell((machine) => machine.notReached(to, clock()));
  }

  /** The numbers of offers, and of files that take another way. */
  get numbers(): FileTransfers["numbers"] {
    return this.#machine.numbers;
  }

  /** The id of the file that the user means by a number; undefined if that is not clear. */
  meant(n: number): string | undefined {
    const meant = this.#machine.meant(n);
    return "id" in meant ? meant.id : undefined;
  }

  do(command: FileCommand): void {
    this.#tell((machine) => {
      if (command.type !== "send") return machine.command(command);
      machine.send(machine.numbers.shortId(freshName), command.path, command.to);
    });
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
        return this.#options.signal(output.to, encodeSignal(output.signal), needsAddress(output.signal));
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
        return this.#pend(
          this.#contents.closeTarget(output.offer).then((finished) =>
            this.#offerEvent(output.offer, { type: "targetClosed", finished })
          ),
        );
      case "openSource":
        this.#streams.begin(output.transfer);
        return this.#answer(
          output.transfer,
          this.#contents.openSource(output, () => this.#streams.has(output.transfer)),
        );
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
        return void this.#streams.open(output, () => this.#contents.verify(output.target));
      case "frame":
        return this.#streams.send(output);
      case "finishStream":
        return this.#streams.finish(output.stream);
      case "closeStream":
        return this.#streams.close(output.stream);
      case "release":
        this.#streams.release(output.transfer);
        return this.#contents.closeSource(output.transfer);
      case "readChunk":
        return this.#answer(output.transfer, this.#contents.readChunk(output));
      case "keepManifest":
        return this.#answer(output.transfer, this.#contents.keepManifest(output));
      case "writeChunk":
        return void this.#contents.writeChunk(output).then((event) => {
          this.#streams.releaseBytes(output.stream, output.bytes);
          this.#event(output.transfer, event);
        });
      case "finish":
        return this.#answer(output.transfer, this.#contents.finish(output));
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

  async #readOffer({ offer, to, path }: Output<"readOffer">): Promise<void> {
    try {
      const [name, isRoom] = "user" in to ? [to.user, false] : [to.room, true];
      const made = await this.#options.store.offer(offer, path, name, isRoom, (done, bytes) => {
        if (this.#closed) throw new Error("the program ends");
        if (this.#machine.isReadingStopped(offer)) throw new Error("it was stopped");
        this.#tell((machine) => machine.reading(offer, done, bytes, clock()));
      });
      this.#tell((machine) => machine.read(to, made));
    } catch (error) {
      this.#tell((machine) => machine.notRead(offer, failure(error)));
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
      const target = await this.#contents.openTarget(taken);
      this.#streams.begin(transfer);
      const expected = target.finished === undefined ? await this.#streams.expect(transfer) : undefined;
      const { finished, known } = target;
      const prepared = { transfer, token: "", at: [], key: undefined, ...expected, known, finished };
      this.#offerEvent(id, { type: "prepared", attempt, ...prepared });
    } catch (error) {
      this.#offerEvent(id, { type: "notPrepared", attempt, failure: failure(error) });
    }
  }

  #answer(transfer: string, answer: Promise<AttemptEvent>): void {
    void answer.then((event) => this.#event(transfer, event));
  }

  /** Something that must end before the program does. */
  #pend(work: Promise<void>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }
}
