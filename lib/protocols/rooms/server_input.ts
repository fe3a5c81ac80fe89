import { FileBytes } from "../../chat/shared_file.ts";
import { safeName } from "../../core/file_names.ts";
import type { Limits } from "../../core/limits.ts";
import type { Outputs } from "../../core/machine.ts";
import { decodeLossy, encodeText } from "../../core/text.ts";
import type { SessionOutput } from "../session.ts";
import { PieceReader } from "./piece_reader.ts";
import { cleanName, FILE, FILE_WITH_NAME, nameOfPiece, sizeOfPiece } from "./wire.ts";

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

/**
 * Reads the bytes of a client of the rooms handout as commands: its name and room, texts, and files. A silence ends a piece; a
 * file's bytes are taken by their count, however they arrive.
 */
export class RoomsServerInput {
  /** The guest's name, once it has told it. */
  name: string | undefined;
  /** Until when the client must go on. */
  deadline: number;
  /** The part that cannot be read: the bytes after it could not be told from texts. */
  fault: string | undefined;
  readonly #limits: Limits;
  readonly #outputs: Outputs<SessionOutput>;
  readonly #reader: PieceReader;
  #state: State = { type: "name" };

  constructor(outputs: Outputs<SessionOutput>, limits: Limits, now: number) {
    this.#outputs = outputs;
    this.#limits = limits;
    this.#reader = new PieceReader(limits.roomsQuietMs, limits.lineBytes);
    this.deadline = now + limits.loginMs;
  }

  get wakeAt(): number {
    return Math.min(this.#reader.quietAt, this.deadline);
  }

  /** Whether nothing is read until the hub has answered. */
  get waitsForHub(): boolean {
    return this.#state.type === "entering" || this.#state.type === "asking";
  }

  /** Whether everything that has come is read. */
  get isEmpty(): boolean {
    return this.#reader.isEmpty;
  }

  receive(bytes: Uint8Array, now: number): void {
    this.#reader.push(this.#takeFileBytes(bytes, now), now);
    this.read(now);
  }

  /** A text that arrives, for the trace, without the room. */
  masked(text: string): string {
    const { type } = this.#state;
    if (type === "name" && this.#reader.isEmpty) {
      const end = text.includes("\n") ? text.indexOf("\n") : text.length;
      return text.slice(0, end) + text.slice(end).replace(/[^\r\n]/g, "*");
    }
    // Behind the beginning of a name may come the room, as long as the silence between them was not noticed.
    return type === "name" || type === "room" ? "*".repeat(text.length) : text;
  }

  /** Nothing more comes. */
  finish(now: number): void {
    this.#reader.finish();
    this.read(now);
  }

  /** The guest is in its room: the name and the room that it has asked for. */
  entered(): { readonly name: string; readonly room: string } | undefined {
    if (this.#state.type !== "entering") return undefined;
    const { name, room } = this.#state;
    this.#state = { type: "text" };
    this.deadline = Infinity;
    return { name, room };
  }

  /** Why the client is too late at its deadline. */
  get lateness(): string {
    const { type } = this.#state;
    if (type === "file" || type === "skipping") return "a file stopped arriving";
    return `no ${{ name: "name", room: "room", fileName: "file name" }[type as string] ?? "file size"} came in time`;
  }

  /** Reads what has come, as far as it can be told apart. */
  read(now: number): void {
    while (this.fault === undefined && !this.waitsForHub) {
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
        if (room.trim() === "") this.deadline = now + this.#limits.loginMs;
        else this.#enter(cleanName(name), room);
        return;
      }
      case "room":
        return this.#enter(state.name, text);
      case "text":
        return this.#text(text, now);
      case "fileName":
        this.#state = { type: "fileSize", name: safeName(nameOfPiece(text.trim())) };
        this.deadline = now + this.#limits.loginMs;
        return;
      case "fileSize":
        return this.#fileSize(state.name, text);
    }
  }

  #enter(name: string, room: string): void {
    this.name = name;
    this.#state = { type: "entering", name, room: cleanName(room) };
    this.#outputs.push({ type: "command", command: { type: "enterRoom", as: name, room: cleanName(room) } });
  }

  #text(piece: string, now: number): void {
    if (piece === FILE || piece.startsWith(FILE_WITH_NAME)) {
      this.deadline = now + this.#limits.loginMs;
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
    if (bytes === undefined) {
      this.fault = `expected the size of ${name} in decimal, found "${piece.slice(0, 40)}"`;
      return;
    }
    this.#state = { type: "asking", name, bytes };
    this.#outputs.push({ type: "command", command: { type: "beginFile", name, bytes } });
  }

  /** The hub takes the file that was announced, or not: what the client is told. */
  answered(why: string | undefined, now: number): string | undefined {
    if (this.#state.type !== "asking") return undefined;
    const { name, bytes } = this.#state;
    this.deadline = now + this.#limits.roomsStallMs;
    this.#state = why === undefined
      ? { type: "file", name, contents: new FileBytes(bytes) }
      : { type: "skipping", left: bytes };
    this.#fileMayBeWhole();
    return why === undefined ? undefined : `${name} is not sent: ${why}`;
  }

  /** Takes what belongs to a file; returns the rest. */
  #takeFileBytes(bytes: Uint8Array, now: number): Uint8Array {
    const state = this.#state;
    if (bytes.length === 0 || (state.type !== "file" && state.type !== "skipping")) return bytes;
    this.deadline = now + this.#limits.roomsStallMs;
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
    this.deadline = Infinity;
  }
}
