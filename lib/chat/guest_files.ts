import type { Limits } from "../core/limits.ts";
import type { Outputs } from "../core/machine.ts";
import { formatBytes } from "../core/text.ts";
import { type Effect, tell } from "./effect.ts";
import type { SessionId } from "./event.ts";
import type { FileBytes, SharedFile } from "./shared_file.ts";
import type { Session } from "./users.ts";

export interface GuestFileParts {
  readonly outputs: Outputs<Effect>;
  readonly limits: Pick<Limits, "roomsFileBytes" | "roomsHeldBytes" | "roomsWaitingBytes">;
}

interface Held {
  readonly file: SharedFile;
  /** The receivers that do not have it yet. */
  readonly waiting: Set<SessionId>;
  readonly receivers: number;
}

/**
 * The files that guests send to their rooms, in memory from the first byte until every receiver has the last.
 *
 * 1. A file is told to receivers once it is whole, so a sender that vanishes leaves nobody with half a file.
 * 2. All files together are bounded, and so are those that wait for one receiver: one with more is disconnected.
 * 3. A session that leaves takes its unfinished file and what waits for it along.
 */
export class GuestFiles {
  readonly #parts: GuestFileParts;
  /** The file that a session is sending. */
  readonly #arriving = new Map<SessionId, { readonly name: string; readonly bytes: number }>();
  readonly #held = new Map<number, Held>();
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

  /** The file of a guest is whole. */
  share({ id, guestName }: Session, contents: FileBytes, receivers: readonly Session[]): SharedFile | undefined {
    const arriving = this.#arriving.get(id);
    if (!arriving) return undefined;
    this.#arriving.delete(id);
    const file: SharedFile = { type: "file", id: ++this.#last, from: guestName, name: arriving.name, contents };
    this.#hold(file, receivers);
    return file;
  }

  /** A file from elsewhere is whole, and is held for these receivers. */
  add(from: string, name: string, contents: FileBytes, receivers: readonly Session[]): void {
    this.#bytes += contents.bytes;
    this.#hold({ type: "file", id: ++this.#last, from, name, contents }, receivers);
  }

  /** Why no file of this size can be held now; undefined when it can. */
  fault(bytes: number): string | undefined {
    return this.#fault(bytes);
  }

  /** A receiver has taken all of a file. */
  taken(session: SessionId, id: number): void {
    const held = this.#held.get(id);
    if (held?.waiting.delete(session)) this.#settle(session, held);
  }

  left(session: SessionId): void {
    this.#bytes -= this.#arriving.get(session)?.bytes ?? 0;
    this.#arriving.delete(session);
    for (const held of this.#held.values()) if (held.waiting.delete(session)) this.#settle(session, held, false);
    this.#waitingBytes.delete(session);
  }

  #fault(bytes: number): string | undefined {
    const { roomsFileBytes, roomsHeldBytes } = this.#parts.limits;
    if (bytes > roomsFileBytes) {
      return `a file has at most ${formatBytes(roomsFileBytes)} here, it has ${formatBytes(bytes)}`;
    }
    if (this.#bytes + bytes <= roomsHeldBytes) return undefined;
    return `${formatBytes(this.#bytes)} of other files are on their way, at most ${
      formatBytes(roomsHeldBytes)
    } are held`;
  }

  #hold(file: SharedFile, receivers: readonly Session[]): void {
    const { outputs, limits: { roomsWaitingBytes } } = this.#parts;
    const { bytes } = file.contents;
    const held: Held = { file, waiting: new Set(), receivers: receivers.length };
    for (const { id } of receivers) {
      const waiting = (this.#waitingBytes.get(id) ?? 0) + bytes;
      if (waiting > roomsWaitingBytes) {
        outputs.push({ type: "end", session: id, why: `more than ${roomsWaitingBytes} bytes of files waited for it` });
        continue;
      }
      this.#waitingBytes.set(id, waiting);
      held.waiting.add(id);
    }
    if (held.waiting.size === 0) return void (this.#bytes -= bytes);
    this.#held.set(file.id, held);
    outputs.push({ type: "tell", to: [...held.waiting], event: file });
  }

  #settle(session: SessionId, held: Held, took = true): void {
    const { file: { id, name, contents }, waiting, receivers } = held;
    const left = (this.#waitingBytes.get(session) ?? 0) - contents.bytes;
    if (left > 0) this.#waitingBytes.set(session, left);
    else this.#waitingBytes.delete(session);
    if (!took) this.#parts.outputs.push({ type: "note", text: `${name} did not reach session ${session}, which left` });
    if (waiting.size > 0) return;
    this.#held.delete(id);
    this.#bytes -= contents.bytes;
    if (took || receivers > 1) this.#parts.outputs.push({ type: "note", text: `${name}: Sent` });
  }
}
