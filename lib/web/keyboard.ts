import { byId, make } from "./dom.ts";
import type { Page } from "./page.ts";
import { isPhone, type Panes } from "./panes.ts";
import type { SideView } from "./side_view.ts";
import { chatTexts } from "./texts.ts";

interface KeyboardParts {
  readonly list: SideView;
  readonly search: { focus: () => void };
  readonly panes: Panes;
  /** The field for messages. */
  readonly field: { focus: () => void };
}

/** The keys that act everywhere on the page, and the list of them. */
export function listenForKeys(page: Page, { list, search, panes, field }: KeyboardParts): void {
  const commands = Object.values(chatTexts.commands).map(({ usage, short }) => [usage, short] as const);
  byId("key-list").replaceChildren(
    ...[...Object.entries(chatTexts.keys), ...commands].flatMap((
      [term, meaning],
    ) => [make("dt", {}, term), make("dd", {}, meaning)]),
  );
  // The field shows that it has the focus to those who move it by the keyboard.
  addEventListener("keydown", ({ key }) => {
    if (key === "Tab" || key === "Escape") document.documentElement.dataset.keyboard = "";
  });
  addEventListener("pointerdown", () => delete document.documentElement.dataset.keyboard);
  addEventListener("keydown", (event) => {
    if (page.state.user === "" || document.querySelector("dialog[open]")) return;
    const { key, altKey, ctrlKey, metaKey } = event;
    const isTyping = document.activeElement?.matches("input, textarea, select") ?? false;
    if ((ctrlKey || metaKey) && key.toLowerCase() === "k") {
      if (isPhone()) panes.back();
      list.focus();
    } else if (altKey && (key === "ArrowUp" || key === "ArrowDown")) list.step(key === "ArrowUp" ? -1 : 1);
    else if (key === "?" && !isTyping) byId<HTMLDialogElement>("keys").showModal();
    else if (key === "Escape" && document.activeElement === byId("text") && page.open?.newAfter !== undefined) {
      page.dispatch({ type: "seen" });
    } else {
      // What is typed goes into a field, wherever the focus is; a blank presses a button, or scrolls.
      if (!isTyping && key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey) {
        const isIn = (id: string) => byId(id).contains(document.activeElement);
        (isIn("side") ? list : isIn("finder") ? search : field).focus();
      }
      return;
    }
    event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || page.state.user === "" || panes.close()) return;
    if (document.activeElement === byId("text")) panes.back();
    else field.focus();
  });
}
