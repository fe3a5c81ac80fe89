import { FileBytes, type SharedFile } from "../../chat/shared_file.ts";
import type { Event } from "../../chat/event.ts";
import { formatAddress } from "../../core/address.ts";
import { safeName } from "../../core/file_names.ts";
import type { Limits } from "../../core/limits.ts";
import { Outputs } from "../../core/machine.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";
import type { Ending } from "../../core/transport.ts";
import type { DialOutcome, Link, ServerProtocol, Session, SessionFacts, SessionOutput } from "../session.ts";
import type { FileHashing } from "../transfer/relayed_files.ts";
import { MemberFiles } from "./member_files.ts";
import { PieceReader } from "./piece_reader.ts";
import { type OutgoingFile, PieceWriter } from "./piece_writer.ts";
import {
  cleanName,
  encodeRoomText,
  FILE,
  fileHeaders,
  FIRST_IN_ROOM,
  nameOfPiece,
  sizeOfPiece,
  WELCOME,
} from "./wire.ts";

const LINK: Link = 0;
const FILE_AFTER_TEXT = new RegExp(`\n(?=${FILE}(?:$|client_))`);

/** What the next piece is, or that the bytes of a file come next. */
type State =
  | { readonly type: "name" }
  | { readonly type: "room"; readonly name: string }
  | { readonly type: "entering"; readonly name: string; readonly room: string }
  | { readonly type: "text" }
  | { readonly type: "fileName" }
  | { readonly type: "fileSize"; readonly name: string }
  /** The hub is asked whether the file is taken. */
  | { readonly type: "asking"; readonly name: string; readonly bytes: number }
  | { readonly type: "file"; readonly name: string; readonly contents: FileBytes }
  /** The bytes of a file that is not taken. */
  | { readonly type: "skipping"; left: number };

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
  readonly #reader: PieceReader;
  readonly #writer: PieceWriter<RoomFile>;
  #state: State = { type: "name" };
  #name: string | undefined;
  readonly #hashing: FileHashing;
  /** Once it is in its room. */
  #memberFiles: MemberFiles | undefined;
  /** Until when the client must go on. */
  #deadline: number;
  #finished = false;
  #ended = false;

  constructor(facts: SessionFacts, limits: Limits, now: number, hashing: FileHashing) {
    this.#hashing = hashing;
    this.#limits = limits;
    this.#reader = new PieceReader(limits.roomsQuietMs, limits.lineBytes);
    this.#writer = new PieceWriter(limits.roomsPauseMs, Math.floor(limits.outboxBytes / 2));
    this.#deadline = now + limits.loginMs;
    this.#log(`${formatAddress(facts.peer)} Connected`);
  }

  get name(): string | undefined {
    return this.#name;
  }

  get wakeAt(): number {
    if (this.#ended) return Infinity;
    const filesAt = this.#memberFiles?.wakeAt ?? Infinity;
    return Math.min(this.#reader.quietAt, this.#writer.wakeAt, this.#deadline, filesAt);
  }

  takeOutputs(): readonly SessionOutput[] {
    return this.#outputs.take();
  }

  hungry(_link: Link): boolean {
    return this.#state.type !== "entering" && this.#state.type !== "asking";
  }

  /** The room's name lets in who knows it, as a password does. */
  masked(_link: Link, text: string, nth: number): string {
    if (nth === 1) return "*".repeat(text.length);
    return nth === 0 ? text.replace(/(?<=\n)[^\r\n]/g, "*") : text;
  }

  receive(_link: Link, bytes: Uint8Array, now: number): void {
    if (this.#ended) return;
    this.#reader.push(this.#takeFileBytes(bytes, now), now);
    this.#read(now);
  }

  closed(_link: Link, ending: Ending, now: number): void {
    if (this.#ended) return;
    if (ending === "broken") return this.#end("connection lost");
    this.#finished = true;
    this.#reader.finish();
    this.#read(now);
    this.#endIfFinished();
  }

  dialed(_link: Link, _outcome: DialOutcome, _now: number): void {}

  event(event: Event, now: number, waitingBytes: number): void {
    if (this.#ended) return;
    switch (event.type) {
      case "entered":
        if (this.#state.type !== "entering") break;
        this.#memberFiles = new MemberFiles(
          this.#state.name,
          this.#state.room,
          this.#hashing,
          this.#limits.roomsStallMs,
        );
        this.#state = { type: "text" };
        this.#deadline = Infinity;
        this.#say(event.isNew ? FIRST_IN_ROOM : WELCOME);
        break;
      case "turnedAway":
        this.#name = undefined;
        return this.#refuse(typeof event.why === "object" ? event.why.text : event.why);
      case "fileAnswer":
        this.#answered(event.why, now);
        break;
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
    if (now >= this.#deadline) return this.#late();
    if (this.#memberFiles && this.#memberFiles.wakeAt <= now) {
      this.#memberFiles.tick(now);
      this.#drainMemberFiles();
    }
    this.#write(now, waitingBytes);
    this.#endIfFinished();
  }

  // Input.

  #read(now: number): void {
    while (!this.#ended && this.hungry(LINK)) {
      if (this.#state.type === "file" || this.#state.type === "skipping") {
        const rest = this.#takeFileBytes(this.#reader.takeAll(), now);
        if (rest.length === 0) return;
        this.#reader.push(rest, now);
        continue;
      }
      const piece = this.#reader.next(now);
      if (!piece) return;
      this.#piece(piece, now);
    }
  }

  #piece(bytes: Uint8Array, now: number): void {
    const text = decodeLossy(bytes);
    const state = this.#state;
    switch (state.type) {
      case "name": {
        // A program that sends both at once parts them by a line break, if at all.
        const [name = "", ...rest] = text.split(/\r?\n/);
        this.#state = { type: "room", name: cleanName(name) };
        const room = rest.join("\n");
        if (room.trim() === "") this.#deadline = now + this.#limits.loginMs;
        else this.#enter(cleanName(name), room);
        return;
      }
      case "room":
        return this.#enter(state.name, text);
      case "text":
        return this.#text(text, now);
      case "fileName":
        this.#state = { type: "fileSize", name: safeName(nameOfPiece(text.trim())) };
        this.#deadline = now + this.#limits.loginMs;
        return;
      case "fileSize":
        return this.#fileSize(state.name, text);
    }
  }

  #enter(name: string, room: string): void {
    this.#name = name;
    this.#state = { type: "entering", name, room: cleanName(room) };
    this.#outputs.push({ type: "command", command: { type: "enterRoom", as: name, room: cleanName(room) } });
  }

  #text(piece: string, now: number): void {
    if (piece === FILE || piece.startsWith(`${FILE}client_`)) {
      this.#deadline = now + this.#limits.loginMs;
      this.#state = { type: "fileName" };
      // Two pieces that have come as one.
      if (piece !== FILE) this.#piece(encodeText(piece.slice(FILE.length)), now);
      return;
    }
    // A text and the beginning of a file that have come as one.
    const at = piece.search(FILE_AFTER_TEXT);
    const text = (at < 0 ? piece : piece.slice(0, at)).replace(/[\r\n]+$/, "");
    if (text !== "") this.#outputs.push({ type: "command", command: { type: "announce", text } });
    if (at >= 0) this.#text(piece.slice(at + 1), now);
  }

  #fileSize(name: string, piece: string): void {
    const bytes = sizeOfPiece(piece);
    // What follows could not be told from texts.
    if (bytes === undefined) {
      return this.#refuse(`expected the size of ${name} in decimal, found "${piece.slice(0, 40)}"`);
    }
    this.#state = { type: "asking", name, bytes };
    this.#outputs.push({ type: "command", command: { type: "beginFile", name, bytes } });
  }

  #answered(why: string | undefined, now: number): void {
    if (this.#state.type !== "asking") return;
    const { name, bytes } = this.#state;
    this.#deadline = now + this.#limits.roomsStallMs;
    if (why === undefined) this.#state = { type: "file", name, contents: new FileBytes(bytes) };
    else {
      this.#state = { type: "skipping", left: bytes };
      this.#say(`${name} is not sent: ${why}`);
    }
    this.#fileMayBeWhole();
  }

  /** Takes what belongs to a file; returns the rest. */
  #takeFileBytes(bytes: Uint8Array, now: number): Uint8Array {
    const state = this.#state;
    if (bytes.length === 0 || (state.type !== "file" && state.type !== "skipping")) return bytes;
    this.#deadline = now + this.#limits.roomsStallMs;
    let rest: Uint8Array;
    if (state.type === "file") rest = state.contents.add(bytes);
    else {
      rest = bytes.subarray(Math.min(state.left, bytes.length));
      state.left -= bytes.length - rest.length;
    }
    this.#fileMayBeWhole();
    return rest;
  }

  #fileMayBeWhole(): void {
    const state = this.#state;
    if (state.type === "file" && state.contents.missing === 0) {
      this.#outputs.push({ type: "command", command: { type: "shareFile", contents: state.contents } });
    } else if (state.type !== "skipping" || state.left > 0) return;
    this.#state = { type: "text" };
    this.#deadline = Infinity;
  }

  #late(): void {
    const { type } = this.#state;
    if (type === "file" || type === "skipping") return this.#end("a file stopped arriving");
    this.#end(
      `no ${{ name: "name", room: "room", fileName: "file name" }[type as string] ?? "file size"} came in time`,
    );
  }

  #endIfFinished(): void {
    if (this.#finished && this.#reader.isEmpty && this.hungry(LINK)) this.#end("closed the connection");
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
