import { formatBytes, formatDuration, sanitized } from "../core/text.ts";
import { safeName } from "../core/file_names.ts";
import { canChange, type Message } from "./conversation.ts";
import { byId, make, setText } from "./dom.ts";
import { counted, formatClock } from "./format.ts";
import type { FileRow, MessageRow, Row } from "./rows.ts";

export type FileAction = "accept" | "refuse" | "stop" | "withdraw";
export type MessageAction = "edit" | "withdraw" | "versions";

/** What the user does with a row. */
export interface RowActions {
  readonly file: (action: FileAction, row: FileRow) => void;
  readonly message: (action: MessageAction, message: Message) => void;
}

const LINK = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?'()[\]]/g;

/** The element of a row; the one it has, when that can be changed. `isRoom`: senders are named. */
export function drawRow(row: Row, element: HTMLElement | undefined, isRoom: boolean, act: RowActions): HTMLElement {
  if (row.kind === "line") {
    return make("li", { class: row.isNew ? "row line new" : "row line" }, make("span", {}, row.text));
  }
  if (row.kind === "message") return messageElement(row, isRoom, act.message);
  const item = element ?? make("li", { class: "" }, make("div", { class: "bubble card" }));
  item.className = classOf(row);
  fillCard(row, item.lastElementChild as HTMLElement, act.file);
  return item;
}

function messageElement(row: MessageRow, isRoom: boolean, act: RowActions["message"]): HTMLElement {
  const { message } = row;
  const { from, own, text, why, change, earlier } = message;
  const isNamed = !own && isRoom && row.first;
  const sender = make("span", { class: isNamed ? "from" : "unseen" }, make("bdi", {}, own ? "You" : sanitized(from)));
  if (!isNamed) sender.append(": ");
  const bubble = make("div", { class: "bubble" });
  if (change === "withdrawn") bubble.append(make("span", { class: "text gone" }, "withdrawn"));
  else bubble.append(make("span", { class: "text", dir: "auto" }, ...withLinks(sanitized(text))));
  const meta = metaOf(row);
  if (change !== undefined) meta.append(" · ", versionsButton(message, act));
  bubble.append(meta);
  if (earlier) bubble.append(earlierTexts(earlier));
  if (why !== undefined) bubble.append(make("p", { class: "why" }, sanitized(why)));
  if (!canChange(message)) return make("li", { class: classOf(row) }, sender, bubble);
  return make(
    "li",
    { class: classOf(row) },
    sender,
    make("div", { class: "beside" }, ...changeButtons(message, act), bubble),
  );
}

/** What an own message can be changed by; the keyboard edits by the arrow in the field. */
function changeButtons(message: Message, act: RowActions["message"]): HTMLElement[] {
  const button = (text: string, action: MessageAction) =>
    make("button", { type: "button", class: "quiet", onclick: () => act(action, message) }, text);
  const tools = make("span", { class: "tools", hidden: true }, button("Edit", "edit"), button("Withdraw", "withdraw"));
  const dots = make("button", {
    type: "button",
    class: "quiet dots",
    tabIndex: -1,
    "aria-label": "Change this message",
    "aria-expanded": "false",
    onclick: () => dots.setAttribute("aria-expanded", String(!(tools.hidden = !tools.hidden))),
  }, "⋯");
  return [tools, dots];
}

function versionsButton(message: Message, act: RowActions["message"]): HTMLElement {
  const { change, earlier } = message;
  return make("button", {
    type: "button",
    class: "quiet versions",
    "aria-expanded": String(earlier !== undefined),
    "aria-label": change === "edited" ? "edited, earlier texts" : "earlier text",
    onclick: () => act("versions", message),
  }, change === "edited" ? "edited" : "earlier text");
}

function earlierTexts(texts: NonNullable<Message["earlier"]>): HTMLElement {
  const items = texts.map(({ text, time }) =>
    make(
      "li",
      {},
      make("span", { class: "text", dir: "auto" }, sanitized(text)),
      make("span", { class: "meta" }, formatClock(time)),
    )
  );
  return make("ul", { class: "earlier", "aria-label": "Earlier texts" }, ...items);
}

