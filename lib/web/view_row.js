import { make, write } from "./dom.js";
import { safeName } from "./file_offer.js";
import { bytesShown, cleaned, clockShown, timeShown } from "./text.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./file_offer.js").Offer} Offer */
/** @typedef {(act: "accept" | "refuse" | "withdraw", offer: Offer, from: string) => void} FileAct */

const ADDRESS = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?'()[\]]/g;

/**
 * The element of a row; the one it has, when that can be changed.
 * @param {Row} row
 * @param {HTMLElement | undefined} element
 * @param {boolean} isRoom whether it is to be said who speaks
 * @param {FileAct} act what is done about a file
 */
export function drawRow(row, element, isRoom, act) {
  if (row.kind === "line") {
    return make("li", { class: row.isNew ? "row line new" : "row line" }, make("span", {}, row.text));
  }
  if (row.kind === "message") return messageOf(row, isRoom);
  const card = element ?? make("li", { class: "" }, make("div", { class: "bubble card" }));
  card.className = classOf(row);
  fillCard(row, /** @type {HTMLElement} */ (card.lastElementChild), act);
  return card;
}

/** @param {Extract<Row, { kind: "message" }>} row @param {boolean} isRoom */
function messageOf(row, isRoom) {
  const { from, own, text, time, state, why } = row.message;
  const bubble = make("div", { class: "bubble" });
  const names = !own && isRoom && row.first;
  const who = make("span", { class: names ? "from" : "unseen" }, make("bdi", {}, own ? "You" : cleaned(from)));
  if (!names) who.append(": ");
  bubble.append(make("span", { class: "text", dir: "auto" }, ...linked(cleaned(text))));
  bubble.append(make("span", { class: "meta" }, metaOf(time, state)));
  if (why !== undefined) bubble.append(make("p", { class: "why" }, cleaned(why)));
  return make("li", { class: classOf(row) }, who, bubble);
}

/** @param {number} time @param {string | undefined} state */
function metaOf(time, state) {
  return state === undefined ? clockShown(time) : `${clockShown(time)} · ${state}`;
}

/** @param {Extract<Row, { kind: "message" | "file" }>} row */
function classOf({ message: { own, state }, first, last }) {
  return ["row", own && "own", first && "first", last && "last", state === "failed" && "failed"].filter(Boolean).join(
    " ",
  );
}

/** The text, with addresses of the web as links. @param {string} text */
function linked(text) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let at = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    parts.push(text.slice(at, index));
    parts.push(make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
    at = index + address.length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** @param {Extract<Row, { kind: "file" }>} row @param {HTMLElement} card @param {FileAct} act */
function fillCard(row, card, act) {
  const { message, offer, file } = row;
  const shape = `${file?.state} ${message.state} ${file?.url}`;
  if (card.dataset.shape !== shape) {
    const hadFocus = card.contains(document.activeElement);
    card.dataset.shape = shape;
    const name = make("bdi", { class: "name" }, cleaned(offer.name));
    const who = message.own ? "You offer" : `${cleaned(message.from)} offers`;
    const meta = make("span", { class: "meta" }, metaOf(message.time, message.state));
    card.replaceChildren(make("span", { class: "how" }, who), name, make("span", { class: "how state" }));
    if (isMoving(row)) {
      card.append(make("progress", { max: Math.max(1, offer.bytes), "aria-label": cleaned(offer.name) }));
    }
    const acts = actsOf(row, act);
    if (acts.length > 0) card.append(make("div", { class: "acts" }, ...acts));
    card.append(meta);
    if (message.why !== undefined) card.append(make("p", { class: "why" }, cleaned(message.why)));
    // Who has pressed a button that is gone is not to begin at the top again.
    if (hadFocus) (card.querySelector("button") ?? card.closest("[tabindex]"))?.focus();
  }
  const state = card.querySelector(".state");
  if (state) write(state, stateOf(row));
  const progress = card.querySelector("progress");
  if (progress && file) progress.value = file.bytes === 0 ? 1 : file.done;
}

/** @param {Extract<Row, { kind: "file" }>} row */
function isMoving({ file }) {
  return file?.state === "reading" || file?.state === "moving";
}

/** @param {Extract<Row, { kind: "file" }>} row */
function stateOf({ offer, file, message }) {
  const size = bytesShown(offer.bytes);
  if (offer.files !== undefined) {
    const files = offer.files === 1 ? "1 file" : `${offer.files} files`;
    const rest = message.own ? "" : "; a page takes single files, the Partyline client takes folders";
    return `folder, ${files}, ${size}${file ? `; ${cleaned(file.text)}` : rest}`;
  }
  if (!file) return message.own ? `${size}; not from this page, or from before it was loaded` : size;
  if (file.state !== "reading" && file.state !== "moving") return `${size}; ${cleaned(file.text)}`;
  const left = file.rate < 1 ? "" : `, ${timeShown((file.bytes - file.done) / file.rate * 1000)} left`;
  const rate = file.rate < 1 ? "" : `, ${bytesShown(Math.round(file.rate))}/s`;
  return `${cleaned(file.text)}: ${bytesShown(file.done)} of ${size}${rate}${left}`;
}

/** @param {Extract<Row, { kind: "file" }>} row @param {FileAct} act */
function actsOf({ message, offer, file }, act) {
  /** @param {string} text @param {Parameters<FileAct>[0]} what @param {string} kind */
  const button = (text, what, kind) =>
    make("button", {
      type: "button",
      class: kind,
      "aria-label": `${text} ${cleaned(offer.name)}`,
      onclick: () => act(what, offer, message.from),
    }, text);
  if (message.own) return file && file.state !== "ended" ? [button("Withdraw", "withdraw", "quiet")] : [];
  if (!file && offer.files !== undefined) return [button("Refuse", "refuse", "quiet")];
  if (!file) return [button("Accept", "accept", ""), button("Refuse", "refuse", "quiet")];
  if (file.state === "waiting" || file.state === "moving") return [button("Stop", "refuse", "quiet")];
  return file.url === undefined ? [] : [make("a", { href: file.url, download: safeName(offer.name) }, "Save again")];
}
