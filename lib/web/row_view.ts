import { sanitized } from "../core/text.ts";
import { safeName } from "../core/file_names.ts";
import { shortNumber } from "../protocols/transfer/file_numbers.ts";
import { type AttachmentActions, fillAttachment } from "./attachment_view.ts";
import { canChange, canReply, type Message } from "./message.ts";
import { byId, make, setText } from "./dom.ts";
import { beginningOf, bytesText, durationText, formatClock, formatFull, hueOf, initialsOf } from "./format.ts";
import { type MessageAct, messageTools, reactionsElement } from "./message_tools.ts";
import { type Names, textElement } from "./rich_view.ts";
import type { AttachmentRow, FileRow, MessageRow, Row } from "./rows.ts";
import { chatTexts } from "./texts.ts";

export type FileAction = "accept" | "refuse" | "stop" | "withdraw";

/** What the user does with a row. */
export interface RowActions {
  readonly file: (action: FileAction, row: FileRow) => void;
  readonly attachment: AttachmentActions;
  readonly message: MessageAct;
  /** Whether messages can reply to others. */
  readonly replies: boolean;
  /** The marks that can be put to messages. */
  readonly reactions: readonly string[];
  readonly names: Names;
  /** The part of an address that leads to a message. */
  readonly link: (at: number) => string;
}

/** The sign of each state. */
const SIGNS: Readonly<Record<NonNullable<Message["state"]>, string>> = {
  sending: "◷",
  sent: "✓",
  delivered: "✓✓",
  failed: "!",
  unconfirmed: "~",
};

/**
 * The element of a row; the one it has, when that can be changed. In a room (`isRoom`) rows stand below each other with the name
 * of their sender; between two people they are bubbles.
 */
export function drawRow(row: Row, element: HTMLElement | undefined, isRoom: boolean, act: RowActions): HTMLElement {
  if (row.kind === "line") {
    return make("li", { class: row.isNew ? "row line new" : "row line" }, make("span", {}, row.text));
  }
  if (row.kind === "message") {
    const isOpen = element?.querySelector(".dots")?.getAttribute("aria-expanded") === "true";
    const drawn = messageElement(row, act, isOpen);
    const shown = element?.querySelector<HTMLElement>(":scope > .beside");
    return shown && keepText(shown, drawn)
      ? framed(row, isRoom, shown, element!, act)
      : framed(row, isRoom, drawn, make("li"), act);
  }
  const card = element?.querySelector<HTMLElement>(".card") ?? make("div", { class: "bubble card" });
  if (row.kind === "file") fillCard(row, card, act.file);
  else fillAttachment(row, card, act.attachment);
  return framed(row, isRoom, card, element ?? make("li"), act);
}

/** Puts all that is drawn anew around an equal text that is shown: what is selected in it stays. False if the text differs. */
function keepText(shown: HTMLElement, drawn: HTMLElement): boolean {
  const [text, same] = [shown, drawn].map((each) => each.querySelector(".bubble > .text"));
  if (!text || !same || !text.isEqualNode(same)) return false;
  for (let [kept, other] = [text, same]; kept !== shown; [kept, other] = [kept.parentElement!, other.parentElement!]) {
    for (const each of [...kept.parentNode!.childNodes]) if (each !== kept) each.remove();
    const all = [...other.parentNode!.childNodes];
    const at = all.indexOf(other);
    kept.before(...all.slice(0, at));
    kept.after(...all.slice(at + 1));
  }
  return true;
}

