import type { Target } from "../chat/entry.ts";
import { sanitized } from "../core/text.ts";
import { byId, isTouched, make, setText } from "./dom.ts";
import { type Place, placesOf } from "./places.ts";
import type { State } from "./state.ts";
import { chatTexts } from "./texts.ts";

export interface SideActions {
  readonly open: (target: Target) => void;
  readonly join: (room: string) => void;
  /** Moves the focus to the conversation. */
  readonly leave: () => void;
}

/** Cap on entries of each group; the search finds the others. */
const MAX_SHOWN = 300;

/** The list of rooms and people: who is online, and what is unread. */
export class SideView {
  readonly #actions: SideActions;
  readonly #search = byId<HTMLInputElement>("search");
  readonly #places = byId("places");
  readonly #buttons = new Map<string, HTMLButtonElement>();
  #drawn: State | undefined;
  /** The places as they were drawn last. */
  #shown = "";
  /** Whether users who are offline, and with whom nothing was said, are shown. */
  #isUnfolded = false;
  readonly #fold: HTMLButtonElement;

  constructor(actions: SideActions) {
    this.#actions = actions;
    this.#fold = make("button", { type: "button", id: "offline-fold", class: "fold" });
    this.#fold.addEventListener("click", () => {
      this.#isUnfolded = !this.#isUnfolded;
      if (this.#drawn) this.#fill(this.#drawn);
    });
    this.#search.addEventListener("input", () => this.#drawn && this.#fill(this.#drawn));
    byId("side").addEventListener("keydown", (event) => this.#keyPressed(event));
  }

