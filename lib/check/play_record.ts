import { encodeText } from "../core/text.ts";
import { encodeWire } from "../core/wire_text.ts";
import { packetText } from "./packet_text.ts";
import type { PlayLinks } from "./play_links.ts";
import type { LinkName } from "./step.ts";
import { Transcript } from "./transcript.ts";

/** What a story has of a play: what went over its links, and what happened. Pure. */
export class PlayRecord {
  readonly transcript = new Transcript();
  /** The script's step that is under way. */
  step = 0;
  #began = 0;

  /** `isPaced`: silence parts what is said. */
  constructor(readonly links: PlayLinks, readonly isPaced: boolean) {}

  start(now: number): void {
    this.#began = now;
  }

  sent(link: LinkName, bytes: Uint8Array, now: number): void {
    this.#said(link, "out", this.shown(link, bytes), now);
  }

  /** Takes the bytes as they are shown. */
  received(link: LinkName, bytes: Uint8Array, now: number): void {
    this.#said(link, "in", bytes, now);
  }

  note(name: string, what: string, now: number): void {
    this.links.get(name).lastNote = what;
    this.transcript.add(now - this.#began, name, "event", encodeText(what), this.step);
  }

  /** What a script has of bytes on a link: of a datagram of the reliable transport, a line. */
  shown(link: LinkName, bytes: Uint8Array): Uint8Array {
    return this.links.get(link).as === "packets" ? encodeWire(packetText(bytes)) : bytes;
  }

  /** Where silence parts what is said, a story has each piece by itself. */
  isPiece(link: LinkName): boolean {
    return this.isPaced && !/ (screen|keys)$/.test(link);
  }

  #said(link: LinkName, way: "in" | "out", bytes: Uint8Array, now: number): void {
    const isWhole = this.links.get(link).isDatagrams || this.isPiece(link);
    this.transcript.add(now - this.#began, link, way, bytes, this.step, isWhole);
  }
}
