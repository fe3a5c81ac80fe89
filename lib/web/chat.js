import { firstNumber, keyOf } from "./conversation.js";
import { make, the, write } from "./dom.js";
import { freshName, readOffer } from "./file_offer.js";
import { Files } from "./files.js";
import { askAbout, leave } from "./host.js";
import { Keep } from "./keep.js";
import { Socket } from "./socket.js";
import { LOBBY, next, NOTHING, unreadOf } from "./state.js";
import { Talk } from "./talk.js";
import { cleaned } from "./text.js";
import { Compose } from "./view_compose.js";
import { Door } from "./view_door.js";
import { Side } from "./view_side.js";
import { TalkView } from "./view_talk.js";

/** @typedef {import("./state.js").ChatEvent} ChatEvent */
/** @typedef {import("./outgoing.js").Target} Target */
/** @typedef {import("./conversation.js").Conversation} Conversation */

const HISTORY = 100;
const NOTE_MS = 8000;
/** Files of which it is known after a reload what became of them. */
const DECIDED = 200;
/** Messages that were read aloud and are still in the document. */
const HEARD = 20;

/** The chat page: what the server tells and the person does goes into the state, and what is seen comes out of it. */
let state = NOTHING;
/** @type {Talk | undefined} */
let talk;
/** @type {Files | undefined} */
let files;
let keep = new Keep("");
let drawing = 0;
let noteTimer = 0;
/** Of the server that this page came from. @type {string | undefined} */
let version;
let title = "Partyline";
let isLeaving = false;
/** What has the focus once it is drawn. @type {{ focus: () => void } | undefined} */
let focusNext;

/** @param {ChatEvent} event */
function happen(event) {
  const before = state;
  state = next(state, event);
  if (state.here !== before.here) keep.set("here", state.here);
  if (state.conversations !== before.conversations) {
    keepOf("unread", ({ unread }) => unread || undefined);
    keepOf("drafts", ({ draft }) => draft || undefined);
  }
  if (event.type === "note" || event.type === "denied") {
    clearTimeout(noteTimer);
    noteTimer = setTimeout(() => happen({ type: "noted" }), NOTE_MS);
  }
  // A page that nobody sees is not drawn; its title is seen all the same.
  entitle();
  drawing ||= requestAnimationFrame(draw);
}

/** What every conversation has to be kept of. @param {string} name @param {(talk: Conversation) => unknown} value */
function keepOf(name, value) {
  const kept = [...state.conversations.values()].map((talk) => ({ to: talk.target, value: value(talk) }));
  keep.set(name, kept.filter(({ value }) => value !== undefined));
}

function entitle() {
  const unread = unreadOf(state);
  const open = state.here === undefined ? undefined : state.conversations.get(state.here);
  const name = open ? `${cleaned("room" in open.target ? open.target.room : open.target.user)} – ` : "";
  const shown = `${unread > 0 ? `(${unread}) ` : ""}${name}${title}`;
  if (document.title !== shown) document.title = shown;
}

function draw() {
  drawing = 0;
  the("chat").hidden = state.me === "";
  the("chat").dataset.pane = state.here === undefined ? "side" : "main";
  the("note").hidden = state.note === "";
  write(the("note"), cleaned(state.note));
  side.draw(state);
  view.draw(state, Date.now());
  view.drawConnection(state, Date.now());
  view.drawReading(state);
  // Only a room has people in it.
  if (!state.here?.startsWith("room ") && !the("members").hidden) showMembers(false);
  view.drawMembers(state);
  compose.draw(state);
  // What is not drawn yet cannot have the focus.
  focusNext?.focus();
  focusNext = undefined;
  earlier();
}

/** What was said before is asked for as soon as it would be seen. */
function earlier() {
  const open = state.here === undefined ? undefined : state.conversations.get(state.here);
  if (!open || !open.more || open.loading || !talk?.isIn || !view.isNearTop) return;
  happen({ type: "loading", key: open.key });
  talk.ask({ type: "history", of: open.target, before: firstNumber(open), limit: HISTORY });
}

