import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { type Entry, handoutText, sameTarget } from "../chat/entry.ts";
import { Entries, type Event, Message } from "../chat/event.ts";
import { concat, decodeHex, encodeHex, timingSafeEqual } from "../core/bytes.ts";
import { log } from "../core/log.ts";
import { reason } from "../core/reason.ts";
import { attachmentAddress, readAttachment } from "../protocols/transfer/attachment.ts";
import type { AttachmentRow } from "../store/attachment_index.ts";
import type { AttachmentStore } from "../store/attachment_store.ts";
import { hmac } from "../store/proofs.ts";

const KEY_BYTES = 32;
const ID_BYTES = 16;
const UNTIL_BYTES = 4;
const SEAL_BYTES = 12;

export interface AttachmentLinkParts {
  readonly lifeMs: number;
  /** In ms since 1970. */
  readonly now: () => number;
  readonly files: Pick<AttachmentStore, "find" | "remove">;
}

/**
 * Connects messages with files at the server: clients of the handouts get an address, which their users open in a browser, and a
 * file is removed when its message is withdrawn.
 *
 * 1. The address alone is enough to fetch the file, so it is signed with a key of this run, and expires.
 * 2. Only messages of the user who has left the file count, in the conversation for which it was left.
 */
export class AttachmentLinks {
  readonly #key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));

  /** The address of the page for others, with a slash at its end; set once its listener is open. */
  page = "";

  constructor(readonly parts: AttachmentLinkParts) {}

  /** The text of a message for the handouts' clients. */
  messageFor(message: Message): Message {
    const { id, from, scope, entry } = message;
    const addressed = entry && this.#addressed(entry);
    if (!addressed || addressed === entry) return message;
    const text = handoutText(addressed);
    return text === undefined ? message : new Message(id, from, scope, text, entry);
  }

  /** An event with entries as such programs are told it. */
  entriesFor(event: Event): Event {
    if (event.type === "history") {
      return { ...event, messages: event.messages.map((each) => this.#addressed(each)) };
    }
    if (event.type !== "entries") return event;
    const entries = event.entries.map((each) => this.#addressed(each));
    return entries.every((each, i) => each === event.entries[i]) ? event : new Entries(entries);
  }

  /** An entry about a file here with its address in place of the link; any other as it is. */
  #addressed<E extends Entry>(entry: E): E {
    const row = this.#fileOf(entry);
    return row ? { ...entry, text: attachmentAddress(row, this.addressOf(row.id)) } : entry;
  }

  /** A message is withdrawn; the file that it was about is removed. */
  withdrawn(entry: Entry): void {
    try {
      const row = this.#fileOf(entry);
      if (row) this.parts.files.remove(row);
    } catch (error) {
      log.error(`web: a file whose message was withdrawn cannot be removed: ${reason(error)}`);
    }
  }

  #fileOf({ from, to, text }: Entry): AttachmentRow | undefined {
    const attachment = readAttachment(text);
    const row = attachment && this.parts.files.find(attachment.id);
    return row?.owner === from && sameTarget(row.to, to) ? row : undefined;
  }

  /** A new address of a file. */
  addressOf(id: string): string {
    const until = new DataView(new ArrayBuffer(UNTIL_BYTES));
    until.setUint32(0, Math.ceil((this.parts.now() + this.parts.lifeMs) / 1000));
    const claim = concat([decodeHex(id), new Uint8Array(until.buffer)]);
    return `${this.page}left/${encodeBase64Url(concat([claim, this.#seal(claim)]))}`;
  }

  /** The file of an address, by the last part of its path; undefined where it is none of ours, or not valid any more. */
  idOf(token: string): string | undefined {
    const bytes = decoded(token);
    if (bytes?.length !== ID_BYTES + UNTIL_BYTES + SEAL_BYTES) return undefined;
    const claim = bytes.subarray(0, ID_BYTES + UNTIL_BYTES);
    if (!timingSafeEqual(bytes.subarray(claim.length), this.#seal(claim))) return undefined;
    const until = new DataView(claim.buffer, claim.byteOffset + ID_BYTES).getUint32(0) * 1000;
    return this.parts.now() < until ? encodeHex(claim.subarray(0, ID_BYTES)) : undefined;
  }

  #seal(claim: Uint8Array): Uint8Array {
    return hmac(this.#key, claim).subarray(0, SEAL_BYTES);
  }
}

function decoded(token: string): Uint8Array | undefined {
  try {
    return decodeBase64Url(token);
  } catch {
    return undefined;
  }
}
