import { doorAddress, doorLabel, headline } from "./addresses.js";
import { make, the, write } from "./dom.js";
import { LogView } from "./log_view.js";
import { PLOTS } from "./plot.js";
import { PlotView } from "./plot_view.js";
import { bytesShown, clockShown, timeShown } from "./text.js";
import { WatchLink } from "./watch_link.js";
import { begin, heard, linked } from "./watch_state.js";

/** @typedef {import("./watch_state.js").Snapshot} Snapshot */

const log = new LogView();
const plots = PLOTS.map((kind) => new PlotView(kind));
the("plots").prepend(...plots.map(({ element }) => element));

let state = begin();
/** @type {import("./watch_state.js").WatchEvent[]} */
let waiting = [];
let due = false;

const address = new URL("/watch", location.href);
address.protocol = address.protocol.replace("http", "ws");
new WatchLink(address, {
  told(event) {
    waiting.push(event);
    // Nobody looks at a page in the background: what comes is only remembered.
    if (document.hidden) take();
    soon();
  },
  away() {
    take();
    state = linked(state, "away");
    soon();
  },
});

function soon() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    take();
    draw();
  });
}

function take() {
  if (waiting.length === 0) return;
  state = linked(heard(state, waiting), "open");
  waiting = [];
}

/** What each part of the page was made from: it is made again only when that has changed. @type {Map<string, string>} */
const made = new Map();

/**
 * @template T
 * @param {string} part
 * @param {T} from
 * @param {(from: T, element: HTMLElement) => void} make
 */
function remake(part, from, make) {
  const key = JSON.stringify(from);
  if (made.get(part) === key) return;
  made.set(part, key);
  make(from, the(part));
}

function draw() {
  const { link, now, points } = state;
  const away = the("away");
  const since = now ? ` What you see is from ${clockShown(now.time)}.` : "";
  write(away, link === "away" ? `The server is not answering; trying again.${since}` : "");
  document.documentElement.classList.toggle("is-away", link === "away");
  log.draw(state);
  for (const plot of plots) plot.draw(points);
  if (!now) return;
  const head = headline(now, location);
  remake("address", head, (head, element) => {
    element.textContent = head?.text ?? "No door is open";
    the("only-here").hidden = !head?.here;
  });
  document.title = `${link === "away" ? "Not answering: " : ""}${head?.title ?? ""} · Partyline server`;
  write(the("who"), present(now));
  remake("doors", { doors: now.doors, hosts: now.hosts, last: now.bookEntries }, (_, element) => {
    element.replaceChildren(...now.doors.map((door) => doorRow(door, now)));
  });
  remake("online", { people: now.people, online: now.online, guests: now.guests }, (_, element) => {
    element.replaceChildren(...online(now));
  });
  remake("rooms", { rooms: now.rooms, roomCount: now.roomCount }, ({ rooms, roomCount }, element) => {
    element.replaceChildren(...rooms.map(roomRow), ...more(roomCount - rooms.length));
  });
  for (const [id, text] of totals(now)) write(the(id), text);
}

/** @param {Snapshot} now */
function present({ online, guestCount }) {
  if (online + guestCount === 0) return "Waiting for clients";
  const people = `${counted(online, "person", "people")} online`;
  return guestCount === 0 ? people : `${people}, and ${counted(guestCount, "guest", "guests")}`;
}

/** @param {Snapshot["doors"][number]} door @param {Snapshot} now */
function doorRow(door, { hosts, bookEntries }) {
  const { address, link, how, here } = doorAddress(door, hosts, location);
  const what = link ? make("a", { href: link }, how) : make("code", {}, how);
  const where = make("span", { class: "where" }, make("code", {}, address), ...(here ? [" this machine only"] : []));
  const people = door.door === "address-book" ? `${bookEntries} listed` : counted(door.people, "person", "people");
  const count = `${people}, ${counted(door.sessions, "connection", "connections")}`;
  return make("li", {}, make("h3", {}, doorLabel(door.door)), where, what, make("span", { class: "count" }, count));
}

/** Those who are online by door; who is at two doors stands at both. @param {Snapshot} now */
function online({ doors, people, online, guests, guestCount }) {
  const groups = doors.flatMap(({ door }) => {
    const here = people.filter((person) => person.doors.includes(door));
    const rows = here.map(({ name, since }) =>
      make("li", {}, make("span", { class: "name" }, name), " ", make("small", {}, `since ${clockShown(since)}`))
    );
    const visitors = door === "lobby"
      ? guests.map((name) => make("li", {}, name, " ", make("small", {}, "guest")))
      : [];
    if (rows.length + visitors.length === 0) return [];
    const left = door === "lobby" ? more(guestCount - guests.length) : [];
    return [make("h3", {}, doorLabel(door)), make("ul", {}, ...rows, ...visitors, ...left)];
  });
  if (groups.length === 0) return [make("p", { class: "nobody" }, "Nobody yet.")];
  return online > people.length ? [...groups, make("p", {}, `and ${online - people.length} more`)] : groups;
}

/** @param {Snapshot["rooms"][number]} room */
function roomRow({ name, members, online }) {
  const count = name === "lobby" ? `everybody: ${online}` : `${online} of ${members} online`;
  return make("li", {}, make("span", { class: "name" }, `#${name}`), " ", make("small", {}, count));
}

/** @param {number} count @param {string} one @param {string} several */
function counted(count, one, several) {
  return `${count} ${count === 1 ? one : several}`;
}

/** @param {number} count */
function more(count) {
  return count > 0 ? [make("li", { class: "more" }, `and ${count} more`)] : [];
}

/** @param {Snapshot} now @returns {[string, string][]} */
function totals({ version, startedAt, time, totals, underWay, waitingBytes }) {
  const number = (/** @type {number} */ count) => count.toLocaleString("en-GB");
  const minutes = Math.floor((time - startedAt) / 60_000) * 60_000;
  return [
    ["version", version],
    ["uptime", minutes === 0 ? "less than a minute" : timeShown(minutes)],
    ["said", number(totals.said)],
    ["delivered", number(totals.delivered)],
    ["failed", number(totals.failed)],
    ["under-way", number(underWay)],
    ["waiting-bytes", bytesShown(waitingBytes)],
  ];
}
