import type { Command } from "../../chat/command.ts";
import type { Event, Message } from "../../chat/event.ts";
import { safeName } from "../../core/file_names.ts";
import { type Machine, Outputs } from "../../core/machine.ts";
import { formatBytes } from "../../core/text.ts";
import { type FileOffer, readOffer } from "../transfer/offer.ts";
import { type FileHashing, RelayedFiles, type RelayedFilesOutput } from "../transfer/relayed_files.ts";
import { encodeSignal } from "../transfer/signal.ts";
import { encodeRoomText } from "./wire.ts";

export type MemberFilesOutput =
  | { readonly type: "command"; readonly command: Command }
  /** A text for the guest. */
  | { readonly type: "text"; readonly bytes: Uint8Array };

type FileEvent = Extract<Event, { type: "offerFile" | "offerEnds" | "fileReserved" | "signal" | "unheard" }>;

/** Files of members on their way to one guest. */
const AT_ONCE = 16;

/**
 * The files between a guest and the members of its room who use other protocols. The wire knows no offers: the guest's files are
 * offered to the members for it, and files that members offer are accepted for it, if memory permits; otherwise the guest is told
 * of the offer by a text, and the member that it is refused.
 */
export class MemberFiles implements Machine<MemberFilesOutput> {
  readonly #out = new Outputs<MemberFilesOutput>();
  readonly #files: RelayedFiles;
  /** Offers for which memory is being reserved, with their messages. */
  readonly #asked = new Map<string, { readonly offer: FileOffer; readonly from: string; readonly text: string }>();

  constructor(name: string, readonly room: string, hashing: FileHashing, stallMs: number) {
    this.#files = new RelayedFiles(name, hashing, stallMs);
  }

  get wakeAt(): number {
    return this.#files.wakeAt;
  }

  takeOutputs(): readonly MemberFilesOutput[] {
    return this.#out.take();
  }

  tick(now: number): void {
    this.#files.tick(now);
    this.#drain();
  }

  /** Whether a message is an offer, which is dealt with. */
  message({ from, text }: Message): boolean {
    const offer = readOffer(text);
    if (!offer) return false;
    if (this.#asked.has(offer.id) || this.#files.isIncoming(offer.id)) return true;
    if (offer.files !== undefined) this.#refuse(offer, from, "a folder cannot be sent to this client");
    else if (this.#asked.size + this.#files.incoming >= AT_ONCE) {
      this.#refuse(offer, from, `${AT_ONCE} files are on their way to the same client`);
    } else {
      this.#asked.set(offer.id, { offer, from, text });
      this.#command({ type: "reserveFile", offer: offer.id, bytes: offer.bytes });
    }
    return true;
  }

  event(event: FileEvent, now: number): void {
    switch (event.type) {
      case "offerFile": {
        const { id, name, contents } = event.file;
        const why = this.#files.offer(id, name, contents, this.room);
        if (why !== undefined) this.#text(`${name} is not offered to members of other protocols: ${why}`);
        break;
      }
      case "offerEnds":
        this.#files.withdraw(event.id, now, event.denied);
        break;
      case "fileReserved":
        this.#reserved(event.offer, event.why, now);
        break;
      case "signal":
        this.#files.signalled(event.from, event.text, event.at, now);
        break;
      case "unheard":
        this.#files.notReached(event.to, now);
    }
    this.#drain();
  }

  /** The guest has taken all of a file that a member has offered. */
  taken(offer: string, now: number): void {
    this.#files.passedOn(offer, now);
    this.#drain();
  }

  #reserved(id: string, why: string | undefined, now: number): void {
    const { offer, from, text } = this.#asked.get(id)!;
    this.#asked.delete(id);
    if (why !== undefined) return this.#refuse(offer, from, why);
    if (!this.#files.accept(offer, text, from, this.room, now)) this.#command({ type: "releaseFile", offer: id });
  }

  #drain(): void {
    for (const output of this.#files.takeOutputs()) this.#do(output);
  }

  #do(output: RelayedFilesOutput): void {
    switch (output.type) {
      case "signal":
        return this.#command(output);
      case "offer":
        return this.#command({ type: "offerFile", id: output.key, text: output.text, ending: output.ending });
      case "arrived": {
        const { offer, from, contents } = output;
        return this.#command({ type: "fileArrived", offer: offer.id, from, name: safeName(offer.name), contents });
      }
      case "failed":
        this.#command({ type: "releaseFile", offer: output.offer.id });
        return this.#notSent(output.offer, output.from, output.why);
    }
  }

  #refuse(offer: FileOffer, from: string, why: string): void {
    this.#command({ type: "signal", to: from, text: encodeSignal({ type: "refused", offer: offer.id, why }) });
    this.#notSent(offer, from, why);
  }

  #notSent({ name, bytes, files }: FileOffer, from: string, why: string): void {
    const what = files === undefined ? name : `the folder ${name}`;
    this.#text(`offers ${what} (${formatBytes(bytes)}), which is not sent here: ${why}`, from);
  }

  #text(text: string, from = "server"): void {
    for (const bytes of encodeRoomText(from, text)) this.#out.push({ type: "text", bytes });
  }

  #command(command: Command): void {
    this.#out.push({ type: "command", command });
  }
}
