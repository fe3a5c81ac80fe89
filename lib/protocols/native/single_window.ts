import type { Outputs } from "../../core/machine.ts";

/** What the host of a page wants done. Pages are numbered by the owner of their connections. */
export type PageOutput =
  /** Send one message to a page. */
  | { readonly type: "page"; readonly page: number; readonly json: string }
  /** End the connection of a page; `elsewhere`: another window has taken over. */
  | { readonly type: "dropPage"; readonly page: number; readonly why: string; readonly elsewhere: boolean };

/** The one page that is served: the one that was opened last. Its owner's outputs are its own. */
export class SingleWindow {
  #page: number | undefined;

  constructor(readonly outputs: Pick<Outputs<PageOutput>, "push">) {}

  /** This page takes over from the one before it. */
  open(page: number): void {
    this.#drop("it goes on in another window", true);
    this.#page = page;
  }

  closed(page: number): void {
    if (page === this.#page) this.#page = undefined;
  }

  /** Whether it is this page; what others send is ignored. */
  is(page: number): boolean {
    return page === this.#page;
  }

  send(json: string): void {
    if (this.#page !== undefined) this.outputs.push({ type: "page", page: this.#page, json });
  }

  drop(why: string): void {
    this.#drop(why, false);
  }

  #drop(why: string, elsewhere: boolean): void {
    if (this.#page !== undefined) this.outputs.push({ type: "dropPage", page: this.#page, why, elsewhere });
    this.#page = undefined;
  }
}
