/** A page, as whoever speaks for it sees it. */
export interface Page {
  /** One message. */
  told(json: string): void;
  /** It is not spoken for any more: `elsewhere`, when another window is. */
  dropped(why: string, elsewhere?: boolean): void;
}

/** Who speaks for a page. */
export interface PageHost {
  readonly name: string;
  /** Whether there is a connection; without one no page is let in. */
  readonly isLoggedIn: boolean;
  open(page: Page): void;
  said(page: Page, json: string): void;
  closed(page: Page): void;
}

/** The window that is spoken for: one at a time, the one that was opened last. */
export class SingleWindow {
  #page: Page | undefined;

  /** It speaks from now on, and the one before it does not any more. */
  open(page: Page): void {
    this.#page?.dropped("it goes on in another window", true);
    this.#page = page;
  }

  closed(page: Page): void {
    if (page === this.#page) this.#page = undefined;
  }

  /** Whether it is this one; one that was dropped says nothing any more. */
  is(page: Page): boolean {
    return page === this.#page;
  }

  tell(json: string): void {
    this.#page?.told(json);
  }

  drop(why: string): void {
    this.#page?.dropped(why);
    this.#page = undefined;
  }
}
