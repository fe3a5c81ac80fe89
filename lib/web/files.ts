import type { Target } from "../chat/entry.ts";
import { Fault } from "../core/errors.ts";
import type { FileEvent } from "../protocols/transfer/event.ts";
import type { AttemptEvent, OfferEvent, RecordChange, TransferOutput } from "../protocols/transfer/output.ts";
import { readOffer } from "../protocols/transfer/offer.ts";
import { numbered, safeName } from "../core/file_names.ts";
import { decodeSignal, encodeSignal, needsAddress, type Signal } from "../protocols/transfer/signal.ts";
import { FileTransfers, type OfferMessage } from "../protocols/transfer/transfers.ts";
import { nameOf } from "./conversation.ts";
import { FileRecords, type RecordStorage } from "./file_records.ts";
import { FileContents, OfferedFile } from "./file_contents.ts";
import { type FileView, FileViews } from "./file_view.ts";
import { errorText } from "./format.ts";
import { freshId } from "./storage.ts";
import { PageStreams } from "./streams.ts";
import { chatTexts, PAGE_CLOSED } from "./texts.ts";

export interface PageFilesOptions {
  /** Sends a signal; with the address at which the chat sees this page only if `at`. */
  readonly signal: (to: string, text: string, at: boolean) => void;
  /** Sends a message as the user would; the reason if it is not accepted. */
  readonly say: (to: Target, text: string) => { readonly id: string } | { readonly why: string };
  readonly show: (view: FileView) => void;
  /** The user has decided nothing about this offer after all. */
  readonly forget: (id: string) => void;
  readonly problem: (text: string) => void;
  /** Downloads a file; the address under which the page still has it. */
  readonly save: (file: Blob, name: string) => string;
  readonly storage: RecordStorage;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

type Output<Type extends TransferOutput["type"]> = Extract<TransferOutput, { type: Type }>;

/** A file from its selection on. */
interface Selected {
  readonly id: string;
  readonly file: File;
  /** The room that it is offered to; undefined for a user. */
  readonly room: string | undefined;
  content: OfferedFile | undefined;
}

/**
 * Runs `FileTransfers` in a page. A page reaches other browsers alone: other streams are relayed through the chat. What it offers
 * stands as long as it is open, and what it has not received is lost with it.
 */
export class PageFiles {
  readonly #options: PageFilesOptions;
  readonly #machine = new FileTransfers();
  readonly #views: FileViews;
  /** By the path that the machine knows them by, which is a name. */
  readonly #selected = new Map<string, Selected>();
  readonly #contents: FileContents;
  readonly #streams: PageStreams;
  readonly #records: FileRecords;
  #isDraining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PageFilesOptions) {
    this.#options = options;
    this.#views = new FileViews(options.show);
    const signal = (to: string, signal: Signal) => this.#signal(to, signal);
    this.#streams = new PageStreams(signal, (...event) => this.#event(...event));
    this.#contents = new FileContents(options.save, (...event) => this.#event(...event));
    this.#records = new FileRecords(options.storage);
  }

  /** Whether closing the page would interrupt a transfer or an offer. */
  get underWay(): boolean {
    return this.#views.underWay;
  }

  /** The user is logged in, for the first time or again. */
  loggedIn(): void {
    this.#tell((machine) => machine.loggedIn());
  }

  online(name: string): void {
    this.#tell((machine) => machine.online(name));
  }

