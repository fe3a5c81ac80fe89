import { byId } from "./dom.ts";
import type { Page } from "./page.ts";
import { readLink } from "./permalinks.ts";

/** What lies beside the conversation, or over it in a narrow window. */
type Pane = "members" | "finder";

const PANES: readonly Pane[] = ["members", "finder"];
/** The button that shows a pane. */
const BUTTONS = { members: "people", finder: "find" } as const;

interface PaneParts {
  /** The list of rooms and people. */
  readonly list: { focus: () => void };
  readonly search: { focus: () => void };
  readonly draw: () => void;
}

/** Which parts of the page are seen: the list, the conversation, the members, the search. */
export class Panes {
  readonly #page: Page;
  readonly #parts: PaneParts;

  constructor(page: Page, parts: PaneParts) {
    this.#page = page;
    this.#parts = parts;
    addEventListener("popstate", () => {
      if (!isPhone() || history.state?.pane === "main" || page.state.open === undefined) return;
      if (!readLink(location.hash)) this.#closeConversation();
    });
    // What lies over the conversation closes by a tap beside it.
    addEventListener("pointerdown", ({ target }) => {
      if (!this.areDrawers || !(target instanceof Element)) return;
      if (target.closest("#members, #finder, #people, #find, #compose")) return;
      for (const pane of PANES) if (!byId(pane).hidden) this.show(pane, false);
    });
    byId("back").addEventListener("click", () => this.back());
    for (const pane of PANES) {
      byId(BUTTONS[pane]).addEventListener("click", () => this.show(pane, byId(pane).hidden === true));
    }
    byId("members-close").addEventListener("click", () => this.leave("members"));
  }

  /** Whether the panes beside the conversation lie over it. */
  get areDrawers(): boolean {
    return matchMedia("(max-width: 64rem)").matches;
  }

  /** Shows or hides a pane beside the conversation; there is place for one. */
  show(pane: Pane, isShown: boolean): void {
    for (const id of PANES) {
      const shows = isShown ? id === pane : id !== pane && !byId(id).hidden;
      byId(id).hidden = !shows;
      byId(BUTTONS[id]).setAttribute("aria-expanded", String(shows));
    }
    if (!isShown) return;
    const { room } = this.#page;
    if (pane === "members") {
      if (room !== undefined) this.#page.ask({ type: "who", room });
      return;
    }
    this.#page.focusNext = this.#parts.search;
    this.#parts.draw();
  }

  /** Back to the list, which is another pane on a phone. */
  back(): void {
    if (!isPhone()) return this.#parts.list.focus();
    // The browser's own way back does the same.
    if (history.state?.pane === "main") return history.back();
    this.#closeConversation();
  }

  /** Closes a pane, and gives the focus back to its button. */
  leave(pane: Pane): void {
    this.show(pane, false);
    byId(BUTTONS[pane]).focus();
  }

  /** Closes what lies beside the conversation; whether there was something. */
  close(): boolean {
    const shown = PANES.find((pane) => !byId(pane).hidden);
    if (shown) this.show(shown, false);
    return shown !== undefined;
  }

  /** Only rooms have members; and an open conversation is a page of its own in the history of a phone's browser. */
  update(): void {
    const { room, state } = this.#page;
    if (room === undefined && !byId("members").hidden) this.show("members", false);
    const isMain = state.open !== undefined && state.user !== "";
    if (isMain && history.state?.pane !== "main" && isPhone()) history.pushState({ pane: "main" }, "");
  }

  #closeConversation(): void {
    for (const pane of PANES) this.show(pane, false);
    this.#page.focusNext = this.#parts.list;
    this.#page.dispatch({ type: "closed" });
  }
}

/** Whether the list and the conversation are seen one at a time. */
export function isPhone(): boolean {
  return matchMedia("(max-width: 44rem)").matches;
}
