import { keyOf } from "./conversation.js";
import { make, the, write } from "./dom.js";
import { LOBBY } from "./state.js";
import { cleaned } from "./text.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./outgoing.js").Target} Target */
/** @typedef {{ key: string, target: Target, name: string, online: boolean | undefined, unread: number, isNew: boolean }} Place */

/** More than this nobody looks through; the field above finds the others. */
const SHOWN = 300;

/** The rooms and people at the side: who is there, and what is unread. */
export class Side {
  #find = /** @type {HTMLInputElement} */ (the("find"));
  #places = the("places");
  /** @type {Map<string, HTMLButtonElement>} */
  #buttons = new Map();
  /** @type {State | undefined} */
  #drawn;

  /** @param {{ go: (to: Target) => void, join: (room: string) => void, leave: () => void }} way */
  constructor(way) {
    this.way = way;
    this.#find.addEventListener("input", () => this.#drawn && this.#fill(this.#drawn));
    the("side").addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {State} state */
  draw(state) {
    const before = this.#drawn;
    this.#drawn = state;
    const { people, rooms, conversations, here, me } = state;
    if (
      before?.people === people && before.rooms === rooms && before.conversations === conversations &&
      before.here === here && before.me === me
    ) return;
    write(the("me"), cleaned(me));
    this.#fill(state);
  }

  /** To the field that finds. */
  focus() {
    this.#find.focus();
  }

  /** @param {State} state */
  #fill(state) {
    // Seen before the buttons move: one that is not in the document has no focus.
    const focused = document.activeElement;
    const hadFocus = this.#places.contains(focused);
    const text = this.#find.value.trim().toLowerCase();
    const fits = (/** @type {Place} */ { name }) => name.toLowerCase().includes(text);
    const { mine, others, people } = placesOf(state);
    const groups = [
      { title: "Rooms", places: mine.filter(fits) },
      { title: "Other rooms", places: others.filter(fits) },
      { title: "People", places: people.filter(fits) },
    ];
    const name = this.#find.value.trim();
    const isThere = [...state.rooms.keys()].includes(name);
    const used = new Set();
    /** @type {HTMLElement[]} */
    const nodes = groups.filter(({ places }) => places.length > 0).flatMap(({ title, places }) => {
      const rest = places.length > SHOWN ? [make("p", { class: "hint" }, `and ${places.length - SHOWN} more`)] : [];
      const items = places.slice(0, SHOWN).map((place) => {
        used.add(place.key);
        return make("li", {}, this.#button(place, state.here));
      });
      return [make("h2", {}, title), make("ul", { "aria-label": title }, ...items), ...rest];
    });
    if (name !== "" && !isThere && !/\s/.test(name)) {
      const join = make("button", { type: "button", class: "place", onclick: () => this.#join(name) });
      join.append(make("span", { class: "mark" }, "+"), make("span", { class: "name" }, `Make the room “${name}”`));
      nodes.push(join);
    } else if (nodes.length === 0) {
      nodes.push(make("p", { class: "hint" }, "Nothing of that name; a room's name has no blanks."));
    }
    const scrolled = this.#places.scrollTop;
    this.#places.replaceChildren(...nodes);
    this.#places.scrollTop = scrolled;
    for (const key of this.#buttons.keys()) if (!used.has(key)) this.#buttons.delete(key);
    // What had the focus may not be in the list any more.
    const next = hadFocus && this.#places.contains(focused) ? focused : this.#find;
    if (hadFocus && next instanceof HTMLElement) next.focus({ preventScroll: true });
    this.#rove();
  }

  /** @param {Place} place @param {string | undefined} here */
  #button({ key, target, name, online, unread, isNew }, here) {
    let button = this.#buttons.get(key);
    if (!button) this.#buttons.set(key, button = make("button", { type: "button" }));
    button.onclick = () => isNew && "room" in target ? this.#join(target.room) : this.#go(target);
    button.className = online === false ? "place away" : "place";
    button.setAttribute("aria-current", String(key === here));
    const mark = online === undefined
      ? make("span", { class: "mark", "aria-hidden": "true" }, isNew ? "+" : "#")
      : make("span", { class: "mark" }, make("span", { class: online ? "dot online" : "dot" }));
    const parts = [mark, make("span", { class: "name" }, make("bdi", {}, cleaned(name)))];
    if (online) parts.push(make("span", { class: "unseen" }, ", online"));
    if (isNew) parts.push(make("span", { class: "unseen" }, ", join"));
    if (unread > 0) {
      parts.push(make("span", { class: "badge" }, String(unread)), make("span", { class: "unseen" }, " unread"));
    }
    button.replaceChildren(...parts);
    return button;
  }

  /** @param {Target} target */
  #go(target) {
    this.#clear();
    this.way.go(target);
  }

  /** @param {string} room */
  #join(room) {
    this.#clear();
    this.way.join(room);
  }

  #clear() {
    if (this.#find.value === "") return;
    this.#find.value = "";
    if (this.#drawn) this.#fill(this.#drawn);
  }

  /** Arrows lead through the list, Enter in the field to the first of it, Escape back. @param {KeyboardEvent} event */
  #key(event) {
    const all = this.#all();
    const at = all.indexOf(/** @type {any} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    const inField = document.activeElement === this.#find;
    if (to !== undefined && (at >= 0 || (inField && event.key === "ArrowDown"))) {
      event.preventDefault();
      if (to < 0) return this.#find.focus();
      const button = all[Math.min(to, all.length - 1)];
      button?.focus();
      this.#rove();
    } else if (event.key === "Enter" && inField && this.#find.value.trim() !== "") {
      event.preventDefault();
      all[0]?.click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (inField && this.#find.value !== "") this.#clear();
      else this.way.leave();
    }
  }

  /** Only one of the list is met by the tab key. */
  #rove() {
    const all = this.#all();
    const chosen = all.find((button) => button === document.activeElement) ??
      all.find((button) => button.getAttribute("aria-current") === "true") ?? all[0];
    for (const button of all) button.tabIndex = button === chosen ? 0 : -1;
  }

  #all() {
    return /** @type {HTMLButtonElement[]} */ ([...this.#places.querySelectorAll("button")]);
  }
}

/** @param {State} state */
function placesOf({ rooms, people, conversations, me }) {
  /** @param {Target} target @param {string} name @param {boolean | undefined} online @param {boolean} isNew @returns {Place} */
  const place = (target, name, online, isNew = false) => {
    const key = keyOf(target);
    return { key, target, name, online, unread: conversations.get(key)?.unread ?? 0, isNew };
  };
  const byName = (/** @type {Place} */ a, /** @type {Place} */ b) => a.name.localeCompare(b.name);
  const all = [...rooms].map(([room, { joined }]) => place({ room }, room, undefined, !joined)).sort(byName);
  const known = new Map(people);
  // Who is not on the list any more may still have said something.
  for (const { target } of conversations.values()) {
    if ("user" in target && !known.has(target.user)) known.set(target.user, false);
  }
  const others = [...known].filter(([user]) => user !== me).map(([user, online]) => place({ user }, user, online)).sort(
    byName,
  );
  const rank = (/** @type {Place} */ { unread, online }) => unread > 0 ? 0 : online ? 1 : 2;
  return {
    mine: all.filter(({ isNew }) => !isNew).sort((a, b) => Number(b.name === LOBBY) - Number(a.name === LOBBY)),
    others: all.filter(({ isNew }) => isNew),
    people: others.sort((a, b) => rank(a) - rank(b)),
  };
}