/** Puts the sender, the time and the state around what a message says. */
function framed(
  row: MessageRow | FileRow | AttachmentRow,
  isRoom: boolean,
  body: HTMLElement,
  item: HTMLElement,
  { link }: RowActions,
): HTMLElement {
  const { message: { at, own, from, time, state }, first, last, isGoal } = row;
  const name = own ? chatTexts.you : sanitized(from);
  const isNamed = isRoom && first;
  const sender = make("span", { class: isNamed ? `from ${hueOf(from)}` : "unseen" }, make("bdi", {}, name));
  if (!isNamed) sender.append(": ");
  const stamp = make("time", { dateTime: new Date(time).toISOString(), title: formatFull(time) }, formatClock(time));
  const hasPlace = Number.isSafeInteger(at) && at > 0;
  const place = hasPlace ? make("a", { class: "stamp", href: link(at), tabIndex: -1 }, stamp) : stamp;
  const end = make("span", { class: "meta" }, place);
  if (state !== undefined) end.append(stateElement(state));
  item.className = [
    isRoom ? "row plain" : "row",
    own && "own",
    first && "first",
    last && "last",
    state === "failed" && "failed",
    isGoal && "goal",
    row.message.mentions && "mentions",
  ].filter(Boolean).join(" ");
  if (!isRoom) {
    const bubble = body.matches(".bubble") ? body : body.querySelector(".bubble")!;
    bubble.querySelector(":scope > .meta")?.remove();
    const text = bubble.querySelector(":scope > .text");
    if (text) text.after(end);
    else bubble.append(end);
    if (body.parentElement !== item) item.replaceChildren(sender, body);
    return item;
  }
  const initials = make("span", { class: `initials ${hueOf(from)}`, "aria-hidden": "true" });
  initials.textContent = first ? initialsOf(sanitized(from)) : "";
  for (const child of [...item.children]) if (child !== body) child.remove();
  item.prepend(initials, sender);
  item.append(...body.parentElement === item ? [] : [body], end);
  return item;
}

function stateElement(state: NonNullable<Message["state"]>): HTMLElement {
  const name = chatTexts.states[state];
  return make(
    "span",
    { class: `state ${state}`, title: `${name}: ${chatTexts.meanings[state]}` },
    make("span", { "aria-hidden": "true" }, SIGNS[state]),
    make("span", { class: "unseen" }, name),
  );
}

/** What a message says, with what can be done about it. */
function messageElement({ message, quoted }: MessageRow, actions: RowActions, isOpen: boolean): HTMLElement {
  const { message: act, replies, names } = actions;
  const { text, why, change, earlier, state, own } = message;
  const bubble = make("div", { class: "bubble" });
  if (message.reply !== undefined && change !== "withdrawn") bubble.append(quoteElement(message, quoted, act));
  if (change === "withdrawn") bubble.append(make("span", { class: "text gone" }, chatTexts.withdrawn));
  else bubble.append(textElement(text, names));
  if (change !== undefined) bubble.append(make("span", { class: "notes" }, versionsButton(message, act)));
  if (earlier) bubble.append(earlierTexts(earlier, names));
  if (why !== undefined) bubble.append(make("p", { class: "why" }, sanitized(why)));
  if (own && state === "failed" && change !== "withdrawn") {
    const again = { type: "button", class: "quiet again", onclick: () => act("again", message) };
    bubble.append(make("button", again, chatTexts.again));
  }
  const can = { change: canChange(message), reply: replies && canReply(message) };
  if (message.reactions && message.reactions.length > 0) bubble.append(reactionsElement(message, names.user, act));
  const tools = can.change || can.reply ? messageTools(message, actions, can, isOpen) : [];
  return make("div", { class: "beside" }, bubble, ...tools);
}

/** The first line of the message to which another replies; pressing it goes there. */
function quoteElement(message: Message, quoted: Message | undefined, act: MessageAct): HTMLElement {
  const button = make("button", { type: "button", class: "quoted", onclick: () => act("quoted", message) });
  if (!quoted) button.append(chatTexts.replyToEarlier);
  else {
    const line = quoted.change === "withdrawn" ? chatTexts.withdrawn : beginningOf(quoted.text);
    const name = make("bdi", { class: hueOf(quoted.from) }, quoted.own ? chatTexts.you : sanitized(quoted.from));
    button.append(name, make("span", { class: "unseen" }, ": "), make("span", { dir: "auto" }, line));
  }
  return button;
}

