import type { Target } from "../chat/entry.ts";
import { sanitized } from "../core/text.ts";
import { type Conversation, isPlain, nameOf } from "./conversation.ts";
import type { Message } from "./message.ts";
import { markButtons, type MessageAct } from "./message_tools.ts";
import { byId, isTouched, setText } from "./dom.ts";
import { beginningOf, capitalized } from "./format.ts";
import { MentionList } from "./mention_list.ts";
import { type Editing, openConversation, type State } from "./state.ts";
import { chatTexts, sharedTexts } from "./texts.ts";

export interface ComposeActions {
  /** Sends a message; whether it was accepted. */
  readonly send: (target: Target, text: string) => boolean;
  /** Changes the text of the message at this place; whether it was accepted. */
  readonly edit: (at: number, target: Target, text: string) => boolean;
  readonly withdraw: (at: number, target: Target) => void;
  /** The rule of the server that a text breaks; undefined when it breaks none. */
  readonly fault: (text: string) => string | undefined;
  /** Edits the last own message before this place, if there is one. */
  readonly editBefore: (place: number) => void;
  readonly cancelEdit: () => void;
  /** Replies to the last message of another user before this place, if there is one. */
  readonly replyBefore: (place: number) => void;
  readonly cancelReply: () => void;
  /** Puts a mark to the message that was to be replied to, instead. */
  readonly react: MessageAct;
  readonly offerFile: (file: File, target: Target) => void;
  /** Whether Enter alone sends, and not only with Ctrl. */
  readonly enterSends: () => boolean;
  readonly saveDraft: (target: Target, text: string) => void;
}

/** The field for messages, and the ways to offer a file. The text belongs to its conversation and stays until it is sent. */
export class ComposeView {
  readonly #actions: ComposeActions;
  readonly #text = byId<HTMLTextAreaElement>("text");
  readonly #file = byId<HTMLInputElement>("file");
  readonly #mentions: MentionList;
  #state: State | undefined;
  #open: Conversation | undefined;
  #user = "";
  #editing: Editing | undefined;
  #replying: Message | undefined;
  /** Whether Tab leads to the reactions: once for each reply, so that it leads on from the field afterwards. */
  #tabToMarks = false;