/** @param {Target} to */
function go(to) {
  happen({ type: "went", to });
  if ("room" in to && !the("members").hidden) talk?.ask({ type: "who", room: to.room });
  focusNext = compose;
}

/** @param {string} from @param {string} text */
function readAloud(from, text) {
  const heard = the("heard");
  heard.append(make("p", {}, `${cleaned(from)}: ${cleaned(text)}`));
  while (heard.childElementCount > HEARD) heard.firstElementChild?.remove();
}

/** @param {ChatEvent} event */
function learn(event) {
  const known = state.people;
  happen(event);
  if (event.type === "in") cameIn(event.rooms);
  if (event.type === "elsewhere") {
    socket.leave();
    talk?.lost();
  }
  if (event.type === "joined") {
    focusNext = compose;
    talk?.ask({ type: "rooms" });
  }
  if (event.type === "presence") { for (const name of event.online) if (!known.get(name)) files?.online(name); }
  if (event.type === "message" && !event.own) {
    const { from, to, text } = event.said;
    const offer = readOffer(text);
    if (offer) files?.heard(offer, from);
    const key = keyOf("room" in to ? to : { user: from });
    if (key === state.here) readAloud(from, text);
    else if ("user" in to) readAloud(from, "a new message");
  }
}

/** @param {readonly string[]} rooms */
function cameIn(rooms) {
  talk?.ask({ type: "users" });
  talk?.ask({ type: "rooms" });
  files?.cameIn();
  if (state.here !== undefined) return;
  // On a phone one begins with the list; peers have no room that everybody is in.
  if (!matchMedia("(min-width: 44.01rem)").matches) return;
  if (rooms.includes(LOBBY)) go({ room: LOBBY });
  else focusNext = side;
}

/** From now on it is this person's chat. @param {string} name */
function enterAs(name) {
  if (state.me === name) return;
  files?.leaving();
  keep = new Keep(name);
  const own = keep;
  /** @type {import("./outgoing.js").Unanswered[]} */
  const waiting = own.list("unsent");
  const talking = talk = new Talk(
    {
      send: (json) => socket.send(json),
      show: learn,
      signalled: (from, text) => files?.signalled(from, text),
      unheard: (to) => files?.unheard(to),
      keep: (unanswered) => own.set("unsent", unanswered),
      broken: () => socket.give(),
    },
    name,
    freshName(),
    waiting,
  );
  files = new Files({
    signal: (to, text) => talking.signal(to, text),
    say: (to, text) => say(to, text),
    show: (file) => {
      happen({ type: "file", file });
      if (file.state !== "ended" && file.state !== "received") return;
      own.set("files", [...own.list("files"), { ...file, state: "ended", url: undefined }].slice(-DECIDED));
      if (file.text.startsWith("not offered")) happen({ type: "note", text: `${file.name} is ${file.text}` });
    },
    save,
    keep: (debts) => own.set("debts", debts),
    later: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    now: () => performance.now(),
  }, { debts: own.list("debts"), ended: own.list("ended") });
  const here = own.get("here", /** @type {string | null} */ (null));
  /** @type {{ to: Target, value: number }[]} */
  const unread = own.list("unread");
  /** @type {{ to: Target, value: string }[]} */
  const drafts = own.list("drafts");
  happen({ type: "entered", name });
  for (const said of waiting) happen({ type: "said", said });
  for (const { to, value } of unread) happen({ type: "unread", to, count: value });
  for (const file of own.list("files")) happen({ type: "file", file: /** @type {any} */ (file) });
  for (const { to, value } of drafts) happen({ type: "draft", to, text: value });
  const [kind, ...rest] = here?.split(" ") ?? [];
  const place = rest.join(" ");
  if (kind) happen({ type: "went", to: kind === "room" ? { room: place } : { user: place } });
}

/** @param {Target} to @param {string} text */
function say(to, text) {
  const said = /** @type {Talk} */ (talk).say(to, text, Date.now());
  if ("why" in said) happen({ type: "note", text: `Not sent: ${said.why}` });
  else happen({ type: "said", said });
  return said;
}

