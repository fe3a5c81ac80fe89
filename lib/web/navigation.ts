import type { Target } from "../chat/entry.ts";
import { readSearchText } from "../protocols/native/search_text.ts";
import { keyOf, nameOf } from "./conversation.ts";
import { byId } from "./dom.ts";
import { localTime } from "./format.ts";
import type { Page } from "./page.ts";
import { readLink } from "./permalinks.ts";
import { chatTexts } from "./texts.ts";

const HISTORY_LIMIT = 100;
const HITS = 50;

interface NavigationParts {
  /** The field for messages. */
  readonly field: { focus: () => void };
  readonly conversation: { readonly isNearTop: boolean; readonly isNearEnd: boolean };
  /** Closes the search where it lies over the conversation. */
  readonly closeSearch: () => void;
}

/** Where the user is: opens conversations and places in history, loads what is seen there, and says what was read. */
export class Navigation {
  readonly #page: Page;
  readonly #parts: NavigationParts;
  /** Whether the page has gone where its address leads. */
  #isLinkFollowed = false;

  constructor(page: Page, parts: NavigationParts) {
    this.#page = page;
    this.#parts = parts;
    addEventListener("hashchange", () => this.#followLink());
  }

  open(target: Target): void {
    this.#page.dispatch({ type: "opened", target });
    if ("room" in target && !byId("members").hidden) this.#page.ask({ type: "who", room: target.room });
    this.#page.focusNext = this.#parts.field;
  }

  /** Opens a conversation at a message of its history. */
  jump(of: Target, to: number): void {
    const page = this.#page;
    page.dispatch({ type: "jumped", target: of, to });
    this.#parts.closeSearch();
    if (!page.open?.window) return;
    page.ask({ type: "history", of, before: to + 1, limit: HISTORY_LIMIT / 2 });
    page.ask({ type: "history", of, after: to, limit: HISTORY_LIMIT / 2 });
  }

  /** Goes to a message of the open conversation. */
  goTo(place: number): void {
    const { open } = this.#page;
    if (open) this.jump(open.target, place);
  }

  /** Goes once to the message that the address of the page leads to; everything that it can lead to is known. */
  start(): void {
    if (!this.#isLinkFollowed) this.#followLink();
    this.#isLinkFollowed = true;
  }

  #followLink(): void {
    const link = readLink(location.hash);
    if (!link) return;
    const { target, at } = link;
    const { rooms, people, conversations } = this.#page.state;
    const isKnown = "room" in target
      ? rooms.get(target.room)?.joined
      : people.has(target.user) || conversations.has(keyOf(target));
    if (isKnown) this.jump(target, at);
    else this.#page.notice(chatTexts.linkLeads(nameOf(target)));
  }

  search(text: string, before?: number): void {
    const page = this.#page;
    const read = readSearchText(text, page.state.rooms, localTime);
    if ("why" in read) return page.dispatch({ type: "searchFailed", text, why: chatTexts.badSearch(read.why) });
    const question = { type: "search", ...read, ...(before === undefined ? {} : { before }), limit: HITS } as const;
    page.dispatch({ type: "searched", text, question });
    page.ask(question);
  }

  /** Searches for hits that are older than those known. */
  searchOlder(): void {
    const { text = "", hits = [] } = this.#page.state.search ?? {};
    this.search(text, hits.at(-1)?.seq);
  }

  /** Requests the newest messages, and others once they would be visible. */
  loadMore(): void {
    const { open, session } = this.#page;
    if (!open || !session?.isLoggedIn) return;
    const { key, target: of, window, completeFrom } = open;
    const { conversation } = this.#parts;
    const ask = { type: "history", of, limit: HISTORY_LIMIT } as const;
    const shown = window ?? open;
    const isFirst = !window && completeFrom === undefined;
    if (shown.more && !shown.loading && (isFirst || conversation.isNearTop)) {
      this.#page.dispatch({ type: "loading", key });
      session.ask({ ...ask, before: window ? window.from : completeFrom });
    }
    if (window?.moreAfter && !window.loadingAfter && conversation.isNearEnd) {
      this.#page.dispatch({ type: "loading", key, later: true });
      session.ask({ ...ask, after: window.upTo });
    }
  }

  /** Tells the server what the user has read. */
  reportRead(): void {
    const { session, state } = this.#page;
    if (!session?.isLoggedIn || !state.overview) return;
    for (const { key, target, read, reported } of state.conversations.values()) {
      if (read <= reported) continue;
      session.read(target, read);
      this.#page.dispatch({ type: "reported", key, upTo: read });
    }
  }
}
