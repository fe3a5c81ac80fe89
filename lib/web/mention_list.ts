import { sanitized } from "../core/text.ts";
import { make } from "./dom.ts";
import { candidates, mentionBefore } from "./mentions.ts";
import { slashCandidates } from "./slash_commands.ts";
import type { State } from "./state.ts";

/** Offers names for what is typed behind an `@`, and commands behind a `/`; the field keeps the focus. */
export class MentionList {
  readonly #field: HTMLTextAreaElement;
  readonly #list: HTMLElement;
  #names: readonly string[] = [];
  #chosen = 0;
  #at = 0;
  #sign: "@" | "/" = "@";
  /** Whether what is typed is a name as it stands: then Enter sends, unless another one is chosen. */
  #isWhole = false;
  /** The place of an `@` whose list the user has closed. */
  #closedAt: number | undefined;

  /** `picked`: the text of the field has changed. */
  constructor(field: HTMLTextAreaElement, list: HTMLElement, readonly picked: () => void) {
    this.#field = field;
    this.#list = list;
    field.addEventListener("blur", () => this.#show([]));
  }

  get isOpen(): boolean {
    return this.#names.length > 0;
  }

  /** The text or the cursor has changed. */
  update(state: Pick<State, "people" | "user">): void {
    const { value, selectionStart } = this.#field;
    const commands = slashCandidates(value, selectionStart);
    this.#sign = commands.length > 0 ? "/" : "@";
    const found = commands.length > 0 ? { at: 0, begun: "" } : mentionBefore(value, selectionStart);
    if (found?.at !== this.#closedAt) this.#closedAt = undefined;
    this.#at = found?.at ?? 0;
    this.#chosen = 0;
    this.#isWhole = found !== undefined && state.people.has(found.begun);
    const offered = commands.length > 0 ? commands : found ? candidates(found.begun, state) : [];
    this.#show(this.#closedAt === undefined ? offered : []);
  }

  /** Whether the key was for the list. */
  press(key: string): boolean {
    if (!this.isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step !== undefined) {
      this.#isWhole = false;
      this.#chosen = (this.#chosen + step + this.#names.length) % this.#names.length;
      this.#show(this.#names);
    } else if (key === "Enter" && this.#isWhole) {
      this.#show([]);
      return false;
    } else if (key === "Enter" || key === "Tab") this.#pick(this.#names[this.#chosen]!);
    else if (key === "Escape") {
      this.#closedAt = this.#at;
      this.#show([]);
    } else return false;
    return true;
  }

  #pick(name: string): void {
    const { value, selectionStart } = this.#field;
    const rest = value.slice(selectionStart);
    this.#field.setRangeText(`${this.#sign}${name}${/^\s/.test(rest) ? "" : " "}`, this.#at, selectionStart, "end");
    this.#show([]);
    this.picked();
  }

  #show(names: readonly string[]): void {
    this.#names = names;
    this.#list.hidden = names.length === 0;
    this.#list.replaceChildren(...names.map((name, i) =>
      make("li", {
        id: `mention-${i}`,
        role: "option",
        "aria-selected": String(i === this.#chosen),
        // The field would lose the focus, and the list would be gone.
        onmousedown: (event: MouseEvent) => event.preventDefault(),
        onclick: () => this.#pick(name),
      }, make("bdi", {}, this.#sign === "/" ? `/${name}` : sanitized(name)))
    ));
    if (names.length > 0) this.#field.setAttribute("aria-activedescendant", `mention-${this.#chosen}`);
    else this.#field.removeAttribute("aria-activedescendant");
  }
}
