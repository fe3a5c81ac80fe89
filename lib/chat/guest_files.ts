import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { formatBytes } from "../core/text.ts";
import { type Effect, tell } from "./effect.ts";
import type { SessionId } from "./event.ts";
import type { FileBytes, SharedFile } from "./shared_file.ts";
import type { Session } from "./users.ts";

export interface GuestFileParts {
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "roomsFileBytes" | "roomsHeldBytes" | "roomsWaitingBytes" | "roomsOffers">;
}

interface Held {
  readonly file: SharedFile;
  /** The receivers that do not have it yet. */
  readonly waiting: Set<SessionId>;
  readonly receivers: number;
  /** The guest by whom it is offered to members of the room who use other protocols; undefined when it is not, or not any more. */
  offeredBy: SessionId | undefined;
  /** The signal that ends that offer for its receivers. */
  ending: string | undefined;
}

/**
 * The files of guests, in memory: those that they send to their rooms, from the first byte until every receiver has the last, and
 * longer while members of other protocols may fetch them; and those that members have offered, on their way to one guest.
 *
 * 1. A file is told to receivers once it is whole, so a sender that vanishes leaves no receiver with half a file.
 * 2. All files together are bounded, and so are those that wait for one receiver: one with more is disconnected. What is only
 *    offered makes room for other files, the oldest first; a guest has at most `roomsOffers`.
 * 3. A session that leaves takes its unfinished file, its offers and what waits for it along.
 */
export class GuestFiles {
  readonly #parts: GuestFileParts;
  /** The file that a session is sending. */
  readonly #arriving = new Map<SessionId, { readonly name: string; readonly bytes: number }>();
  readonly #held = new Map<number, Held>();
  /** What is reserved for offers of members, by session and offer. */
  readonly #reserved = new Map<SessionId, Map<string, number>>();
  readonly #waitingBytes = new Map<SessionId, number>();
  #bytes = 0;
  #last = 0;

  constructor(parts: GuestFileParts) {
    this.#parts = parts;
  }

  /** Bytes of the files that arrive or are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A guest is about to send a file, and is told whether it may. */
  begin({ id, guestName }: Session, name: string, bytes: number): void {
    const { outputs } = this.#parts;
    const why = this.#arriving.has(id) ? "another file of yours is arriving" : this.#fault(bytes);
    if (why === undefined) {
      this.#arriving.set(id, { name, bytes });
      this.#bytes += bytes;
      outputs.push({ type: "note", text: `${guestName} sends ${name} (${bytes} bytes)` });
    } else outputs.push({ type: "note", text: `${name} (${bytes} bytes) of ${guestName} is not taken: ${why}` });
    outputs.push(tell(id, { type: "fileAnswer", why }));
  }

