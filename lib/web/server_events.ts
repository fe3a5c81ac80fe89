import { isPlainLabel, LOBBY } from "../chat/names.ts";
import type { RoomChange } from "../chat/event.ts";
import type { Account } from "./account.ts";
import type { Alerts } from "./alerts.ts";
import type { ServerEvent } from "./chat_event.ts";
import { byId } from "./dom.ts";
import type { Navigation } from "./navigation.ts";
import type { Page } from "./page.ts";
import { isPhone } from "./panes.ts";

interface Listeners {
  readonly account: Account;
  readonly alerts: Alerts;
  readonly navigation: Navigation;
  readonly list: { focus: () => void };
  /** The field for messages. */
  readonly field: { focus: () => void };
}

/** Shows what the server says, and does what follows from it. */
export function serverEvent(page: Page, listeners: Listeners, event: ServerEvent): void {
  const { account, alerts, navigation, field } = listeners;
  const before = page.state.people;
  page.dispatch(event);
  switch (event.type) {
    case "loggedIn":
      if (event.files !== undefined) void account.filesOffered();
      return loggedIn(page, listeners, event.rooms);
    case "closing":
      if (event.why === undefined) return;
      // falls through
    case "elsewhere":
      return account.pause();
    case "users":
      return navigation.start();
    case "joined":
      page.focusNext = field;
      return page.ask({ type: "rooms" });
    case "roomChanges":
      return membersChanged(page, event.rooms);
    case "presence":
      for (const name of event.online) if (!before.get(name)) page.files?.online(name);
      return;
    case "message":
      if (event.own) return;
      // Another program offers no files, whatever its text looks like.
      if (!isPlainLabel(event.message.from)) page.files?.received(event.message);
      alerts.received(event.message);
  }
}

function loggedIn(page: Page, { account, navigation, list }: Listeners, rooms: readonly string[]): void {
  page.ask({ type: "users" });
  page.ask({ type: "rooms" });
  page.files?.loggedIn();
  const guestRoom = account.takeGuestRoom();
  if (guestRoom !== "") return page.ask({ type: "join", room: guestRoom, unlisted: true });
  // On a phone the list comes first.
  if (page.state.open !== undefined || isPhone()) return;
  if (rooms.includes(LOBBY)) navigation.open({ room: LOBBY });
  else page.focusNext = list;
}

/** Asks for the members of the open room, where they are shown and have changed. */
function membersChanged(page: Page, rooms: readonly RoomChange[]): void {
  const { room } = page;
  if (room === undefined || byId("members").hidden || !rooms.some(({ name }) => name === room)) return;
  page.ask({ type: "who", room });
}
