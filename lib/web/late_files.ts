import type { Target } from "../chat/entry.ts";
import { readOffer } from "../protocols/transfer/offer.ts";
import type { OfferMessage } from "../protocols/transfer/transfers.ts";
import { hasOutcomes } from "./file_records.ts";
import type { PageFiles, PageFilesOptions } from "./files.ts";
import { errorText } from "./format.ts";
import { chatTexts } from "./texts.ts";

/** Cap on what waits for the script; an offer stays in its conversation, and signals are repeated. */
const MAX_WAITING = 200;

/**
 * Files from browser to browser. Their code is a fifth of the page, so it is loaded when the first file is offered or asked for;
 * what happens until then waits for it, in order.
 */
export class LateFiles {
  readonly #options: PageFilesOptions;
  #files: PageFiles | undefined;
  #waiting: ((files: PageFiles) => void)[] = [];
  #isLoading = false;
  #isLoggedIn = false;
  #isClosed = false;

  constructor(options: PageFilesOptions) {
    this.#options = options;
  }

  /** Whether closing the page would interrupt a transfer or an offer. */
  get underWay(): boolean {
    return this.#files?.underWay ?? this.#waiting.length > 0;
  }

  /** The user is logged in, for the first time or again. */
  loggedIn(): void {
    this.#isLoggedIn = true;
    if (this.#files) this.#files.loggedIn();
    else if (hasOutcomes(this.#options.storage)) this.#do(() => {});
  }

  online(name: string): void {
    this.#files?.online(name);
  }

  /** A message of another user. */
  received(message: OfferMessage): void {
    if (this.#files || readOffer(message.text)) this.#do((files) => files.received(message));
  }

  /** Another program has sent a signal; the server sees it at the address `seen`. */
  signalled(from: string, text: string, seen?: string): void {
    this.#do((files) => files.signalled(from, text, seen));
  }

  /** A signal to a user has reached no one. */
  signalFailed(to: string): void {
    this.#files?.signalFailed(to);
  }

  /** The user accepts, refuses or stops the offer in a message. */
  decide(decision: "accept" | "refuse" | "stop", message: OfferMessage): void {
    this.#do((files) => files.decide(decision, message));
  }

  offer(file: File, to: Target): void {
    this.#do((files) => files.offer(file, to));
  }

  withdraw(id: string): void {
    this.#do((files) => files.withdraw(id));
  }

  /** The page is closed: withdraws all offers. */
  withdrawAll(): void {
    this.#waiting = [];
    this.#files?.withdrawAll();
  }

  /** The page belongs to another user now. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#files?.close();
  }

  #do(act: (files: PageFiles) => void): void {
    if (this.#files) return act(this.#files);
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(act);
    if (!this.#isLoading) void this.#load();
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    try {
      const { PageFiles } = await import("./files.ts");
      if (this.#isClosed) return;
      const files = this.#files = new PageFiles(this.#options);
      if (this.#isLoggedIn) files.loggedIn();
      for (const act of this.#waiting) act(files);
    } catch (error) {
      this.#options.problem(chatTexts.noFiles(errorText(error)));
    } finally {
      this.#isLoading = false;
      this.#waiting = [];
    }
  }
}
