import type { Target } from "../chat/entry.ts";
import { byId } from "./dom.ts";
import type { Navigation } from "./navigation.ts";
import type { Page } from "./page.ts";
import type { Panes } from "./panes.ts";
import type { Sending } from "./sending.ts";
import type { SlashAction } from "./slash_commands.ts";
import { editableBefore } from "./state.ts";
import { chatTexts } from "./texts.ts";

/** Does what a command of the field says; whether the field is to be emptied. */
export function runSlash(
  { page, sending, navigation, panes }: {
    readonly page: Page;
    readonly sending: Sending;
    readonly navigation: Navigation;
    readonly panes: Panes;
  },
  action: SlashAction | { readonly why: string },
  here: Target,
): boolean {
  if ("why" in action) {
    page.notice(action.why);
    return false;
  }
  const last = editableBefore(page.state, Infinity);
  switch (action.type) {
    case "say":
      return "id" in sending.say(action.to, action.text);
    case "open":
      navigation.open(action.target);
      return true;
    case "join":
    case "leave":
      page.ask({ type: action.type, room: action.room });
      return true;
    case "who":
      if ("room" in here) panes.show("members", true);
      return true;
    case "search":
      panes.show("finder", true);
      byId<HTMLInputElement>("finder-text").value = action.text;
      if (action.text !== "") navigation.search(action.text);
      return true;
    case "edit":
    case "withdraw":
      if (!last) {
        page.notice(chatTexts.noOwn);
        return false;
      }
      return action.type === "edit" ? sending.edit(last.at, here, action.text) : sending.withdraw(last.at, here);
    case "help":
      byId<HTMLDialogElement>("keys").showModal();
      return true;
  }
}
