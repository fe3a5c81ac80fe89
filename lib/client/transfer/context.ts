import { reason } from "../../core/reason.ts";
import { FileError } from "../../protocols/transfer/file_error.ts";
import type { FileEvent } from "../../protocols/transfer/event.ts";
import type { FileKey } from "../../protocols/transfer/keys.ts";
import type { Signal } from "../../protocols/transfer/signal.ts";
import type { TransferStorage } from "../../protocols/transfer/store.ts";
import type { TransferListener } from "./listener.ts";

/** What transfers share. */
export interface TransferContext {
  readonly shelf: TransferStorage;
  readonly listener: TransferListener;
  /** A key pair for one stream; undefined where nothing can be sealed. */
  freshKey(): Promise<FileKey | undefined>;
  /** Tells somebody something by way of the chat, if they are there. */
  signal(to: string, signal: Signal): void;
  show(event: FileEvent): void;
}

/** Why something cannot be done here, for somebody elsewhere: without where things are here. */
export function reasonForOthers(error: unknown): string {
  return error instanceof FileError ? error.forOthers : reason(error);
}

/** Does what may fail without the chat; why, if it does. */
export function whyNot(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return reason(error);
  }
}

/** How far something has come, and how fast of late. */
export class Pace {
  #at: number;
  #done: number;
  #rate = 0;

  constructor(now: number, done: number) {
    this.#at = now;
    this.#done = done;
  }

  /** Bytes a second, the last seconds counting most. */
  rate(now: number, done: number): number {
    const seconds = (now - this.#at) / 1000;
    if (seconds <= 0) return this.#rate;
    const of = (done - this.#done) / seconds;
    this.#rate = this.#rate === 0 ? of : this.#rate * 0.8 + of * 0.2;
    this.#at = now;
    this.#done = done;
    return this.#rate;
  }
}

/** Between two looks at a transfer: how often a person sees it move. */
export const LOOK_MS = 250;
