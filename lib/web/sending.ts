import type { Target } from "../chat/entry.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import type { ComposeActions } from "./compose_view.ts";
import { typedText } from "./format.ts";
import type { Message } from "./message.ts";
import type { MessageAction } from "./message_tools.ts";
import type { Page } from "./page.ts";
import { readSlash, type SlashAction } from "./slash_commands.ts";
import { editableBefore, repliableBefore } from "./state.ts";
import { chatTexts } from "./texts.ts";

interface SendingParts {
  /** The field for messages. */
  readonly field: { focus: () => void };
  readonly scrollToEnd: () => void;
  /** Goes to a message of the open conversation. */
  readonly goTo: (place: number) => void;
  readonly enterSends: () => boolean;
  readonly offerFile: (file: File, to: Target) => void;
  /** Does what a command says; whether the field is to be emptied. */
  readonly run: (action: SlashAction | { readonly why: string }, here: Target) => boolean;
  /** The text in the field has changed. */
  readonly writing: (to: Target, text: string) => void;
  /** A message was written. */
  readonly written: () => void;
}

/** What the user says, and how they change what was said. */
export class Sending {
  readonly #page: Page;
  readonly #parts: SendingParts;

  constructor(page: Page, parts: SendingParts) {
    this.#page = page;
    this.#parts = parts;
  }

  say(to: Target, text: string, reply?: number): OutgoingMessage | { readonly why: string } {
    const said = this.#page.session!.say(to, text, Date.now(), reply);
    if ("why" in said) this.#page.notice(chatTexts.notSent(said.why));
    else this.#page.dispatch({ type: "written", message: said });
    return said;
  }

  edit(at: number, to: Target, text: string): boolean {
    return this.#change(this.#page.session!.edit(at, to, text, Date.now()));
  }

  withdraw(at: number, to: Target): boolean {
    return this.#change(this.#page.session!.withdraw(at, to, Date.now()));
  }

  /** Whether a change of a message was accepted. */
  #change(outcome: { readonly id: string } | { readonly why: string }): boolean {
    if ("why" in outcome) this.#page.notice(chatTexts.notChanged(outcome.why));
    return "id" in outcome;
  }

  /** The user replies to a message. */
  #reply(to: Message | undefined): void {
    this.#page.dispatch({ type: "replying", to });
    this.#page.focusNext = this.#parts.field;
  }

  /** Says what has failed once more. */
  #sendAgain(key: string, text: string): void {
    const { open } = this.#page;
    if (!open || "why" in this.say(open.target, text)) return;
    this.#page.dispatch({ type: "dropped", key: open.key, message: key });
    this.#page.dispatch({ type: "latest" });
    this.#parts.scrollToEnd();
  }

  /** The user does something about a message of the open conversation. */
  act(action: MessageAction, message: Message): void {
    const page = this.#page;
    const { key, at, text, earlier } = message;
    if (action === "reply") return this.#reply(message);
    if (action === "quoted") return this.#parts.goTo(message.reply!);
    if (action === "again") return this.#sendAgain(key, text);
    if (action === "edit") return page.dispatch({ type: "editing", editing: { at, text } });
    if (action === "versions") {
      if (earlier) page.dispatch({ type: "versionsHidden", at });
      else page.ask({ type: "versions", of: at });
      return;
    }
    if (!page.open) return;
    const { target } = page.open;
    if (typeof action === "object") this.#change(page.session!.react(at, target, action.react, Date.now()));
    else this.withdraw(at, target);
  }

  /** What the field for messages does. */
  get composing(): ComposeActions {
    const page = this.#page;
    const endEdit = () => page.dispatch({ type: "editing", editing: undefined });
    return {
      enterSends: this.#parts.enterSends,
      send: (to, line) => this.#send(to, line),
      edit: (at, to, text) => this.edit(at, to, text.trimEnd()),
      fault: (text) => page.session?.textFault(text),
      withdraw: (at, to) => {
        if (this.withdraw(at, to)) endEdit();
      },
      editBefore(place) {
        const found = editableBefore(page.state, place);
        if (found) page.dispatch({ type: "editing", editing: { at: found.at, text: found.text } });
      },
      replyBefore: (place) => {
        const found = repliableBefore(page.state, place);
        if (found) this.#reply(found);
      },
      cancelReply: () => this.#reply(undefined),
      react: (action, message) => {
        this.act(action, message);
        this.#reply(undefined);
      },
      cancelEdit: endEdit,
      offerFile: this.#parts.offerFile,
      saveDraft: (target, text) => {
        page.dispatch({ type: "draft", target, text });
        this.#parts.writing(target, text);
      },
    };
  }

  /** Sends what was typed; whether it was accepted. */
  #send(to: Target, line: string): boolean {
    const command = readSlash(line, to);
    if (command) return this.#parts.run(command, to);
    const typed = typedText(line);
    if ("why" in typed) {
      this.#page.notice(chatTexts.notSent(typed.why));
      return false;
    }
    const { replying } = this.#page.state;
    if ("why" in this.say(to, typed.text, replying?.at)) return false;
    if (replying) this.#reply(undefined);
    this.#page.dispatch({ type: "latest" });
    this.#parts.scrollToEnd();
    this.#parts.written();
    return true;
  }
}
