import { type Attachment, readAttachment } from "../protocols/transfer/attachment.ts";
import { type FileOffer, readOffer } from "../protocols/transfer/offer.ts";
import { type Conversation, messageAt } from "./conversation.ts";
import type { Message } from "./message.ts";
import type { FileView } from "./file_view.ts";
import { formatDay, startOfDay } from "./format.ts";
import { chatTexts } from "./texts.ts";

/** A row of the list of messages. */
export type Row = LineRow | SaidRow;

/** The row of a message, whatever its text stands for. */
type SaidRow = MessageRow | FileRow | AttachmentRow;

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

/** Messages from one sender within this time form a group. */
const GROUP_MS = 5 * 60_000;

/** The rows of a conversation; a row that has not changed is the same object as the last time. */
export class Rows {
  /** What does not change of a conversation of thousands is not made anew, and each text is parsed once. */
  readonly #said = new WeakMap<Message, SaidRow>();
  #lines = new Map<string, LineRow>();

  /** `goal`: the place that the user has gone to. */
  of(conversation: Conversation, files: ReadonlyMap<string, FileView>, now: number, goal?: number): Row[] {
    const { messages: all, more } = conversation.window ?? conversation;
    const messages = withoutRepeated(all);
    const { newAfter } = conversation;
    let isNewShown = newAfter === undefined;
    const rows: Row[] = [];
    const lines = new Map<string, LineRow>();
    const addLine = (key: string, text: string, isNew = false) => {
      const before = this.#lines.get(key);
      const line = before?.text === text ? before : { key, kind: "line", text, isNew } as const;
      lines.set(key, line);
      rows.push(line);
    };
    if (messages.length > 0 && !more) addLine("beginning", chatTexts.start);
    let dayStart = 0;
    let dayEnd = 0;
    for (const [i, message] of messages.entries()) {
      const before = messages[i - 1];
      const isOtherDay = !(message.time >= dayStart && message.time < dayEnd);
      if (isOtherDay) {
        dayStart = startOfDay(message.time);
        dayEnd = new Date(dayStart).setHours(24);
        addLine(`day of ${message.key}`, formatDay(message.time, now));
      }
      const isNew = !isNewShown && !message.own && message.at > newAfter!;
      if (isNew) {
        isNewShown = true;
        // The first new one may be in history that is not loaded yet.
        if (before || !more || conversation.completeFrom === undefined) addLine("new", chatTexts.newMessages, true);
      }
      const after = messages[i + 1];
      const first = isOtherDay || isNew || !isGroup(before, message);
      const last = !after || !isGroup(message, after);
      const isGoal = message.at === goal;
      const quoted = message.reply === undefined ? undefined : messageAt(conversation, message.reply);
      let row = this.#said.get(message);
      const known = row ?? saidRow(message);
      const file = known.kind === "message" ? undefined : files.get(idOf(known));
      const isSame = row?.first === first && row.last === last && row.isGoal === isGoal && row.quoted === quoted;
      if (!isSame || ("file" in known && known.file !== file)) {
        const place = { first, last, isGoal, quoted };
        row = known.kind === "message" ? { ...known, ...place } : { ...known, ...place, file };
        this.#said.set(message, row);
      }
      rows.push(row!);
    }
    this.#lines = lines;
    return rows;
  }
}

/** The row of a message that stands alone. */
function saidRow(message: Message): SaidRow {
  const { key, state, text, change } = message;
  const row = { key, message, first: true, last: true, isGoal: false, quoted: undefined };
  const isText = state === "unconfirmed" || change === "withdrawn";
  const offer = isText ? undefined : readOffer(text);
  if (offer) return { ...row, kind: "file", offer, file: undefined };
  const attachment = isText ? undefined : readAttachment(text);
  return attachment ? { ...row, kind: "attachment", attachment, file: undefined } : { ...row, kind: "message" };
}

function idOf(row: FileRow | AttachmentRow): string {
  return row.kind === "file" ? row.offer.id : row.attachment.id;
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

function isGroup(one: Message | undefined, next: Message): boolean {
  return one !== undefined && one.from === next.from && Math.abs(next.time - one.time) < GROUP_MS;
}
