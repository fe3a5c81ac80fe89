import { type Block, type Inline, type IsName, richText } from "../core/rich_text.ts";
import { sanitizedLines } from "../core/text.ts";
import { make } from "./dom.ts";
import { chatTexts, sharedTexts } from "./texts.ts";

/** Milliseconds for which a button says that its code was copied. */
const COPIED_MS = 2000;

/** Whose names are mentions, and which of them is the user's own. */
export interface Names {
  readonly isName: IsName;
  readonly user: string;
}

/** A text of a message as an element: every part of it is the text of an element, so nothing in it can be markup. */
export function textElement(text: string, { isName, user }: Names): HTMLElement {
  const blocks = richText(sanitizedLines(text), isName);
  return make("div", { class: "text", dir: "auto" }, ...blocks.map((block) => blockElement(block, user)));
}

function blockElement(block: Block, user: string): HTMLElement {
  const inline = (part: Inline) => inlineElement(part, user);
  switch (block.type) {
    case "paragraph":
      return make("span", {}, ...block.content.map(inline));
    case "code":
      return codeElement(block.text);
    case "quote":
      return make("blockquote", {}, ...block.content.map((each) => blockElement(each, user)));
    case "list": {
      const items = block.items.map((item) => make("li", {}, ...item.map(inline)));
      return block.first === undefined ? make("ul", {}, ...items) : make("ol", { start: block.first }, ...items);
    }
  }
}

function inlineElement(part: Inline, user: string): Node | string {
  switch (part.type) {
    case "text":
      return part.text;
    case "code":
      return make("code", {}, part.text);
    case "link":
      return make("a", { href: part.text, target: "_blank", rel: "noopener noreferrer" }, part.text);
    case "mention":
      return make("span", { class: part.name === user ? "mention me" : "mention" }, `@${part.name}`);
    case "bold":
      return make("strong", {}, ...part.content.map((each) => inlineElement(each, user)));
    case "italic":
      return make("em", {}, ...part.content.map((each) => inlineElement(each, user)));
  }
}

/** Code as it was pasted, and a button that copies it. The block can be scrolled by the keyboard. */
function codeElement(code: string): HTMLElement {
  const block = make(
    "pre",
    { dir: "ltr", tabIndex: 0, role: "region", "aria-label": chatTexts.code },
    make("code", {}, code),
  );
  const copy = make(
    "button",
    { type: "button", class: "quiet copy", "aria-label": chatTexts.copyCode },
    sharedTexts.copy,
  );
  copy.addEventListener("click", async () => {
    copy.textContent = await copied(code, block) ? chatTexts.copied : chatTexts.selectIt;
    setTimeout(() => copy.textContent = sharedTexts.copy, COPIED_MS);
  });
  return make("div", { class: "code" }, block, copy);
}

/** Copies a text. Pages without TLS have no clipboard, but for what is selected. */
async function copied(text: string, element: HTMLElement): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch { /* not allowed: as below */ }
  const selection = getSelection();
  selection?.selectAllChildren(element);
  const done = document.execCommand("copy");
  if (done) selection?.removeAllRanges();
  return done;
}
