import type { Event } from "../../chat/event.ts";
import type { SharedFile } from "../../chat/shared_file.ts";
import { formatAddress } from "../../core/address.ts";
import type { Limits } from "../../core/limits.ts";
import { Outputs } from "../../core/machine.ts";
import { encodeText } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, ServerProtocol, Session, SessionFacts, SessionOutput } from "../session.ts";
import type { FileHashing } from "../transfer/relayed_files.ts";
import { MemberFiles } from "./member_files.ts";
import { type OutgoingFile, PieceWriter } from "./piece_writer.ts";
import { RoomsServerInput } from "./server_input.ts";
import { encodeRoomText, fileHeaders, FIRST_IN_ROOM, WELCOME } from "./wire.ts";

const LINK: Link = 0;

interface RoomFile extends OutgoingFile {
  readonly shared: SharedFile;
}

/**
 * One client of the rooms handout: a guest in one room.
 *
 * 1. A piece is what comes before a silence; a file's bytes are taken by their count, however they arrive.
 * 2. Pieces are sent apart from each other, and nothing else while a file is sent; what is said meanwhile waits.
 * 3. A client for which more than `outboxBytes` of texts wait, or that takes nothing for `roomsStallMs`, is disconnected.
 * 4. The end of its input ends the session; what it had said before is still said.
 */
export class RoomsSession implements Session {
  readonly #limits: Limits;
  readonly #outputs = new Outputs<SessionOutput>();
  readonly #input: RoomsServerInput;
  readonly #writer: PieceWriter<RoomFile>;
  readonly #hashing: FileHashing;
  /** Once it is in its room. */
  #memberFiles: MemberFiles | undefined;
  #finished = false;
  #ended = false;

  constructor(facts: SessionFacts, limits: Limits, now: number, hashing: FileHashing) {
    this.#hashing = hashing;
    this.#limits = limits;
    this.#input = new RoomsServerInput(this.#outputs, limits, now);
    this.#writer = new PieceWriter(limits.roomsPauseMs, Math.floor(limits.outboxBytes / 2));
    this.#log(`${formatAddress(facts.peer)} Connected`);
  }

  get name(): string | undefined {
    return this.#input.name;
  }

  get wakeAt(): number {
    if (this.#ended) return Infinity;
    const filesAt = this.#memberFiles?.wakeAt ?? Infinity;
    return Math.min(this.#input.wakeAt, this.#writer.wakeAt, filesAt);
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  hungry(_link: Link): boolean {
    return !this.#input.waitsForHub;
  }

  /** The room's name is enough to enter, like a password. */
  masked(_link: Link, text: string): string {
    return this.#input.masked(text);
  }

  receive(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#ended) return;
    this.#input.receive(bytes, now);
    this.#refuseFault();
  }

  closed(_link: Link, ending: Ending, now: number): void {
    if (this.#ended) return;
    if (ending === "broken") return this.#end("connection lost");
    this.#finished = true;
    this.#input.finish(now);
    this.#refuseFault();
    this.#endIfFinished();
  }

  dialed(_link: Link, _outcome: DialOutcome, _now: number): void {}

  event(event: Event, now: number, waitingBytes: number): void {
    if (this.#ended) return;
    switch (event.type) {
      case "entered": {
        const entered = this.#input.entered();
        if (!entered) break;
        const { name, room } = entered;
        this.#memberFiles = new MemberFiles(name, room, this.#hashing, this.#limits.roomsStallMs);
        this.#say(event.isNew ? FIRST_IN_ROOM : WELCOME);
        break;
      }
      case "turnedAway":
        this.#input.name = undefined;
        return this.#refuse(typeof event.why === "object" ? event.why.text : event.why);
      case "fileAnswer": {
        const refusal = this.#input.answered(event.why, now);
        if (refusal !== undefined) this.#say(refusal);
        break;
      }
      case "message":
        if (this.#memberFiles?.message(event)) this.#drainMemberFiles();
        else for (const piece of encodeRoomText(event.from, event.text)) this.#writer.text(piece);
        break;
      case "offerFile":
      case "offerEnds":
      case "fileReserved":
      case "signal":
      case "unheard":
        this.#memberFiles?.event(event, now);
        this.#drainMemberFiles();
        break;
      case "file": {
        const { name, contents: { bytes }, from } = event;
        this.#writer.file({ headers: fileHeaders(name, bytes, from), bytes, shared: event });
        break;
      }
      case "denied":
        this.#say(event.why);
        break;
      case "closing": {
        const bytes = event.why === undefined ? undefined : this.#writer.lastTexts();
        if (bytes) this.#outputs.push({ type: "write", link: LINK, bytes });
        return this.#end(event.why ?? "the server stops");
      }
    }
    this.#read(now);
    this.#write(now, waitingBytes);
    this.#endIfFinished();
  }

  tick(now: number, waitingBytes = 0): void {
    if (this.#ended) return;
    this.#read(now);
    if (now >= this.#input.deadline) return this.#end(this.#input.lateness);
    if (this.#memberFiles && this.#memberFiles.wakeAt <= now) {
      this.#memberFiles.tick(now);
      this.#drainMemberFiles();
    }
    this.#write(now, waitingBytes);
    this.#endIfFinished();
  }

  #read(now: number): void {
    this.#input.read(now);
    this.#refuseFault();
  }

  #refuseFault(): void {
    if (this.#input.fault !== undefined) this.#refuse(this.#input.fault);
  }

  #endIfFinished(): void {
    if (this.#finished && this.#input.isEmpty && this.hungry(LINK)) this.#end("closed the connection");
  }

  // Output.

  #say(line: string): void {
    this.#writer.text(encodeText(line));
  }

  #write(now: number, waitingBytes: number): void {
    const { outboxBytes, roomsStallMs } = this.#limits;
    let waiting = waitingBytes;
    for (let step; (step = this.#writer.next(now, waiting)) !== undefined;) {
      if (step.type === "taken") {
        const { id, offer } = step.file.shared;
        this.#outputs.push({ type: "command", command: { type: "fileTaken", id } });
        if (offer !== undefined) this.#memberFiles?.taken(offer, now);
        this.#drainMemberFiles();
        continue;
      }
      const bytes = step.type === "piece" ? step.bytes : step.file.shared.contents.read(step.at, step.count);
      if (step.type === "data") this.#writer.wrote(bytes.length);
      this.#outputs.push({ type: "write", link: LINK, bytes });
      waiting += bytes.length;
    }
    if (now - this.#writer.stalledSince >= roomsStallMs) this.#end(`it has read nothing for ${roomsStallMs / 1000} s`);
    else if (this.#writer.textBytes > outboxBytes) this.#end(`more than ${outboxBytes} bytes waited for it to read`);
  }

  #drainMemberFiles(): void {
    for (const output of this.#memberFiles?.takeOutputs() ?? []) {
      if (output.type === "command") this.#outputs.push(output);
      else this.#writer.text(output.bytes);
    }
  }

  /** A line that says why, and the end. */
  #refuse(why: string): void {
    this.#outputs.push({ type: "write", link: LINK, bytes: encodeText(why) });
    this.#end(why);
  }

  #log(text: string): void {
    this.#outputs.push({ type: "log", level: "info", text, bare: true });
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outputs.push({ type: "end", why });
  }
}

export const ROOMS_WIRE = { name: "rooms", links: ["tcp"] } as const;

export function roomsProtocol(hashing: FileHashing): ServerProtocol {
  const openSession = (facts: SessionFacts, limits: Limits, now: number) =>
    new RoomsSession(facts, limits, now, hashing);
  return { ...ROOMS_WIRE, openSession };
}