function versionsButton(message: Message, act: MessageAct): HTMLElement {
  const { change, earlier } = message;
  return make("button", {
    type: "button",
    class: "quiet versions",
    "aria-expanded": String(earlier !== undefined),
    "aria-label": change === "edited" ? chatTexts.editedEarlier : chatTexts.earlierText,
    onclick: () => act("versions", message),
  }, change === "edited" ? chatTexts.edited : chatTexts.earlierText);
}

function earlierTexts(texts: NonNullable<Message["earlier"]>, names: Names): HTMLElement {
  const items = texts.map(({ text, time }) =>
    make(
      "li",
      {},
      textElement(text, names),
      make("span", { class: "meta" }, formatClock(time)),
    )
  );
  return make("ul", { class: "earlier", "aria-label": chatTexts.earlierTexts }, ...items);
}

/** Draws a file offer anew when its parts change; else only its texts. */
function fillCard(row: FileRow, card: HTMLElement, act: RowActions["file"]): void {
  const { message, offer, file } = row;
  const shape = `${file?.state} ${file?.url} ${message.why}`;
  if (card.dataset.shape !== shape) {
    const hadFocus = card.contains(document.activeElement);
    card.dataset.shape = shape;
    const name = sanitized(offer.name);
    const how = message.own ? chatTexts.offeredByYou : chatTexts.offers(sanitized(message.from));
    card.replaceChildren(
      make("span", { class: "how" }, chatTexts.numbered(how, shortNumber(offer.id))),
      make("bdi", { class: "name" }, name),
      make("span", { class: "how status" }),
    );
    if (file?.state === "reading" || file?.state === "moving") {
      card.append(make("progress", { max: Math.max(1, offer.bytes), "aria-label": name }));
    }
    const actions = actionsOf(row, act);
    if (actions.length > 0) card.append(make("div", { class: "acts" }, ...actions));
    if (message.why !== undefined) card.append(make("p", { class: "why" }, sanitized(message.why)));
    // The button that had the focus may be gone.
    if (hadFocus) (card.querySelector("button") ?? byId("scroller")).focus();
  }
  const status = card.querySelector(".status");
  if (status) setText(status, stateText(row));
  const progress = card.querySelector("progress");
  if (progress && file) progress.value = file.bytes === 0 ? 1 : file.done;
}

function stateText({ offer, file, message }: FileRow): string {
  const size = bytesText(offer.bytes);
  if (offer.files !== undefined) {
    const hint = message.own ? "" : chatTexts.noFolders;
    return file
      ? chatTexts.sized(chatTexts.folder(offer.files, size, ""), sanitized(file.text))
      : chatTexts.folder(offer.files, size, hint);
  }
  if (!file) return message.own ? chatTexts.sized(size, chatTexts.notFromHere) : size;
  const text = sanitized(file.text);
  if (file.state !== "reading" && file.state !== "moving") return chatTexts.sized(size, text);
  const progress = chatTexts.moving(text, bytesText(file.done), size);
  if (file.rate < 1) return progress;
  const left = durationText((file.bytes - file.done) / file.rate * 1000);
  return chatTexts.rate(progress, bytesText(Math.round(file.rate)), left);
}

function actionsOf(row: FileRow, act: RowActions["file"]): HTMLElement[] {
  const { message, offer, file } = row;
  const button = (text: string, action: FileAction, style = "quiet") =>
    make("button", {
      type: "button",
      class: style,
      "aria-label": chatTexts.actOn(text, sanitized(offer.name)),
      onclick: () => act(action, row),
    }, text);
  if (message.own) return file && file.state !== "ended" ? [button(chatTexts.withdraw, "withdraw")] : [];
  if (!file || file.state === "failed") {
    const refuse = button(chatTexts.refuse, "refuse");
    return offer.files === undefined ? [button(chatTexts.accept, "accept", ""), refuse] : [refuse];
  }
  if (file.state === "waiting" || file.state === "moving") return [button(chatTexts.stop, "stop")];
  return file.url === undefined
    ? []
    : [make("a", { href: file.url, download: safeName(offer.name) }, chatTexts.saveAgain)];
}
