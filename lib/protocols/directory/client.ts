import { unwrapped } from "../../core/address.ts";
import { Fault } from "../../core/errors.ts";
import { Outputs } from "../../core/machine.ts";
import { type ListedAddress, ListingDecoder } from "./listing.ts";
import { encodeDirectoryRequest } from "./request.ts";

/** A request to a directory server; our own IP address is found out. */
export interface DirectoryRequest {
  /** R registers us and asks who else is there; K removes us. */
  readonly type: "R" | "K";
  /** Our UDP port. */
  readonly port: number;
  readonly user: string;
}

export interface DirectoryAnswer {
  /** Who is online; we may be among them. */
  readonly addresses: readonly ListedAddress[];
  /** Our own IP address, as used towards the server. */
  readonly local: string;
}

export interface DirectoryTimes {
  /** For everything. */
  readonly withinMs?: number;
  /** After this silence an answer that is whole is taken as complete. */
  readonly quietMs?: number;
}

/** What a query wants done. */
export type DirectoryOutput =
  /** Connect; answer with `connected` or `unreachable`. */
  | { readonly type: "connect"; readonly withinMs: number }
  | { readonly type: "send"; readonly bytes: Uint8Array }
  /** Close the connection; it is over. */
  | { readonly type: "done"; readonly answer: DirectoryAnswer | Fault };

const WITHIN_MS = 5000;
const QUIET_MS = 500;

/**
 * One query to a directory server: connects, sends one request, reads the answer.
 *
 * 1. The answer is complete when the server closes, when nothing more can belong to it, or when it is whole and nothing has come
 *    for `quietMs`. So servers that never close are fine; no answer at all is a fault.
 * 2. K has no answer: the query is done after `quietMs`.
 * 3. It is a fault when the server cannot be reached, sends something that is no answer, or takes longer than `withinMs`.
 */
export class DirectoryQuery {
  readonly #outputs = new Outputs<DirectoryOutput>();
  readonly #listing = new ListingDecoder();
  readonly #quietMs: number;
  readonly #deadline: number;
  #quietAt = Infinity;
  #local = "";
  #state: "connecting" | "connected" | "done" = "connecting";

  constructor(readonly request: DirectoryRequest, times: DirectoryTimes, now: number) {
    const withinMs = times.withinMs ?? WITHIN_MS;
    this.#quietMs = times.quietMs ?? QUIET_MS;
    this.#deadline = now + withinMs;
    this.#outputs.push({ type: "connect", withinMs });
  }

  get wakeAt(): number {
    return this.#state === "connected" ? Math.min(this.#deadline, this.#quietAt) : Infinity;
  }

  takeOutputs(): readonly DirectoryOutput[] {
    return this.#outputs.take();
  }

  unreachable(why: string): void {
    this.#done(new Fault("malformed", `cannot be reached: ${why}`));
  }

  /** The connection is open, from this IP address of ours. */
  connected(local: string, now: number): void {
    this.#state = "connected";
    this.#local = unwrapped(local);
    this.#outputs.push({ type: "send", bytes: encodeDirectoryRequest({ ...this.request, hostname: this.#local }) });
    if (this.#leaves) this.#quietAt = now + this.#quietMs;
  }

  receive(bytes: Uint8Array, now: number): void {
    this.#listing.push(bytes);
    if (this.#listing.answer !== undefined) return this.#finish();
    this.#quietAt = now + this.#quietMs;
  }

  /** The server has closed the connection, or it broke, for the reason given. */
  closed(broken?: string): void {
    // A reset may follow an answer; without an answer it is a fault.
    if (broken === undefined || this.#listing.begun) return this.#finish();
    this.#done(new Fault("malformed", `the connection is lost: ${broken}`));
  }

  tick(now: number): void {
    if (now >= this.#deadline) {
      if (this.#leaves || this.#listing.begun) return this.#finish();
      return this.#done(new Fault("malformed", "it says nothing, and does not close either"));
    }
    if (now < this.#quietAt) return;
    this.#quietAt = Infinity;
    if (this.#leaves || this.#listing.whole) this.#finish();
  }

  get #leaves(): boolean {
    return this.request.type === "K";
  }

  #finish(): void {
    const addresses = this.#leaves ? [] : this.#listing.finish();
    this.#done(addresses instanceof Fault ? addresses : { addresses, local: this.#local });
  }

  #done(answer: DirectoryAnswer | Fault): void {
    if (this.#state === "done") return;
    this.#state = "done";
    this.#outputs.push({ type: "done", answer });
  }
}
