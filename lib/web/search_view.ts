import type { Target } from "../chat/entry.ts";
import { oneLine, sanitized } from "../core/text.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import { keyOf, nameOf } from "./conversation.ts";
import { byId, make, setText } from "./dom.ts";
import { formatClock, formatDay } from "./format.ts";
import type { Search, State } from "./state.ts";
import { chatTexts } from "./texts.ts";

export interface SearchActions {
  readonly search: (text: string) => void;
  /** Asks for hits that are older than those shown. */
  readonly more: () => void;
  readonly open: (target: Target, at: number) => void;
  readonly close: () => void;
}

/** The search for messages: its field, and the hits, each of which opens its place in history. */
export class SearchView {
  readonly #actions: SearchActions;
  readonly #text = byId<HTMLInputElement>("finder-text");
  #hits: Search["hits"] | undefined;
  #goal: State["goal"];

  constructor(actions: SearchActions) {
    this.#actions = actions;
    byId("finder-form").addEventListener("submit", (event) => {
      event.preventDefault();
      actions.search(this.#text.value);
    });
    byId("finder-close").addEventListener("click", () => actions.close());
    byId("more-hits").addEventListener("click", () => actions.more());
  }

  focus(): void {
    this.#text.focus();
    this.#text.select();
  }

  draw({ search, searches, user, goal }: State, now: number): void {
    this.#text.disabled = !searches;
    setText(byId("finder-state"), searches ? stateText(search) : chatTexts.noSearch);
    byId("more-hits").hidden = !search?.more || search.pending;
    const hits = searches ? search?.hits ?? [] : [];
    if (hits === this.#hits && goal === this.#goal) return;
    this.#hits = hits;
    this.#goal = goal;
    const focused = [...byId("hits").querySelectorAll("button")].findIndex((each) => each === document.activeElement);
    byId("hits").replaceChildren(...hits.map((hit) => this.#hit(hit, user, goal, now)));
    byId("hits").querySelectorAll("button")[focused]?.focus({ preventScroll: true });
  }

  #hit({ seq, from, to, text, time }: ShownMessage, user: string, goal: State["goal"], now: number): HTMLElement {
    const target = "room" in to || from === user ? to : { user: from };
    const place = `${"room" in target ? "#" : ""}${sanitized(nameOf(target))}`;
    return make(
      "li",
      {},
      make(
        "button",
        {
          type: "button",
          class: "hit",
          "aria-current": String(goal?.at === seq && goal.key === keyOf(target)),
          onclick: () => this.#actions.open(target, seq),
        },
        make(
          "span",
          { class: "meta" },
          make("bdi", {}, from === user ? chatTexts.you : sanitized(from)),
          ", ",
          make("bdi", {}, place),
          ` · ${formatDay(time, now)}, ${formatClock(time)}`,
        ),
        make("span", { class: "words", dir: "auto" }, sanitized(oneLine(text))),
      ),
    );
  }
}

function stateText(search: Search | undefined): string {
  if (!search) return "";
  if (search.why !== "") return search.why;
  if (search.pending) return chatTexts.searching;
  return search.hits.length === 0 ? chatTexts.nothingFound : "";
}