/** Gives a file to the person, as a download. @param {Blob} file @param {string} name */
function save(file, name) {
  const url = URL.createObjectURL(file);
  const link = make("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  return url;
}

const socket = new Socket({
  may: async () => {
    const told = await askAbout();
    title = told.title ?? title;
    the("logout").hidden = told.host === "client";
    // A page of an older server may not understand the newer one.
    if (version !== undefined && version !== told.version) {
      happen({ type: "note", text: "The server is another version now: load this page anew when you can." });
    }
    version ??= told.version;
    if (told.name === null) {
      const why = "You have to log in again; nothing that you typed is lost.";
      door.open(told, title, state.me, state.me === "" || isLeaving ? "" : why);
      return false;
    }
    door.close();
    enterAs(told.name);
    happen({ type: "connection", connection: { state: "connecting" } });
    return true;
  },
  opened: () => talk?.opened(),
  received: (text) => talk?.received(text),
  turned: () => talk?.flush(),
  quiet: () => talk?.ping(),
  lost: (againMs) => {
    happen({ type: "connection", connection: { state: "lost", againAt: Date.now() + againMs } });
    talk?.lost();
  },
});

const door = new Door(() => {
  isLeaving = false;
  socket.open();
});

const view = new TalkView({
  earlier,
  act: (what, offer, from) => {
    if (what === "accept") files?.accept(offer, from);
    else if (what === "refuse") files?.refuse(offer, from);
    else files?.withdraw(offer.id);
  },
});

const side = new Side({
  go,
  join: (room) => talk?.ask({ type: "join", room }),
  leave: () => compose.focus(),
});

const compose = new Compose({
  say: (to, text) => "id" in say(to, text),
  offer: (file, to) => void files?.offer(file, to),
  draft: (to, text) => happen({ type: "draft", to, text }),
  toEnd: () => view.toEnd(),
});

/** @param {boolean} isShown */
function showMembers(isShown) {
  the("members").hidden = !isShown;
  the("people").setAttribute("aria-expanded", String(isShown));
  const open = state.conversations.get(state.here ?? "");
  if (isShown && open && "room" in open.target) talk?.ask({ type: "who", room: open.target.room });
}

/** Back to the list: on a phone that is another pane. */
function back() {
  if (!matchMedia("(max-width: 44rem)").matches) return side.focus();
  focusNext = side;
  happen({ type: "closed" });
}

the("retry").addEventListener("click", () => socket.tryNow());
the("back").addEventListener("click", back);
the("people").addEventListener("click", () => showMembers(the("members").hidden === true));
the("members-close").addEventListener("click", () => {
  showMembers(false);
  the("people").focus();
});
the("leave").addEventListener("click", () => {
  const open = state.conversations.get(state.here ?? "");
  if (open && "room" in open.target) talk?.ask({ type: "leave", room: open.target.room });
});
the("logout").addEventListener("click", () => void logOut());

async function logOut() {
  const waiting = talk?.outgoing.all.length ?? 0;
  const lost = waiting > 0
    ? `${waiting} of your messages were not sent yet`
    : files?.moves
    ? "Files are still offered"
    : "";
  if (lost !== "" && !confirm(`${lost}. Log out all the same?`)) return;
  isLeaving = true;
  files?.leaving();
  await leave().catch(() => {});
  socket.close();
  talk?.lost();
  happen({ type: "entered", name: "" });
  keep.forget();
  socket.open();
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || state.me === "") return;
  if (!the("members").hidden) showMembers(false);
  else if (document.activeElement === the("text")) back();
  else compose.focus();
});
addEventListener("beforeunload", (event) => {
  if (files?.moves) event.preventDefault();
});
addEventListener("pagehide", () => {
  if (files) keep.set("ended", files.leaving());
});

function watch() {
  happen({ type: "watching", watching: document.visibilityState === "visible" && document.hasFocus() });
}

for (const type of ["focus", "blur"]) addEventListener(type, watch);
document.addEventListener("visibilitychange", watch);
watch();
setInterval(() => state.connection.state === "lost" && view.drawConnection(state, Date.now()), 500);

socket.open();
