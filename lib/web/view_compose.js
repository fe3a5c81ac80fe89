import { the } from "./dom.js";
import { cleaned, oneLine } from "./text.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./outgoing.js").Target} Target */

/** Where one types, and where files are put. What is typed belongs to its conversation, and stays until it is sent. */
export class Compose {
  #text = /** @type {HTMLTextAreaElement} */ (the("text"));
  #file = /** @type {HTMLInputElement} */ (the("file"));
  /** @type {Conversation | undefined} */
  #open;
  #me = "";

  /**
   * @param {{ say: (to: Target, text: string) => boolean, offer: (file: File, to: Target) => void,
   *   draft: (to: Target, text: string) => void, toEnd: () => void }} way
   */
  constructor(way) {
    this.way = way;
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("paste", (event) => this.#files(event, event.clipboardData));
    the("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    the("attach").addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => {
      this.#offer([...this.#file.files ?? []]);
      this.#file.value = "";
    });
    this.#drops(the("main"));
  }

  /** @param {State} state */
  draw(state) {
    const open = state.here === undefined ? undefined : state.conversations.get(state.here);
    if (open?.key !== this.#open?.key || state.me !== this.#me) {
      this.#text.value = open?.draft ?? "";
      this.#grow();
    }
    this.#open = open;
    this.#me = state.me;
    const name = !open ? "" : "room" in open.target ? open.target.room : open.target.user;
    this.#text.placeholder = `Message to ${cleaned(name)}`;
  }

  focus() {
    // A keyboard that comes up by itself covers half of a phone.
    const isPhone = matchMedia("(hover: none) and (pointer: coarse)").matches;
    (isPhone ? the("scroller") : this.#text).focus({ preventScroll: true });
  }

  #typed() {
    const line = oneLine(this.#text.value);
    if (line !== this.#text.value) this.#text.value = line;
    this.#grow();
    if (this.#open) this.way.draft(this.#open.target, line);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const pages = { PageUp: -1, PageDown: 1 }[event.key];
    if (pages !== undefined) {
      event.preventDefault();
      const scroller = the("scroller");
      scroller.scrollTop += pages * scroller.clientHeight * 0.9;
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#send();
    }
  }

  #send() {
    const text = this.#text.value;
    if (!this.#open || text.trim() === "") return;
    if (!this.way.say(this.#open.target, text)) return;
    this.#text.value = "";
    this.#typed();
    this.way.toEnd();
    this.#text.focus();
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
  }

  /** @param {Event} event @param {DataTransfer | null} data */
  #files(event, data) {
    const files = [...data?.files ?? []];
    if (files.length === 0) return;
    event.preventDefault();
    this.#offer(files);
  }

  /** @param {readonly File[]} files */
  #offer(files) {
    if (this.#open) { for (const file of files) this.way.offer(file, this.#open.target); }
  }

  /** @param {HTMLElement} area */
  #drops(area) {
    const isFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
    area.addEventListener("dragover", (event) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      if (this.#open) area.classList.add("dropping");
    });
    area.addEventListener("dragleave", (event) => {
      if (!area.contains(/** @type {Node | null} */ (event.relatedTarget))) area.classList.remove("dropping");
    });
    area.addEventListener("drop", (event) => {
      area.classList.remove("dropping");
      if (isFiles(event)) this.#files(event, event.dataTransfer);
    });
  }
}