  /** A message of another user. */
  received(message: OfferMessage): void {
    if (this.#machine.isOffer(message, false)) this.#tell((machine) => machine.offered(message));
  }

  /** Another program has sent a signal; the chat sees it at the address `seen`. */
  signalled(from: string, text: string, seen?: string): void {
    const signal = decodeSignal(text);
    if (!signal || signal instanceof Fault) return;
    this.#tell((machine) => machine.signalled(from, signal, seen, this.#options.now()));
  }

  /** A signal to a user has reached no one. */
  signalFailed(to: string): void {
    this.#tell((machine) => machine.notReached(to, this.#options.now()));
  }

  /** The user accepts, refuses or stops the offer in a message. */
  decide(decision: "accept" | "refuse" | "stop", message: OfferMessage): void {
    const offer = readOffer(message.text);
    if (!offer) return;
    this.#tell((machine) => {
      // Offers in history were not received by this page.
      if (!machine.has(offer.id)) machine.offered(message);
      machine.decide(offer.id, decision);
    });
    if (decision === "accept") this.#views.set(offer, { state: "waiting", text: chatTexts.requested });
  }

  offer(file: File, to: Target): void {
    let path = safeName(file.name);
    for (let number = 1; this.#selected.has(path); number++) path = numbered(safeName(file.name), number);
    const id = this.#machine.numbers.shortId(freshId);
    this.#selected.set(path, { id, file, room: "room" in to ? to.room : undefined, content: undefined });
    this.#tell((machine) => machine.send(id, path, to));
  }

  withdraw(id: string): void {
    this.#tell((machine) => machine.decide(id, "stop"));
  }

  /** The page is closed: withdraws all offers. */
  withdrawAll(): void {
    this.#tell((machine) => machine.withdrawAll(PAGE_CLOSED));
  }

  /** The page belongs to another user now. */
  close(): void {
    this.withdrawAll();
    this.#tell((machine) => machine.close());
    clearTimeout(this.#timer);
  }

  #tell(input: (machine: FileTransfers) => void): void {
    input(this.#machine);
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let outputs; (outputs = this.#machine.takeOutputs()).length > 0;) {
      for (const output of outputs) this.#do(output);
    }
    this.#isDraining = false;
    clearTimeout(this.#timer);
    const { wakeAt } = this.#machine;
    if (wakeAt === Infinity) return;
    const delay = Math.max(0, wakeAt - this.#options.now());
    this.#timer = setTimeout(() => this.#tell((machine) => machine.tick(this.#options.now())), delay);
  }

  #event(transfer: string, event: AttemptEvent): void {
    this.#tell((machine) => machine.event(transfer, event, this.#options.now()));
  }

  #offerEvent(offer: string, event: OfferEvent): void {
    this.#tell((machine) => machine.offerEvent(offer, event, this.#options.now()));
  }

  #do(output: TransferOutput): void {
    switch (output.type) {
      case "signal":
        return this.#signal(output.to, output.signal);
      case "say": {
        const said = this.#options.say(output.to, output.text);
        return "why" in said ? this.#offerEvent(output.offer, { type: "notSaid", why: said.why }) : undefined;
      }
      case "show":
        return this.#show(output.event);
      case "problem":
        return this.#options.problem(output.why);
      case "restore":
        return this.#machine.restored({ outcomes: this.#records.outcomes, made: [], taken: [] });
      case "readOffer":
        return void this.#readOffer(output);
      case "accept":
        return this.#offerEvent(output.taken.offer.id, { type: "accepted" });
      case "record":
        return this.#record(output.changes);
      case "findEnded": {
        const why = this.#records.ended(output.offer);
        return why === undefined ? undefined : this.#machine.foundEnded(output.offer, output.to, why);
      }
      case "prepare":
        return this.#prepare(output);
      case "closeTarget":
        return this.#offerEvent(output.offer, {
          type: "targetClosed",
          finished: this.#contents.incoming(output.offer)?.url,
        });
      case "openSource": {
        const content = this.#selected.get(output.made.path)!.content!;
        return this.#contents.openSource(output.transfer, content);
      }
      case "open": {
        const known = output.target === undefined ? undefined : this.#contents.incoming(output.target)?.known;
        const { transfer, stream } = output;
        const relayed = this.#streams.isRelayed(stream);
        // The browsers encrypt what goes straight.
        return this.#event(transfer, { type: "opened", stream, relayed, sealed: !relayed, known });
      }
      case "dial":
      case "listen":
      case "answered":
      case "relay":
      case "relaySignal":
      case "frame":
      case "finishStream":
      case "closeStream":
        return this.#streams.do(output);
      case "release":
        this.#streams.closeAll(output.transfer);
        return this.#contents.closeSource(output.transfer);
      case "readChunk":
        return this.#contents.readChunk(output);
      case "keepManifest":
        return this.#contents.keepManifest(output);
      case "writeChunk":
        return this.#contents.writeChunk(output);
      case "finish":
        return this.#contents.finish(output);
    }
  }

  #signal(to: string, signal: Signal): void {
    this.#options.signal(to, encodeSignal(signal), needsAddress(signal));
  }

  #show(event: FileEvent): void {
    if (event.type === "files" || event.type === "refusedAll") return;
    if (event.type !== "reading") {
      const offer = this.#machine.offerOf(event.n);
      return offer === undefined ? undefined : this.#views.update(offer, event, this.#selectedBy(offer)?.room);
    }
    const selected = this.#selected.get(event.name);
    if (!selected || selected.content) return;
    const { id, file } = selected;
    this.#views.set({ id, name: file.name, bytes: file.size }, {
      state: "reading",
      text: chatTexts.reading,
      done: event.done,
    });
  }

  #selectedBy(offer: string): Selected | undefined {
    return [...this.#selected.values()].find(({ id }) => id === offer);
  }

  async #readOffer({ offer, to, path }: Output<"readOffer">): Promise<void> {
    const selected = this.#selected.get(path)!;
    const { file } = selected;
    try {
      const content = await OfferedFile.read(file, (done) => {
        this.#tell((machine) => machine.reading(offer, done, file.size, this.#options.now()));
      });
      const read = await content.offer(offer);
      selected.content = content;
      const made = { offer: read, to: nameOf(to), isRoom: "room" in to, path, passedOver: 0 };
      this.#tell((machine) => machine.read(to, made));
    } catch (error) {
      const why = errorText(error);
      this.#selected.delete(path);
      const view = { id: offer, name: file.name, bytes: file.size };
      this.#views.set(view, { state: "ended", text: chatTexts.notOffered(why) });
      this.#tell((machine) => machine.notRead(offer, { why, forOthers: why }));
    }
  }

  #record(changes: readonly RecordChange[]): void {
    for (const change of changes) {
      if (change.type === "drop") this.#contents.drop(change.taken.offer.id);
      else if (change.type === "forget") {
        this.#views.delete(change.taken.offer.id);
        this.#options.forget(change.taken.offer.id);
      } else this.#records.change(change);
    }
  }

  #prepare({ taken: { offer }, attempt }: Output<"prepare">): void {
    const { known, url: finished } = this.#contents.openIncoming(offer);
    const { connectsBrowsers: rtc } = this.#streams;
    const prepared = { transfer: freshId(), token: freshId(), at: [], key: undefined, rtc, known, finished };
    this.#offerEvent(offer.id, { type: "prepared", attempt, ...prepared });
  }
}
