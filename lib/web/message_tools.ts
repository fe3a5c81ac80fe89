import { reactionText } from "../chat/reactions.ts";
import { sanitized } from "../core/text.ts";
import { hasReacted, type Message } from "./message.ts";
import { make } from "./dom.ts";
import { chatTexts } from "./texts.ts";
import { HEIGHT_CHANGED } from "./virtual_list.ts";

export type MessageAction =
  | "edit"
  | "withdraw"
  | "versions"
  | "again"
  | "reply"
  | "quoted"
  /** A reaction as `reactionText` writes it. */
  | { readonly react: string };

/** What the user does about a message. */
export type MessageAct = (action: MessageAction, message: Message) => void;

/** Names in the tooltip of a mark. */
const NAMED = 20;

/**
 * What can be done about a message; the keyboard does it by the arrows in the field. `isOpen`: whether it is shown already, as
 * where a message is drawn again since it was delivered.
 */
export function messageTools(
  message: Message,
  { message: act, reactions }: { readonly message: MessageAct; readonly reactions: readonly string[] },
  can: { readonly change: boolean; readonly reply: boolean },
  isOpen: boolean,
): HTMLElement[] {
  const tools = make("span", { class: "tools", hidden: !isOpen });
  const dots = make("button", {
    type: "button",
    class: "quiet dots",
    tabIndex: -1,
    "aria-label": can.change ? chatTexts.changeMessage : chatTexts.replyToMessage,
    "aria-expanded": String(isOpen),
    onclick: () => show(tools.hidden === true),
  }, "⋯");
  const show = (isShown: boolean) => {
    tools.hidden = !isShown;
    dots.setAttribute("aria-expanded", String(isShown));
    tools.dispatchEvent(new Event(HEIGHT_CHANGED, { bubbles: true }));
  };
  const choose = (action: MessageAction) => {
    show(false);
    act(action, message);
  };
  const does = (action: MessageAction) => ({ type: "button", class: "quiet", onclick: () => choose(action) });
  if (can.reply && reactions.length > 0) {
    tools.append(make("span", { class: "marks" }, ...markButtons(reactions, choose)));
  }
  if (can.reply) tools.append(make("button", does("reply"), chatTexts.reply));
  if (can.change) {
    tools.append(make("button", does("edit"), chatTexts.edit), make("button", does("withdraw"), chatTexts.withdraw));
  }
  return [dots, tools];
}

/** A button for each mark that can be put to a message. */
export function markButtons(marks: readonly string[], put: (action: MessageAction) => void): HTMLElement[] {
  return marks.map((mark) =>
    make("button", {
      type: "button",
      class: "quiet",
      "aria-label": chatTexts.react(nameOf(mark)),
      onclick: () => put({ react: reactionText(mark, false) }),
    }, mark)
  );
}

/** What a mark is called, for screen readers. */
function nameOf(mark: string): string {
  return chatTexts.marks[mark] ?? mark;
}

/** The marks below a message, each with its number; pressing one adds the user's own, or takes it back. */
export function reactionsElement(message: Message, user: string, act: MessageAct): HTMLElement {
  const buttons = (message.reactions ?? []).map(({ mark, by }) => {
    const isOwn = hasReacted(message, mark, user);
    const names = by.slice(0, NAMED).map((name) => name === user ? chatTexts.you : sanitized(name)).join(", ");
    return make("button", {
      type: "button",
      class: isOwn ? "reaction own" : "reaction",
      title: by.length > NAMED ? chatTexts.namesMore(names, by.length - NAMED) : names,
      "aria-label": chatTexts.marked(nameOf(mark), by.length),
      "aria-pressed": String(isOwn),
      onclick: () => act({ react: reactionText(mark, isOwn) }, message),
    }, make("span", { "aria-hidden": "true" }, `${mark} ${by.length}`));
  });
  return make("span", { class: "reactions" }, ...buttons);
}