/** The time and the state. */
function metaOf({ message: { time, state } }: MessageRow | FileRow): HTMLElement {
  return make("span", { class: "meta" }, state === undefined ? formatClock(time) : `${formatClock(time)} · ${state}`);
}

function classOf({ message: { own, state }, first, last, isGoal }: MessageRow | FileRow): string {
  const classes = [
    "row",
    own && "own",
    first && "first",
    last && "last",
    state === "failed" && "failed",
    isGoal && "goal",
  ];
  return classes.filter(Boolean).join(" ");
}

function withLinks(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const { 0: address, index } of text.matchAll(LINK)) {
    parts.push(text.slice(at, index));
    parts.push(make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address));
    at = index + address.length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** Draws a file offer anew when its parts change; else only its texts. */
function fillCard(row: FileRow, card: HTMLElement, act: RowActions["file"]): void {
  const { message, offer, file } = row;
  const shape = `${file?.state} ${message.state} ${file?.url}`;
  if (card.dataset.shape !== shape) {
    const hadFocus = card.contains(document.activeElement);
    card.dataset.shape = shape;
    const name = sanitized(offer.name);
    card.replaceChildren(
      make("span", { class: "how" }, message.own ? "You offer" : `${sanitized(message.from)} offers`),
      make("bdi", { class: "name" }, name),
      make("span", { class: "how state" }),
    );
    if (file?.state === "reading" || file?.state === "moving") {
      card.append(make("progress", { max: Math.max(1, offer.bytes), "aria-label": name }));
    }
    const actions = actionsOf(row, act);
    if (actions.length > 0) card.append(make("div", { class: "acts" }, ...actions));
    card.append(metaOf(row));
    if (message.why !== undefined) card.append(make("p", { class: "why" }, sanitized(message.why)));
    // The button that had the focus may be gone.
    if (hadFocus) (card.querySelector("button") ?? byId("scroller")).focus();
  }
  const state = card.querySelector(".state");
  if (state) setText(state, stateText(row));
  const progress = card.querySelector("progress");
  if (progress && file) progress.value = file.bytes === 0 ? 1 : file.done;
}

function stateText({ offer, file, message }: FileRow): string {
  const size = formatBytes(offer.bytes);
  if (offer.files !== undefined) {
    const hint = message.own ? "" : "; this page accepts single files, the Partyline client accepts folders";
    return `folder, ${counted(offer.files, "file")}, ${size}${file ? `; ${sanitized(file.text)}` : hint}`;
  }
  if (!file) return message.own ? `${size}; not offered by this page, or before it was loaded` : size;
  const text = sanitized(file.text);
  if (file.state !== "reading" && file.state !== "moving") return `${size}; ${text}`;
  const progress = `${text}: ${formatBytes(file.done)} of ${size}`;
  if (file.rate < 1) return progress;
  const left = formatDuration((file.bytes - file.done) / file.rate * 1000);
  return `${progress}, ${formatBytes(Math.round(file.rate))}/s, ${left} left`;
}

function actionsOf(row: FileRow, act: RowActions["file"]): HTMLElement[] {
  const { message, offer, file } = row;
  const button = (text: string, action: FileAction, style = "quiet") =>
    make("button", {
      type: "button",
      class: style,
      "aria-label": `${text} ${sanitized(offer.name)}`,
      onclick: () => act(action, row),
    }, text);
  if (message.own) return file && file.state !== "ended" ? [button("Withdraw", "withdraw")] : [];
  if (!file || file.state === "failed") {
    const refuse = button("Refuse", "refuse");
    return offer.files === undefined ? [button("Accept", "accept", ""), refuse] : [refuse];
  }
  if (file.state === "waiting" || file.state === "moving") return [button("Stop", "stop")];
  return file.url === undefined ? [] : [make("a", { href: file.url, download: safeName(offer.name) }, "Save again")];
}
