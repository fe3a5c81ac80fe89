import { readOffer } from "./file_offer.js";
import { dayShown } from "./text.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./conversation.js").Message} Message */
/** @typedef {import("./file_view.js").FileView} FileView */
/** @typedef {import("./file_offer.js").Offer} Offer */
/**
 * What stands in the list of a conversation.
 * @typedef {{ key: string, kind: "line", text: string, isNew: boolean }
 *   | { key: string, kind: "message", message: Message, first: boolean, last: boolean }
 *   | { key: string, kind: "file", message: Message, first: boolean, last: boolean, offer: Offer, file: FileView | undefined }} Row
 */

/** What is said by one within this time stands together. */
const TOGETHER_MS = 5 * 60_000;

/** Rows of a conversation; those that have not changed are the same objects as the last time. */
export class Rows {
  /** @type {Map<string, Row>} */
  #before = new Map();
  /** What each text offers is looked for once. @type {WeakMap<Message, { offer: Offer | undefined }>} */
  #offers = new WeakMap();

  /**
   * @param {Conversation} conversation
   * @param {ReadonlyMap<string, FileView>} files
   * @param {number} now
   * @returns {Row[]}
   */
  of({ messages, newFrom, more }, files, now) {
    /** @type {Row[]} */
    const rows = [];
    if (messages.length > 0 && !more) {
      rows.push(this.#same({ key: "beginning", kind: "line", text: "The beginning", isNew: false }));
    }
    let [from, to] = [0, 0];
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i];
      const isOther = !(message.time >= from && message.time < to);
      if (isOther) {
        from = new Date(message.time).setHours(0, 0, 0, 0);
        to = new Date(from).setHours(24);
        const text = dayShown(message.time, now);
        rows.push(this.#same({ key: `day of ${message.key}`, kind: "line", text, isNew: false }));
      }
      const isNew = newFrom !== undefined && message.at >= newFrom && (i === 0 || messages[i - 1].at < newFrom);
      if (isNew) rows.push(this.#same({ key: "new", kind: "line", text: "New", isNew: true }));
      const first = isOther || isNew || !together(messages[i - 1], message);
      const last = !messages[i + 1] || !together(message, messages[i + 1]);
      const { key } = message;
      const offer = this.#offer(message);
      rows.push(this.#same(
        offer
          ? { key, kind: "file", message, first, last, offer, file: files.get(offer.id) }
          : { key, kind: "message", message, first, last },
      ));
    }
    this.#before = new Map(rows.map((row) => [row.key, row]));
    return rows;
  }

  /** @param {Message} message */
  #offer(message) {
    let known = this.#offers.get(message);
    if (!known) this.#offers.set(message, known = { offer: readOffer(message.text) });
    return known.offer;
  }

  /** @param {Row} row @returns {Row} */
  #same(row) {
    const before = /** @type {any} */ (this.#before.get(row.key));
    if (!before) return row;
    const after = /** @type {any} */ (row);
    for (const field in after) if (field !== "offer" && before[field] !== after[field]) return row;
    return before;
  }
}

/** @param {Message | undefined} one @param {Message} other */
function together(one, other) {
  return one !== undefined && one.from === other.from && Math.abs(other.time - one.time) < TOGETHER_MS;
}
