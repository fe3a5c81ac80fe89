import type { Target } from "../chat/entry.ts";
import type { ClientQuestion } from "../protocols/native/client_event.ts";
import type { ChatEvent } from "./chat_event.ts";
import { ChatStore } from "./chat_store.ts";
import type { Conversation } from "./conversation.ts";
import type { LateFiles } from "./late_files.ts";
import type { ChatSession } from "./session.ts";
import { openConversation, type State } from "./state.ts";

/** What the parts of the chat's page share: its state, and what belongs to the user who is logged in. */
export class Page {
  readonly store: ChatStore;
  session: ChatSession | undefined;
  files: LateFiles | undefined;
  /** The name of the server. */
  title = "Partyline";
  /** The largest file that can be left at the server. */
  attachmentBytes = 0;
  /** Where others open this page; undefined where no other machine reaches it. */
  address: string | undefined;
  /** Gets the focus after the next drawing: an element that is not drawn yet cannot have it. */
  focusNext: { focus: () => void } | undefined;

  /** `changed` is called after each event. */
  constructor(changed: () => void) {
    this.store = new ChatStore(changed);
  }

  get state(): State {
    return this.store.state;
  }

  /** The open conversation. */
  get open(): Conversation | undefined {
    return openConversation(this.state);
  }

  /** The name of the open room. */
  get room(): string | undefined {
    const target: Target | undefined = this.open?.target;
    return target && "room" in target ? target.room : undefined;
  }

  dispatch(event: ChatEvent): void {
    this.store.dispatch(event);
  }

  /** Shows a short text to the user. */
  notice(text: string): void {
    this.dispatch({ type: "notice", text });
  }

  ask(question: ClientQuestion): void {
    this.session?.ask(question);
  }
}
