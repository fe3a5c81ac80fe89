import type { Target } from "../chat/entry.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import { type Conversation, targetOf } from "./conversation.ts";
import { type FileView, isUnderWay } from "./file_view.ts";
import type { ChatEvent } from "./chat_event.ts";
import { reduce } from "./reduce.ts";
import { INITIAL, type State } from "./state.ts";
import { UserStorage } from "./storage.ts";

const NOTICE_MS = 8000;
/** Cap on ended file offers whose state survives a reload. */
const MAX_STORED_FILES = 200;

/** The state of the page, and the part of it that survives a reload. */
export class ChatStore {
  readonly #changed: () => void;
  #state = INITIAL;
  #storage = new UserStorage("");
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  /** `changed` is called after each event. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get state(): State {
    return this.#state;
  }

  dispatch(event: ChatEvent): void {
    const before = this.#state;
    const state = this.#state = reduce(before, event);
    if (state.open !== before.open) this.#storage.set("here", state.open);
    if (state.conversations !== before.conversations) {
      this.#storeEach("drafts", ({ draft }) => draft || undefined);
    }
    if (event.type === "file") this.#storeFile(event.file);
    if (state.notice !== "" && (event.type === "notice" || event.type === "denied")) {
      clearTimeout(this.#noticeTimer);
      this.#noticeTimer = setTimeout(() => this.dispatch({ type: "noticeExpired" }), NOTICE_MS);
    }
    this.#changed();
  }

  /** The page belongs to this user; restores what an earlier page of theirs has stored. */
  setUser(name: string, storage: UserStorage, unanswered: readonly OutgoingMessage[]): void {
    this.#storage = storage;
    // Each event stores anew what it changes.
    const open = targetOf(String(storage.get("here")));
    const drafts = storage.list<{ to: Target; value: string }>("drafts");
    this.dispatch({ type: "user", name });
    for (const message of unanswered) if (message.of === undefined) this.dispatch({ type: "written", message });
    for (const file of storage.list<FileView>("files")) this.dispatch({ type: "file", file });
    for (const { to, value } of drafts) this.dispatch({ type: "draft", target: to, text: value });
    if (open) this.dispatch({ type: "opened", target: open });
  }

  /** The user has logged out: nothing of them stays. */
  clearUser(): void {
    this.dispatch({ type: "user", name: "" });
    this.#storage.clear();
  }

  /** Stores one value of every conversation that has it. */
  #storeEach(key: string, valueOf: (conversation: Conversation) => unknown): void {
    const values = [...this.#state.conversations.values()].map((each) => ({ to: each.target, value: valueOf(each) }));
    this.#storage.set(key, values.filter(({ value }) => value !== undefined));
  }

  /** Stores how an offer has ended; one that can be accepted again has not. */
  #storeFile(file: FileView): void {
    if (isUnderWay(file) || file.state === "failed") return;
    const others = this.#storage.list<FileView>("files").filter(({ id }) => id !== file.id);
    this.#storage.set("files", [...others, { ...file, state: "ended", url: undefined }].slice(-MAX_STORED_FILES));
  }
}
