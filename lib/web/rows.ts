import { type Attachment, readAttachment } from "../protocols/transfer/attachment.ts";
import { type FileOffer, readOffer } from "../protocols/transfer/offer.ts";
import { type Conversation, messageAt } from "./conversation.ts";
import type { Message } from "./message.ts";
import type { FileView } from "./file_view.ts";
import { formatDay, startOfDay } from "./format.ts";
import { chatTexts } from "./texts.ts";

/** A row of the list of messages. */
export type Row = LineRow | MessageRow | FileRow | AttachmentRow;

/** A line between messages: a day, or the beginning of what is new. */
interface LineRow {
  readonly key: string;
  readonly kind: "line";
  readonly text: string;
  readonly isNew: boolean;
}

export interface MessageRow {
  readonly key: string;
  readonly kind: "message";
  readonly message: Message;
  /** Whether it is the first, or the last, of a group from one sender. */
  readonly first: boolean;
  readonly last: boolean;
  /** Whether the user has gone to it. */
  readonly isGoal: boolean;
  /** The message to which it replies, if that is loaded. */
  readonly quoted: Message | undefined;
}

export interface FileRow extends Omit<MessageRow, "kind"> {
  readonly kind: "file";
  readonly offer: FileOffer;
  readonly file: FileView | undefined;
}

/** A file that was left at the server. */
export interface AttachmentRow extends Omit<MessageRow, "kind"> {
  readonly kind: "attachment";
  readonly attachment: Attachment;
  readonly file: FileView | undefined;
}

/** What the text of a message stands for. */
interface Meaning {
  readonly offer: FileOffer | undefined;
  readonly attachment: Attachment | undefined;
}

const A_TEXT: Meaning = { offer: undefined, attachment: undefined };

/** Messages from one sender within this time form a group. */
const GROUP_MS = 5 * 60_000;

/** The rows of a conversation; a row that has not changed is the same object as the last time. */
export class Rows {
  #before = new Map<string, Row>();
  /** Each text is parsed once. */
  readonly #meanings = new WeakMap<Message, Meaning>();

  /** `goal`: the place that the user has gone to. */
  of(conversation: Conversation, files: ReadonlyMap<string, FileView>, now: number, goal?: number): Row[] {
    const { messages: all, more } = conversation.window ?? conversation;
    const messages = withoutRepeated(all);
    const { newAfter } = conversation;
    let isNewShown = newAfter === undefined;
    const rows: Row[] = [];
    if (messages.length > 0 && !more) rows.push(this.#line("beginning", chatTexts.start));
    let dayStart = 0;
    let dayEnd = 0;
    for (const [i, message] of messages.entries()) {
      const before = messages[i - 1];
      const isOtherDay = !(message.time >= dayStart && message.time < dayEnd);
      if (isOtherDay) {
        dayStart = startOfDay(message.time);
        dayEnd = new Date(dayStart).setHours(24);
        rows.push(this.#line(`day of ${message.key}`, formatDay(message.time, now)));
      }
      const isNew = !isNewShown && !message.own && message.at > newAfter!;
      if (isNew) {
        isNewShown = true;
        // The first new one may be in history that is not loaded yet.
        if (before || !more || conversation.completeFrom === undefined) {
          rows.push(this.#line("new", chatTexts.newMessages, true));
        }
      }
      const after = messages[i + 1];
      const { offer, attachment } = this.#meaning(message);
      const row = {
        key: message.key,
        message,
        first: isOtherDay || isNew || !isGroup(before, message),
        last: !after || !isGroup(message, after),
        isGoal: message.at === goal,
        quoted: message.reply === undefined ? undefined : messageAt(conversation, message.reply),
      };
      rows.push(this.#same(
        offer
          ? { ...row, kind: "file", offer, file: files.get(offer.id) }
          : attachment
          ? { ...row, kind: "attachment", attachment, file: files.get(attachment.id) }
          : { ...row, kind: "message" },
      ));
    }
    this.#before = new Map(rows.map((row) => [row.key, row]));
    return rows;
  }

  #line(key: string, text: string, isNew = false): Row {
    return this.#same({ key, kind: "line", text, isNew });
  }

  #meaning(message: Message): Meaning {
    const { state, text, change } = message;
    if (state === "unconfirmed" || change === "withdrawn") return A_TEXT;
    let known = this.#meanings.get(message);
    if (!known) this.#meanings.set(message, known = { offer: readOffer(text), attachment: readAttachment(text) });
    return known;
  }

  /** The row of the last time if it is equal. */
  #same(row: Row): Row {
    const before = this.#before.get(row.key);
    return before && isEqual(before, row) ? before : row;
  }
}

/** Without own messages that have failed and were said again, as "Send again" does: the later one tells how that went. */
function withoutRepeated(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(({ state }) => state === "failed")) return messages;
  const later = new Set<string>();
  return messages.toReversed().filter(({ own, state, text, change }) => {
    if (!own || change === "withdrawn") return true;
    if (state === "failed" && later.has(text)) return false;
    later.add(text);
    return true;
  }).reverse();
}

function isEqual(one: Row, other: Row): boolean {
  if (one.kind === "line" || other.kind === "line") {
    return one.kind === "line" && other.kind === "line" && one.text === other.text && one.isNew === other.isNew;
  }
  const file = "file" in one ? one.file : undefined;
  const otherFile = "file" in other ? other.file : undefined;
  return one.message === other.message && one.isGoal === other.isGoal && one.first === other.first &&
    one.last === other.last && one.quoted === other.quoted && file === otherFile;
}

function isGroup(one: Message | undefined, next: Message): boolean {
  return one !== undefined && one.from === next.from && Math.abs(next.time - one.time) < GROUP_MS;
}
