import { Backoff } from "../core/backoff.ts";
import { addressRows } from "./address_rows.ts";
import { headline, listenerAddress, listenerLabel } from "./addresses.ts";
import { byId, make, setText } from "./dom.ts";
import { bytesText, durationText, formatClock, formatNumber } from "./format.ts";
import { useLanguage } from "./language.ts";
import { LogView } from "./log_view.ts";
import { helpItems } from "./help_view.ts";
import { endSessions, openNoticeForm } from "./operator.ts";
import { allPlots } from "./plot.ts";
import { PlotView } from "./plot_view.ts";
import { exchangeText, serverRows } from "./servers_view.ts";
import { ReconnectingSocket } from "./socket.ts";
import { serverTexts, sharedTexts } from "./texts.ts";
import { UserTable } from "./user_table.ts";
import { WirePanel } from "./wire_panel.ts";
import type { ServerSnapshot, WatchEvent } from "../chat/server_snapshot.ts";
import { INITIAL, MAX_RETRY_MS, withEvents, withLink } from "./watch_state.ts";

/** The server sends something each second; after twice this much silence it is gone. */
const SILENCE_MS = 3000;

const log = new LogView();
let plots: readonly PlotView[] = [];

const wire = new WirePanel(() => drawSoon());
const show = (name: string) => wire.open(name);
const table = new UserTable(byId("users"), { show, end: (name) => void endSessions(name) });
openNoticeForm();

let state = INITIAL;
let received: WatchEvent[] = [];
let isDrawPending = false;

const socket = new ReconnectingSocket({
  path: "/watch",
  silenceMs: SILENCE_MS,
  backoff: new Backoff(MAX_RETRY_MS),
  received(data) {
    received.push(JSON.parse(data));
    // Animation frames do not come while the page is hidden.
    if (document.hidden) takeReceived();
    drawSoon();
  },
  lost() {
    takeReceived();
    state = withLink(state, "lost");
    drawSoon();
  },
});

void useLanguage({ shared: sharedTexts, server: serverTexts }).then(() => {
  plots = allPlots().map((plot) => new PlotView(plot));
  byId("plots").prepend(...plots.map(({ element }) => element));
  socket.open();
});

function takeReceived(): void {
  if (received.length === 0) return;
  state = withLink(withEvents(state, received), "open");
  received = [];
}

function drawSoon(): void {
  if (isDrawPending) return;
  isDrawPending = true;
  requestAnimationFrame(() => {
    isDrawPending = false;
    takeReceived();
    draw();
  });
}

/** What each part of the page was made from. */
const madeFrom = new Map<string, string>();

/** Makes a part of the page anew if what it is made from has changed. */
function update(id: string, from: unknown, make: (element: HTMLElement) => void): void {
  const key = JSON.stringify(from);
  if (madeFrom.get(id) === key) return;
  madeFrom.set(id, key);
  make(byId(id));
}

function draw(): void {
  const { link, now, points } = state;
  const isLost = link === "lost";
  const since = now ? serverTexts.valuesFrom(formatClock(now.time)) : "";
  setText(byId("lost"), isLost ? serverTexts.lost + since : "");
  document.documentElement.classList.toggle("is-lost", isLost);
  log.draw(state);
  for (const plot of plots) plot.draw(points);
  if (!now) return;
  const head = headline(now, location);
  update("address", head, (element) => {
    element.textContent = head?.text ?? serverTexts.noListener;
    byId("local-only").hidden = !head?.isLocal;
    const code = byId<HTMLImageElement>("code");
    // The code is that of the page, which other machines may not reach.
    if (code.hidden && head?.isPage && !head.isLocal) code.src = "/address.svg";
    code.hidden = !head?.isPage || head.isLocal;
  });
  document.title = serverTexts.title(head?.title ?? "", isLost);
  setText(byId("count"), countText(now));
  update("listeners", [now.listeners, now.hosts, now.bookEntries], (element) => {
    element.replaceChildren(...now.listeners.map((listener) => listenerItem(listener, now)));
  });
  drawUsers(now);
  drawServers(now);
  update("rooms", [now.rooms, now.roomCount], (element) => {
    element.replaceChildren(...now.rooms.map(roomItem), ...andMore(now.roomCount - now.rooms.length));
  });
  byId("book").hidden = !now.listeners.some(({ name }) => name === "address-book");
  update("book-entries", now.book, (element) => element.replaceChildren(...addressRows(now.book)));
  const more = now.bookEntries - now.book.length;
  setText(byId("book-more"), now.bookEntries === 0 ? serverTexts.emptyTable : more > 0 ? serverTexts.more(more) : "");
  for (const [id, text] of totals(now)) setText(byId(id), text);
}