  constructor(actions: ComposeActions) {
    this.#actions = actions;
    this.#mentions = new MentionList(this.#text, byId("mentions"), () => this.#edited());
    this.#text.addEventListener("input", () => this.#edited());
    // Lines break elsewhere, and a narrow window has larger letters.
    addEventListener("resize", () => this.#fitHeight());
    this.#text.addEventListener("keydown", (event) => this.#keyPressed(event));
    this.#text.addEventListener("paste", (event) => this.#takeFiles(event, event.clipboardData));
    byId("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    byId("attach").addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => {
      this.#offer([...this.#file.files ?? []]);
      this.#file.value = "";
    });
    byId("edit-cancel").addEventListener("click", () => actions.cancelEdit());
    byId("reply-cancel").addEventListener("click", () => actions.cancelReply());
    byId("edit-withdraw").addEventListener("click", () => {
      if (this.#open && this.#editing) actions.withdraw(this.#editing.at, this.#open.target);
    });
    this.#listenForDrops(byId("main"));
  }

  draw(state: State): void {
    this.#state = state;
    const open = openConversation(state);
    const { editing, replying } = state;
    if (replying !== this.#replying) {
      byId("replying").hidden = !replying;
      const name = replying && (replying.own ? chatTexts.yourself : sanitized(replying.from));
      const marks = replying ? markButtons(state.reactions, (mark) => this.#actions.react(mark, replying)) : [];
      byId("replying-marks").replaceChildren(...marks);
      setText(byId("replying-to"), replying ? chatTexts.replying(name!, beginningOf(replying.text)) : "");
      this.#replying = replying;
      this.#tabToMarks = replying !== undefined;
    }
    if (open?.key !== this.#open?.key || state.user !== this.#user || editing !== this.#editing) {
      const ends = this.#editing !== undefined && editing === undefined;
      this.#text.value = editing?.text ?? open?.draft ?? "";
      this.#editing = editing;
      byId("editing").hidden = !editing;
      this.#fitHeight();
      this.#checkLength();
      if (editing || ends) this.focus();
    }
    this.#open = open;
    this.#user = state.user;
    byId("attach").hidden = !this.#takesFiles;
    setText(byId("submit"), editing ? chatTexts.save : sharedTexts.send);
    this.#text.placeholder = chatTexts.messageTo(open ? sanitized(nameOf(open.target)) : "");
  }

  get #takesFiles(): boolean {
    return this.#open !== undefined && !isPlain(this.#open.target);
  }

  focus(): void {
    (isTouched() ? byId("scroller") : this.#text).focus({ preventScroll: true });
  }

  #edited(): void {
    this.#fitHeight();
    this.#checkLength();
    if (this.#state) this.#mentions.update(this.#state);
    if (this.#open && !this.#editing) this.#actions.saveDraft(this.#open.target, this.#text.value);
  }

  #keyPressed(event: KeyboardEvent): void {
    if (!event.isComposing && this.#mentions.press(event.key)) {
      event.preventDefault();
      return event.stopPropagation();
    }
    const pages = { PageUp: -1, PageDown: 1 }[event.key];
    if (pages !== undefined) {
      event.preventDefault();
      const scroller = byId("scroller");
      scroller.scrollTop += pages * scroller.clientHeight * 0.9;
    } else if (this.#isSending(event)) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && event.ctrlKey) {
      event.preventDefault();
      this.#actions.replyBefore(this.#replying?.at ?? Infinity);
    } else if (event.key === "Tab" && !event.shiftKey && this.#tabToMarks && this.#text.value === "") {
      this.#tabToMarks = false;
      const mark = byId("replying-marks").querySelector("button");
      if (mark?.checkVisibility()) event.preventDefault();
      mark?.focus();
    } else if (event.key === "ArrowUp" && !this.#replying && this.#isUntouched()) {
      event.preventDefault();
      this.#actions.editBefore(this.#editing?.at ?? Infinity);
    } else if (event.key === "Escape" && (this.#editing || this.#replying)) {
      event.preventDefault();
      event.stopPropagation();
      if (this.#editing) this.#actions.cancelEdit();
      else this.#actions.cancelReply();
    }
  }

  #isSending({ key, isComposing, shiftKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    if (key !== "Enter" || isComposing || shiftKey) return false;
    return ctrlKey || metaKey || this.#actions.enterSends();
  }

  /** Whether nothing was typed, and the cursor is in the first line: the arrow that goes up has nowhere to go. */
  #isUntouched(): boolean {
    const { value, selectionStart } = this.#text;
    return value === (this.#editing?.text ?? "") && !value.slice(0, selectionStart).includes("\n");
  }

  /** Says at once when a text is too long, and sends none that is. */
  #checkLength(): string | undefined {
    const why = this.#actions.fault(this.#text.value);
    byId("too-long").hidden = why === undefined;
    setText(byId("too-long"), why === undefined ? "" : `${capitalized(why)}.`);
    return why;
  }

  #send(): void {
    if (this.#checkLength() !== undefined) return;
    const text = this.#text.value;
    if (this.#open && this.#editing) {
      const { at, text: before } = this.#editing;
      if (text.trim() === "") return;
      if (text === before || this.#actions.edit(at, this.#open.target, text)) this.#actions.cancelEdit();
      return;
    }
    if (!this.#open || text.trim() === "" || !this.#actions.send(this.#open.target, text)) return;
    this.#text.value = "";
    this.#edited();
    this.#text.focus();
  }

  #fitHeight(): void {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  #takeFiles(event: Event, data: DataTransfer | null): void {
    const files = [...data?.files ?? []];
    if (files.length === 0) return;
    event.preventDefault();
    this.#offer(files);
  }

  #offer(files: readonly File[]): void {
    if (this.#open && this.#takesFiles) { for (const file of files) this.#actions.offerFile(file, this.#open.target); }
  }

  #listenForDrops(area: HTMLElement): void {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    area.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (this.#takesFiles) area.classList.add("dropping");
    });
    area.addEventListener("dragleave", (event) => {
      if (!area.contains(event.relatedTarget as Node | null)) area.classList.remove("dropping");
    });
    area.addEventListener("drop", (event) => {
      area.classList.remove("dropping");
      if (hasFiles(event)) this.#takeFiles(event, event.dataTransfer);
    });
  }
}
