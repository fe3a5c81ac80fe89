import { isShown } from "../core/image_header.ts";
import { safeName } from "../core/file_names.ts";
import { sanitized } from "../core/text.ts";
import type { Attachment } from "../protocols/transfer/attachment.ts";
import { shortNumber } from "../protocols/transfer/file_numbers.ts";
import { byId, make, setText } from "./dom.ts";
import { bytesText, durationText } from "./format.ts";
import type { AttachmentRow } from "./rows.ts";
import { chatTexts } from "./texts.ts";

export type AttachmentAction = "fetch" | "stop" | "remove";

/** What the user does with a file at the server, and the address of an image in it. */
export interface AttachmentActions {
  readonly act: (action: AttachmentAction, row: AttachmentRow) => void;
  /** Where the page has the image; rejects if there is none. */
  readonly image: (attachment: Attachment) => Promise<string>;
}

/** An image with more bytes is a file like any other: each that is seen is fetched. */
const SHOWN_BYTES = 10_000_000;
/** The largest size of an image in a conversation, in pixels. */
const IMAGE_WIDTH = 320;
const IMAGE_HEIGHT = 288;

/** What each card shows now. */
const rows = new WeakMap<HTMLElement, AttachmentRow>();

/**
 * Draws the card of a file at the server anew when its parts change; else only its texts. Its message being sent or delivered is
 * no such change: a button that is being pressed stays.
 */
export function fillAttachment(row: AttachmentRow, card: HTMLElement, actions: AttachmentActions): void {
  const { message, attachment, file } = row;
  rows.set(card, row);
  const shape = `${attachment.id} ${file?.state} ${file?.url} ${message.why}`;
  const name = sanitized(attachment.name);
  if (card.dataset.shape !== shape) {
    const hadFocus = card.contains(document.activeElement);
    card.dataset.shape = shape;
    const image = card.querySelector(".image") ?? imageElement(attachment, name, actions);
    const how = message.own ? chatTexts.leftByYou : chatTexts.left;
    card.replaceChildren(
      make("span", { class: "how" }, chatTexts.numbered(how, shortNumber(attachment.id))),
      ...image ? [image] : [],
      make("bdi", { class: "name" }, name),
      make("span", { class: "how status" }),
    );
    if (file?.state === "moving") {
      card.append(make("progress", { max: Math.max(1, attachment.bytes), "aria-label": name }));
    }
    card.append(
      make("div", { class: "acts" }, ...actionsOf(row, name, (action) => actions.act(action, rows.get(card)!))),
    );
    if (message.why !== undefined) card.append(make("p", { class: "why" }, sanitized(message.why)));
    // The button that had the focus may be gone.
    if (hadFocus) (card.querySelector<HTMLElement>("button, a") ?? byId("scroller")).focus();
  }
  setText(card.querySelector(".status")!, stateText(row));
  const remove = card.querySelector<HTMLElement>(".remove");
  if (remove) remove.hidden = message.state !== "sent" && message.state !== "delivered";
  const progress = card.querySelector("progress");
  if (progress && file) progress.value = file.done;
}

/** The place of an image, as large as it will be, so that nothing moves when it has come. */
function imageElement(attachment: Attachment, name: string, { image }: AttachmentActions): HTMLElement | undefined {
  const { image: header, bytes } = attachment;
  if (!header || !isShown(header) || bytes > SHOWN_BYTES) return undefined;
  const scale = Math.min(1, IMAGE_WIDTH / header.width, IMAGE_HEIGHT / header.height);
  const [width, height] = [header.width, header.height].map((size) => Math.max(1, Math.round(size * scale)));
  const picture = make("img", { class: "image", alt: chatTexts.image(name), width, height, decoding: "async" });
  image(attachment).then((url) => picture.src = url, () => {
    picture.replaceWith(make("span", { class: "how image" }, chatTexts.noImage));
  });
  return picture;
}

function stateText({ attachment, file }: AttachmentRow): string {
  const size = bytesText(attachment.bytes);
  if (!file) return size;
  const text = sanitized(file.text);
  if (file.state !== "moving") return chatTexts.sized(size, text);
  const progress = chatTexts.moving(text, bytesText(file.done), size);
  if (file.rate < 1) return progress;
  const left = durationText((attachment.bytes - file.done) / file.rate * 1000);
  return chatTexts.rate(progress, bytesText(Math.round(file.rate)), left);
}

function actionsOf(
  { message, attachment, file }: AttachmentRow,
  name: string,
  act: (action: AttachmentAction) => void,
): HTMLElement[] {
  const button = (text: string, action: AttachmentAction, style = "quiet") =>
    make("button", {
      type: "button",
      class: style,
      "aria-label": chatTexts.actOn(text, name),
      onclick: () => act(action),
    }, text);
  if (file?.state === "moving") return [button(chatTexts.stop, "stop")];
  return [
    file?.url === undefined
      ? button(chatTexts.download, "fetch", "")
      : make("a", { href: file.url, download: safeName(attachment.name) }, chatTexts.saveAgain),
    ...message.own ? [button(chatTexts.remove, "remove", "quiet remove")] : [],
  ];
}
