import type { FileMessage } from "../protocols/transfer/frames.ts";
import type { AttemptEvent } from "../protocols/transfer/output.ts";
import type { RtcDescription } from "../protocols/transfer/rtc_description.ts";
import { newConnection } from "./rtc.ts";
import { StraightLink } from "./straight_link.ts";

/** For a connection, from the other browser's offer on: on a LAN a part of a second. Less than the machine waits for it. */
const CONNECT_MS = 4000;
/** Cap on connections at a time: sixteen uploads, and as many downloads. A browser has room for a few hundred. */
const LINKS = 32;

type Report = (transfer: string, event: AttemptEvent) => void;

/**
 * Streams to other browsers, without the server: one data channel each, on a connection of its own, to which the two are brought
 * together by the signals of a transfer. The browser encrypts it, with the certificates whose fingerprints were signalled.
 */
export class StraightStreams {
  readonly #links = new Map<string, StraightLink>();
  readonly #report: Report;
  readonly #nextId: () => number;

  constructor(report: Report, nextId: () => number) {
    this.#report = report;
    this.#nextId = nextId;
  }

  /** Expects another browser; what that has to know, if this one can do it now. */
  async offer(transfer: string): Promise<RtcDescription | undefined> {
    return await this.#open(transfer, "caller")?.describe();
  }

  /** Connects to a browser that expects this one; "answered" and "connected", or "unreachable". */
  async answer(transfer: string, offer: RtcDescription): Promise<void> {
    const link = this.#open(transfer, "dial");
    if (!link) return this.#report(transfer, { type: "unreachable" });
    setTimeout(() => link.giveUp(), CONNECT_MS);
    const rtc = await link.describe(offer);
    if (rtc) this.#report(transfer, { type: "answered", rtc });
    else link.giveUp();
  }

  /** The other browser connects to this one. */
  answered(transfer: string, answer: RtcDescription): void {
    this.#links.get(transfer)?.answered(answer);
  }

  send(id: number, message: FileMessage): void {
    this.#of(id)?.send(message);
  }

  /** Closes a stream once everything is sent. */
  finish(id: number): void {
    const link = this.#of(id);
    if (!link) return;
    this.#links.delete(link.transfer);
    link.finish();
  }

  close(id: number): void {
    const link = this.#of(id);
    if (link) this.closeAll(link.transfer);
  }

  /** Closes what belongs to an attempt, apart from streams that are finishing. */
  closeAll(transfer: string): void {
    this.#links.get(transfer)?.close();
    this.#links.delete(transfer);
  }

  #open(transfer: string, by: "dial" | "caller"): StraightLink | undefined {
    this.closeAll(transfer);
    if (this.#links.size >= LINKS) return undefined;
    const connection = newConnection();
    if (!connection) return undefined;
    const link = new StraightLink(connection, this.#nextId(), transfer, by, (event) => this.#report(transfer, event));
    this.#links.set(transfer, link);
    return link;
  }

  #of(id: number): StraightLink | undefined {
    for (const link of this.#links.values()) if (link.id === id) return link;
    return undefined;
  }
}
