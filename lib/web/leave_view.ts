import type { Target } from "../chat/entry.ts";
import { sanitized } from "../core/text.ts";
import { nameOf } from "./conversation.ts";
import { announce, byId, make, setText } from "./dom.ts";
import { bytesText, errorText } from "./format.ts";
import { chatTexts } from "./texts.ts";

export interface LeaveActions {
  /** The largest file that can be left at the server; 0 where none can. */
  readonly most: () => number;
  /** Offers a file from this page. */
  readonly offer: (file: File, to: Target) => void;
  /** Leaves a file at the server; the text that says so. */
  readonly leave: (
    file: File,
    to: Target,
    signal: AbortSignal,
    progress: (what: "reading" | "sending", done: number) => void,
  ) => Promise<string>;
  readonly say: (to: Target, text: string) => void;
  readonly problem: (text: string) => void;
  /** A file was decided about, and there is no other. */
  readonly done: () => void;
}

/** The line above the field in which the user decides how a chosen file is sent, and the lines of those that are uploaded. */
export class LeaveView {
  readonly #actions: LeaveActions;
  readonly #chosen: { readonly file: File; readonly to: Target }[] = [];

  constructor(actions: LeaveActions) {
    this.#actions = actions;
    const decide = (id: string, act: (file: File, to: Target) => void) =>
      byId(id).addEventListener("click", () => {
        const { file, to } = this.#chosen.shift()!;
        act(file, to);
        this.#draw();
      });
    decide("choose-leave", (file, to) => void this.#leave(file, to));
    decide("choose-offer", (file, to) => actions.offer(file, to));
    decide("choose-cancel", () => {});
  }

  /** The user has chosen a file: it is offered at once if nothing else can be done with it. */
  choose(file: File, to: Target): void {
    if (file.size > this.#actions.most()) return this.#actions.offer(file, to);
    this.#chosen.push({ file, to });
    if (this.#chosen.length === 1) this.#draw();
  }

  /** The page belongs to another user now. */
  clear(): void {
    this.#chosen.length = 0;
    byId("choosing").hidden = true;
    for (const button of byId("leaving").querySelectorAll("button")) button.click();
  }

  #draw(): void {
    const [next] = this.#chosen;
    byId("choosing").hidden = !next;
    if (!next) return this.#actions.done();
    const { file, to } = next;
    setText(
      byId("choosing-name"),
      chatTexts.chosen(sanitized(file.name), bytesText(file.size), sanitized(nameOf(to))),
    );
    byId("choose-leave").focus();
  }

  async #leave(file: File, to: Target): Promise<void> {
    const control = new AbortController();
    const name = sanitized(file.name);
    const bar = make("progress", { max: Math.max(1, file.size), value: 0, "aria-label": name });
    const text = make("span", {});
    const stop = {
      type: "button",
      class: "quiet",
      "aria-label": chatTexts.actOn(chatTexts.stop, name),
      onclick: () => control.abort(),
    };
    const line = make("p", {}, text, bar, make("button", stop, chatTexts.stop));
    byId("leaving").append(line);
    try {
      const message = await this.#actions.leave(file, to, control.signal, (what, done) => {
        bar.value = done;
        const said = what === "reading" ? chatTexts.readingOf : chatTexts.uploadingOf;
        setText(text, said(name, bytesText(done), bytesText(file.size)));
      });
      this.#actions.say(to, message);
      announce(chatTexts.isAtServer(name));
    } catch (error) {
      if (!control.signal.aborted) {
        this.#actions.problem(chatTexts.notLeft(file.name, errorText(error)));
      }
    } finally {
      line.remove();
    }
  }
}