function countText({ online, guestCount }: ServerSnapshot): string {
  if (online + guestCount === 0) return serverTexts.nobodyYet;
  const people = serverTexts.people(online);
  return guestCount === 0 ? people : serverTexts.guests(people, guestCount);
}

function listenerItem(
  listener: ServerSnapshot["listeners"][number],
  { hosts, bookEntries }: ServerSnapshot,
): HTMLElement {
  const { name, people, sessions } = listener;
  const { address, link, how, isLocal } = listenerAddress(listener, hosts, location);
  const users = name === "address-book" ? serverTexts.listed(bookEntries) : serverTexts.users(people);
  return make(
    "li",
    {},
    make("h3", {}, listenerLabel(name)),
    make("span", { class: "where" }, make("code", {}, address), ...(isLocal ? [serverTexts.thisMachine] : [])),
    link ? make("a", { href: link }, how) : make("code", {}, how),
    make("span", { class: "count" }, serverTexts.connections(users, sessions)),
  );
}

function drawUsers({ users, connected, help, today, time }: ServerSnapshot): void {
  const broken = new Map<string, number>();
  for (const { name } of help) broken.set(name, (broken.get(name) ?? 0) + 1);
  table.draw(users, broken, time, wire.name);
  byId("no-client").hidden = users.length > 0;
  byId("users-box").hidden = users.length === 0;
  const more = connected - users.length;
  setText(byId("users-more"), more > 0 ? serverTexts.more(more) : "");
  update("help", [help, users.map(({ name, trouble }) => [name, trouble])], (element) => {
    const items = helpItems(help, users, show);
    element.replaceChildren(...items);
    byId("help-section").hidden = items.length === 0;
  });
  update("today", today.map(({ name, first, last }) => [name, formatClock(first), formatClock(last)]), (element) => {
    element.replaceChildren(
      ...today.map(({ name, first, last }) =>
        make(
          "li",
          {},
          make("span", { class: "name" }, name),
          " ",
          make("small", {}, `${formatClock(first)}–${formatClock(last)}`),
        )
      ),
    );
    setText(byId("today-count"), serverTexts.usersToday(today.length));
  });
}

function drawServers({ exchange }: ServerSnapshot): void {
  byId("servers").hidden = exchange === undefined;
  if (!exchange) return;
  update("server-rows", exchange, (element) => element.replaceChildren(...serverRows(exchange)));
  setText(byId("servers-text"), exchangeText(exchange));
}

function roomItem({ name, members, online }: ServerSnapshot["rooms"][number]): HTMLElement {
  const count = name === "lobby" ? serverTexts.everyone(online) : serverTexts.onlineOf(online, members);
  return make("li", {}, make("span", { class: "name" }, `#${name}`), " ", make("small", {}, count));
}

function andMore(count: number): HTMLElement[] {
  return count > 0 ? [make("li", { class: "more" }, serverTexts.more(count))] : [];
}

function totals(
  { version, startedAt, time, totals, underWay, waitingBytes }: ServerSnapshot,
): [id: string, text: string][] {
  const minutes = Math.floor((time - startedAt) / 60_000) * 60_000;
  return [
    ["version", version],
    ["uptime", minutes === 0 ? serverTexts.justStarted : durationText(minutes)],
    ["sent", formatNumber(totals.said)],
    ["delivered", formatNumber(totals.delivered)],
    ["failed", formatNumber(totals.failed)],
    ["in-flight", formatNumber(underWay)],
    ["buffered", bytesText(waitingBytes)],
  ];
}