  draw(state: State): void {
    const before = this.#drawn;
    this.#drawn = state;
    const parts = ["people", "rooms", "conversations", "open", "user", "muted"] as const;
    if (before && parts.every((part) => before[part] === state[part])) return;
    setText(byId("user"), sanitized(state.user));
    // Conversations change with every message and draft, the list only with what it shows of them.
    const shown = JSON.stringify([state.open, placesOf(state)]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#fill(state);
  }

  /** Opens the next entry of the list, or the one before. */
  step(by: 1 | -1): void {
    const all = this.#all().filter((button) => button.classList.contains("place"));
    const at = all.findIndex((button) => button.getAttribute("aria-current") === "true");
    all[at < 0 ? 0 : (at + by + all.length) % all.length]?.click();
  }

  /** Moves the focus to the search field, or to the list itself. */
  focus(): void {
    const entry = this.#all().find(({ tabIndex }) => tabIndex === 0);
    (isTouched() && entry ? entry : this.#search).focus({ preventScroll: true });
  }

  #fill(state: State): void {
    // An element that is taken out of the document loses the focus.
    const focused = document.activeElement;
    const hadFocus = this.#places.contains(focused);
    const name = this.#search.value.trim();
    const matches = (place: Place) => place.name.toLowerCase().includes(name.toLowerCase());
    const used = new Set<string>();
    const nodes = placesOf(state).flatMap(({ title, places, folds }): HTMLElement[] => {
      const found = places.filter(matches);
      if (found.length === 0) return [];
      const heading = folds && name === "" ? this.#foldHeading(title, found.length) : make("h2", {}, title);
      if (folds && name === "" && !this.#isUnfolded) return [heading];
      const items = found.slice(0, MAX_SHOWN).map((place) => {
        used.add(place.key);
        return make("li", {}, this.#button(place, state.open));
      });
      const rest = found.length - items.length;
      const hint = rest > 0 ? [make("p", { class: "hint" }, chatTexts.placesMore(rest))] : [];
      return [heading, make("ul", { "aria-label": title }, ...items), ...hint];
    });
    if (name !== "" && !state.rooms.has(name) && !/\s/.test(name)) {
      const create = make("button", { type: "button", class: "place create", onclick: () => this.#join(name) });
      create.append(make("span", { class: "mark" }, "+"), make("span", { class: "name" }, chatTexts.createRoom(name)));
      nodes.push(create);
    } else if (nodes.length === 0) {
      nodes.push(make("p", { class: "hint" }, name === "" ? chatTexts.alone : chatTexts.noPlace));
    }
    const scrolled = this.#places.scrollTop;
    this.#places.replaceChildren(...nodes);
    this.#places.scrollTop = scrolled;
    for (const key of this.#buttons.keys()) if (!used.has(key)) this.#buttons.delete(key);
    const next = hadFocus && this.#places.contains(focused) ? focused : this.#search;
    if (hadFocus && next instanceof HTMLElement) next.focus({ preventScroll: true });
    this.#updateTabStops();
  }

  #foldHeading(title: string, count: number): HTMLElement {
    this.#fold.setAttribute("aria-expanded", String(this.#isUnfolded));
    setText(this.#fold, `${title} (${count})`);
    return make("h2", {}, this.#fold);
  }

  #button(
    { key, target, name, online, unread, mentions, isMuted, isNew }: Place,
    open: string | undefined,
  ): HTMLButtonElement {
    let button = this.#buttons.get(key);
    if (!button) this.#buttons.set(key, button = make("button", { type: "button" }));
    button.onclick = () => isNew && "room" in target ? this.#join(target.room) : this.#open(target);
    button.className = [
      "place",
      online === false && "away",
      unread > 0 && (!isMuted || mentions > 0) && "unread",
      isMuted && "muted",
    ].filter(Boolean).join(" ");
    button.setAttribute("aria-current", String(key === open));
    const mark = online === undefined
      ? make("span", { class: "mark", "aria-hidden": "true" }, isNew ? "+" : "#")
      : make("span", { class: "mark" }, make("span", { class: online ? "dot online" : "dot" }));
    const parts = [mark, make("span", { class: "name" }, make("bdi", {}, sanitized(name)))];
    if (online) parts.push(make("span", { class: "unseen" }, chatTexts.isOnline));
    if (isNew) parts.push(make("span", { class: "unseen" }, chatTexts.canJoin));
    if (isMuted) parts.push(make("span", { class: "unseen" }, chatTexts.isMuted));
    if (mentions > 0) {
      parts.push(
        make("span", { class: "badge mentions" }, `@${mentions}`),
        make("span", { class: "unseen" }, chatTexts.forYou),
      );
    }
    if (unread > 0) {
      parts.push(make("span", { class: "badge" }, String(unread)), make("span", { class: "unseen" }, chatTexts.unread));
    }
    button.replaceChildren(...parts);
    return button;
  }

  #open(target: Target): void {
    this.#clearSearch();
    this.#actions.open(target);
  }

  #join(room: string): void {
    this.#clearSearch();
    this.#actions.join(room);
  }

  #clearSearch(): void {
    if (this.#search.value === "") return;
    this.#search.value = "";
    if (this.#drawn) this.#fill(this.#drawn);
  }

  /** Arrow keys move through the list, Enter in the search field opens the first entry, Escape goes back. */
  #keyPressed(event: KeyboardEvent): void {
    const all = this.#all();
    const at = all.findIndex((button) => button === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    const inSearch = document.activeElement === this.#search;
    if (to !== undefined && (at >= 0 || (inSearch && event.key === "ArrowDown"))) {
      event.preventDefault();
      if (to < 0) return this.#search.focus();
      all[Math.min(to, all.length - 1)]?.focus();
      this.#updateTabStops();
    } else if (event.key === "Enter" && inSearch && this.#search.value.trim() !== "") {
      event.preventDefault();
      all.find((button) => button.classList.contains("place"))?.click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (inSearch && this.#search.value !== "") this.#clearSearch();
      else this.#actions.leave();
    }
  }

  /** The Tab key stops at one entry of the list. */
  #updateTabStops(): void {
    const all = this.#all();
    const stop = all.find((button) => button === document.activeElement) ??
      all.find((button) => button.getAttribute("aria-current") === "true") ?? all[0];
    for (const button of all) button.tabIndex = button === stop ? 0 : -1;
  }

  #all(): HTMLButtonElement[] {
    return [...this.#places.querySelectorAll("button")];
  }
}