  /** The file of a guest is whole; `offers`: it is to be offered to members, too. */
  share({ id, guestName }: Session, contents: FileBytes, receivers: readonly Session[], offers: boolean): void {
    const arriving = this.#arriving.get(id);
    if (!arriving) return;
    this.#arriving.delete(id);
    const file: SharedFile = { type: "file", id: ++this.#last, from: guestName, name: arriving.name, contents };
    const offeredBy = offers ? id : undefined;
    const held: Held = { file, waiting: new Set(), receivers: receivers.length, offeredBy, ending: undefined };
    this.#held.set(file.id, held);
    for (const { id } of receivers) if (this.#mayWait(id, contents.bytes)) held.waiting.add(id);
    const { outputs, limits: { roomsOffers } } = this.#parts;
    if (held.waiting.size > 0) outputs.push({ type: "tell", to: [...held.waiting], event: file });
    if (!offers) return this.#drop(held);
    outputs.push(tell(id, { type: "offerFile", file }));
    const others = this.#offersOf(id);
    if (others.length > roomsOffers) this.#endOffer(others[0]!);
  }

  /** A guest's file is offered to the members; `ending` is the signal that ends the offer. */
  offered({ id }: Session, file: number, ending: string): void {
    const held = this.#held.get(file);
    if (held?.offeredBy === id) held.ending = ending;
  }

  /** The message with an offer was not accepted. */
  notOffered({ id }: Session, file: number, why: string): void {
    const held = this.#held.get(file);
    if (held?.offeredBy === id) this.#endOffer(held, why);
  }

  /** A guest is to receive a file that a member offers, and is told whether there is memory for it. */
  reserve({ id }: Session, offer: string, bytes: number): void {
    const waiting = this.#waitingBytes.get(id) ?? 0;
    const { outputs, limits: { roomsWaitingBytes } } = this.#parts;
    const why = waiting + bytes > roomsWaitingBytes
      ? `${formatBytes(waiting)} of other files are on their way to the same client`
      : this.#fault(bytes);
    if (why === undefined) {
      this.#bytes += bytes;
      this.#waitingBytes.set(id, waiting + bytes);
      let reserved = this.#reserved.get(id);
      if (!reserved) this.#reserved.set(id, reserved = new Map());
      reserved.set(offer, bytes);
    }
    outputs.push(tell(id, { type: "fileReserved", offer, why }));
  }

  /** The file for which memory was reserved is whole. */
  arrived({ id }: Session, { offer, from, name, contents }: Omit<SharedFile, "type" | "id"> & { offer: string }): void {
    if (!this.#reserved.get(id)?.delete(offer)) return;
    const file: SharedFile = { type: "file", id: ++this.#last, from, name, contents, offer };
    const held = { file, waiting: new Set([id]), receivers: 1, offeredBy: undefined, ending: undefined };
    this.#held.set(file.id, held);
    this.#parts.outputs.push(tell(id, file));
  }

  /** The file for which memory was reserved will not come. */
  release({ id }: Session, offer: string): void {
    const bytes = this.#reserved.get(id)?.get(offer);
    if (bytes === undefined) return;
    this.#reserved.get(id)!.delete(offer);
    this.#bytes -= bytes;
    this.#waitsLess(id, bytes);
  }

  /** A receiver has taken all of a file. */
  taken(session: SessionId, id: number): void {
    const held = this.#held.get(id);
    if (held?.waiting.delete(session)) this.#settle(session, held);
  }

  /** The session has left; returns the signals that end its offers. */
  left(session: SessionId): string[] {
    this.#bytes -= this.#arriving.get(session)?.bytes ?? 0;
    this.#arriving.delete(session);
    for (const bytes of this.#reserved.get(session)?.values() ?? []) this.#bytes -= bytes;
    this.#reserved.delete(session);
    const endings = this.#offersOf(session).flatMap((held) => {
      held.offeredBy = undefined;
      this.#drop(held);
      return held.ending ?? [];
    });
    for (const held of this.#held.values()) if (held.waiting.delete(session)) this.#settle(session, held, false);
    this.#waitingBytes.delete(session);
    return endings;
  }

  #fault(bytes: number): string | undefined {
    const { roomsFileBytes, roomsHeldBytes } = this.#parts.limits;
    if (bytes > roomsFileBytes) {
      return `a file has at most ${formatBytes(roomsFileBytes)} here, it has ${formatBytes(bytes)}`;
    }
    for (const held of this.#held.values()) {
      if (this.#bytes + bytes <= roomsHeldBytes) return undefined;
      if (held.offeredBy !== undefined) this.#endOffer(held);
    }
    if (this.#bytes + bytes <= roomsHeldBytes) return undefined;
    return `${formatBytes(this.#bytes)} of other files are on their way, at most ${
      formatBytes(roomsHeldBytes)
    } are held`;
  }

  /** Whether a file may wait for a receiver, which otherwise is disconnected. */
  #mayWait(id: SessionId, bytes: number): boolean {
    const { outputs, limits: { roomsWaitingBytes } } = this.#parts;
    const waiting = (this.#waitingBytes.get(id) ?? 0) + bytes;
    if (waiting <= roomsWaitingBytes) this.#waitingBytes.set(id, waiting);
    else outputs.push({ type: "end", session: id, why: `more than ${roomsWaitingBytes} bytes of files waited for it` });
    return waiting <= roomsWaitingBytes;
  }

  #waitsLess(session: SessionId, bytes: number): void {
    const left = (this.#waitingBytes.get(session) ?? 0) - bytes;
    if (left > 0) this.#waitingBytes.set(session, left);
    else this.#waitingBytes.delete(session);
  }

  /** The files that a guest offers, the oldest first. */
  #offersOf(session: SessionId): Held[] {
    return [...this.#held.values()].filter(({ offeredBy }) => offeredBy === session);
  }

  #endOffer(held: Held, denied?: string): void {
    this.#parts.outputs.push(tell(held.offeredBy!, { type: "offerEnds", id: held.file.id, denied }));
    held.offeredBy = undefined;
    this.#drop(held);
  }

  /** Forgets a file that is neither offered nor on its way. */
  #drop(held: Held): void {
    const { file: { id, contents }, waiting, offeredBy } = held;
    if (waiting.size > 0 || offeredBy !== undefined || !this.#held.delete(id)) return;
    this.#bytes -= contents.bytes;
  }

  #settle(session: SessionId, held: Held, took = true): void {
    const { file: { name, contents }, waiting, receivers } = held;
    const { outputs } = this.#parts;
    this.#waitsLess(session, contents.bytes);
    if (!took) outputs.push({ type: "note", text: `${name} did not reach session ${session}, which left` });
    if (waiting.size > 0) return;
    this.#drop(held);
    if (took || receivers > 1) outputs.push({ type: "note", text: `${name}: Sent` });
  }
}
