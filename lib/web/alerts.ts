import type { Target } from "../chat/entry.ts";
import { mentions } from "../core/rich_text.ts";
import { oneLine, sanitized } from "../core/text.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import { canAskForNotifications, markIcon, notify, playTone } from "./attention.ts";
import { keyOf, nameOf } from "./conversation.ts";
import { announce, byId } from "./dom.ts";
import type { Page } from "./page.ts";
import type { SettingsStore } from "./settings_store.ts";
import { unreadCount } from "./state.ts";
import { chatTexts } from "./texts.ts";

/** Cap on the characters of a message in a notification. */
const NOTIFIED = 200;

/** What tells the user of messages that they do not see: title, icon, tone, notification, screen reader. */
export class Alerts {
  readonly #page: Page;
  readonly #settings: SettingsStore;
  readonly #open: (target: Target) => void;

  constructor(page: Page, settings: SettingsStore, open: (target: Target) => void) {
    this.#page = page;
    this.#settings = settings;
    this.#open = open;
    byId("mute").addEventListener("click", () => this.#toggleMute());
    byId("ask-yes").addEventListener("click", () => {
      this.#answer(true);
      void Notification.requestPermission();
    });
    byId("ask-no").addEventListener("click", () => this.#answer(false));
  }

  updateTitle(): void {
    const { state, open, title: site } = this.#page;
    const unread = unreadCount(state);
    markIcon(unread > 0);
    const name = open ? `${sanitized(nameOf(open.target))} – ` : "";
    const title = `${unread > 0 ? `(${unread}) ` : ""}${name}${site}`;
    if (document.title !== title) document.title = title;
  }

  /** A message of another user has come. */
  received(message: ShownMessage): void {
    this.#call(message);
    const { from, to, text } = message;
    if (keyOf("room" in to ? to : { user: from }) === this.#page.state.open) {
      announce(`${sanitized(from)}: ${sanitized(oneLine(text))}`);
    } else if ("user" in to) announce(chatTexts.newFrom(sanitized(from)));
  }

  /** Calls the user, if they do not see the message anyway: by a tone, and by a notification of what is meant for them. */
  #call({ from, to, text }: ShownMessage): void {
    const { state } = this.#page;
    const { sounds, notifications } = this.#settings.current;
    const target = "room" in to ? to : { user: from };
    const key = keyOf(target);
    const isMention = "room" in to && mentions(text, state.user);
    if (state.visible && state.open === key) return;
    if (state.muted.has(key) && !isMention) return;
    if (sounds) playTone();
    if (state.visible || !notifications || ("room" in to && !isMention)) return;
    const where = "room" in to ? chatTexts.inRoom(sanitized(from), sanitized(to.room)) : sanitized(from);
    void notify(where, sanitized(oneLine(text)).slice(0, NOTIFIED), key, () => this.#open(target));
  }

  /** Mutes the open conversation, or not any more. */
  #toggleMute(): void {
    const { open, user } = this.#page.state;
    const name = `${user} ${open}`;
    const { muted } = this.#settings.current;
    this.#settings.set({ muted: muted.includes(name) ? muted.filter((each) => each !== name) : [...muted, name] });
  }

  /** The user has written, and waits for an answer: asks once whether notifications are wanted. */
  ask(): void {
    if (this.#settings.current.notifications === undefined) byId("ask").hidden = !canAskForNotifications();
  }

  #answer(notifications: boolean): void {
    byId("ask").hidden = true;
    this.#settings.set({ notifications });
  }
}
