import { LOBBY } from "../chat/names.ts";
import type { Target } from "../chat/store.ts";
import { Backoff } from "../core/backoff.ts";
import { sanitized } from "../core/text.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import { ComposeView } from "./compose_view.ts";
import { ConversationView } from "./conversation_view.ts";
import { type Conversation, firstNumber, keyOf, nameOf } from "./conversation.ts";
import { byId, make, setText } from "./dom.ts";
import { isUnderWay } from "./file_view.ts";
import { PageFiles } from "./files.ts";
import { fetchAbout, LoginView, logOut } from "./login_view.ts";
import { ChatSession } from "./session.ts";
import { SideView } from "./side_view.ts";
import { ReconnectingSocket } from "./socket.ts";
import { type ChatEvent, INITIAL, openConversation, reduce, type ServerEvent, unreadCount } from "./state.ts";
import { freshId, UserStorage } from "./storage.ts";

const HISTORY_LIMIT = 100;
const NOTICE_MS = 8000;
/** Cap on finished files whose outcome survives a reload. */
const MAX_KEPT_FILES = 200;
/** Cap on announced messages in the document. */
const MAX_ANNOUNCED = 20;

/** Silence until the server is pinged, and again until the connection is given up. */
const SILENCE_MS = 12_500;

let state = INITIAL;
let session: ChatSession | undefined;
let files: PageFiles | undefined;
let storage = new UserStorage("");
let drawRequest = 0;
let noticeTimer: ReturnType<typeof setTimeout> | undefined;
/** The version of the server that this page came from. */
let version: string | undefined;
let siteTitle = "Partyline";
let hasLoggedOut = false;
/** Gets the focus after the next drawing: an element that is not drawn yet cannot have it. */
let focusNext: { focus: () => void } | undefined;

function dispatch(event: ChatEvent): void {
  const before = state;
  state = reduce(state, event);
  if (state.open !== before.open) storage.set("here", state.open);
  if (state.conversations !== before.conversations) {
    storeOfEach("unread", ({ unread }) => unread || undefined);
    storeOfEach("drafts", ({ draft }) => draft || undefined);
  }
  if (state.notice !== before.notice && state.notice !== "") {
    clearTimeout(noticeTimer);
    noticeTimer = setTimeout(() => dispatch({ type: "noticeExpired" }), NOTICE_MS);
  }
  // The title is visible while the page is not, and is not drawn.
  updateTitle();
  drawRequest ||= requestAnimationFrame(draw);
}

/** Stores one value of every conversation that has it. */
function storeOfEach(key: string, valueOf: (conversation: Conversation) => unknown): void {
  const values = [...state.conversations.values()].map((each) => ({ to: each.target, value: valueOf(each) }));
  storage.set(key, values.filter(({ value }) => value !== undefined));
}

function updateTitle(): void {
  const unread = unreadCount(state);
  const open = openConversation(state);
  const name = open ? `${sanitized(nameOf(open.target))} – ` : "";
  const title = `${unread > 0 ? `(${unread}) ` : ""}${name}${siteTitle}`;
  if (document.title !== title) document.title = title;
}

function draw(): void {
  drawRequest = 0;
  byId("chat").hidden = state.user === "";
  byId("chat").dataset.pane = state.open === undefined ? "side" : "main";
  byId("notice").hidden = state.notice === "";
  setText(byId("notice"), sanitized(state.notice));
  sideView.draw(state);
  conversationView.draw(state, Date.now());
  composeView.draw(state);
  if (openRoom() === undefined && !byId("members").hidden) showMembers(false);
  focusNext?.focus();
  focusNext = undefined;
  loadEarlier();
}

/** Requests earlier messages once they would be visible. */
function loadEarlier(): void {
  const open = openConversation(state);
  if (!open?.more || open.loading || !session?.isLoggedIn || !conversationView.isNearTop) return;
  dispatch({ type: "loading", key: open.key });
  session.ask({ type: "history", of: open.target, before: firstNumber(open), limit: HISTORY_LIMIT });
}

function openRoom(): string | undefined {
  const target = openConversation(state)?.target;
  return target && "room" in target ? target.room : undefined;
}

function open(target: Target): void {
  dispatch({ type: "opened", target });
  if ("room" in target && !byId("members").hidden) session?.ask({ type: "who", room: target.room });
  focusNext = composeView;
}

/** Has a screen reader say something. */
function announce(from: string, text: string): void {
  const list = byId("announced");
  list.append(make("p", {}, `${sanitized(from)}: ${sanitized(text)}`));
  while (list.childElementCount > MAX_ANNOUNCED) list.firstElementChild?.remove();
}

function serverEvent(event: ServerEvent): void {
  const before = state.people;
  dispatch(event);
  switch (event.type) {
    case "loggedIn":
      return loggedIn(event.rooms);
    case "elsewhere":
      socket.pause();
      return session?.lost();
    case "joined":
      focusNext = composeView;
      return session?.ask({ type: "rooms" });
    case "presence":
      for (const name of event.online) if (!before.get(name)) files?.online(name);
      return;
    case "message": {
      if (event.own) return;
      const { from, to, text } = event.message;
      files?.received(event.message);
      if (keyOf("room" in to ? to : { user: from }) === state.open) announce(from, text);
      else if ("user" in to) announce(from, "a new message");
    }
  }
}

function loggedIn(rooms: readonly string[]): void {
  session?.ask({ type: "users" });
  session?.ask({ type: "rooms" });
  files?.loggedIn();
  // On a phone the list comes first.
  if (state.open !== undefined || !matchMedia("(min-width: 44.01rem)").matches) return;
  if (rooms.includes(LOBBY)) open({ room: LOBBY });
  else focusNext = sideView;
}

/** Makes the page this user's. */
function startSession(user: string): void {
  if (state.user === user) return;
  files?.close();
  const own = storage = new UserStorage(user);
  const unanswered = own.list<OutgoingMessage>("unsent");
  const started = session = new ChatSession({
    user,
    run: freshId(),
    unanswered,
    send: (json) => socket.send(json),
    show: serverEvent,
    signal: (from, text) => files?.signalled(from, text),
    signalFailed: (to) => files?.signalFailed(to),
    keep: (messages) => own.set("unsent", messages),
    broken: () => socket.giveUp(),
  });
  files = new PageFiles({
    signal: (to, text) => started.signal(to, text),
    say,
    show(file) {
      dispatch({ type: "file", file });
      if (isUnderWay(file)) return;
      own.set("files", [...own.list("files"), { ...file, state: "ended", url: undefined }].slice(-MAX_KEPT_FILES));
    },
    forget: (id) => dispatch({ type: "fileForgotten", id }),
    problem: (text) => dispatch({ type: "notice", text }),
    save: saveFile,
    storage: own,
    now: () => performance.now(),
  });
  restore(user, unanswered);
}

/** Restores what an earlier page of the user has stored. */
function restore(user: string, unanswered: readonly OutgoingMessage[]): void {
  const stored = storage;
  const open = stored.get("here");
  const unread = stored.list<{ to: Target; value: number }>("unread");
  const drafts = stored.list<{ to: Target; value: string }>("drafts");
  dispatch({ type: "user", name: user });
  for (const message of unanswered) dispatch({ type: "written", message });
  for (const { to, value } of unread) dispatch({ type: "unread", target: to, count: value });
  for (const file of stored.list<Extract<ChatEvent, { type: "file" }>["file"]>("files")) {
    dispatch({ type: "file", file });
  }
  for (const { to, value } of drafts) dispatch({ type: "draft", target: to, text: value });
  const [, kind, name] = /^(room|user) (.*)$/s.exec(String(open)) ?? [];
  if (name !== undefined) dispatch({ type: "opened", target: kind === "room" ? { room: name } : { user: name } });
}

function say(to: Target, text: string): OutgoingMessage | { readonly why: string } {
  const said = session!.say(to, text, Date.now());
  if ("why" in said) dispatch({ type: "notice", text: `Not sent: ${said.why}` });
  else dispatch({ type: "written", message: said });
  return said;
}

/** Downloads a file; the address under which the page still has it. */
function saveFile(file: Blob, name: string): string {
  const url = URL.createObjectURL(file);
  const link = make("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  return url;
}

const socket = new ReconnectingSocket({
  path: "/chat",
  silenceMs: SILENCE_MS,
  backoff: new Backoff(),
  async mayConnect() {
    const about = await fetchAbout();
    siteTitle = about.title ?? siteTitle;
    byId("logout").hidden = about.host === "client";
    if (version !== undefined && version !== about.version) {
      dispatch({ type: "notice", text: "The server has another version now. Please reload this page." });
    }
    version ??= about.version;
    if (about.name === null) {
      const why = state.user === "" || hasLoggedOut ? "" : "Please log in again. Nothing that you wrote is lost.";
      loginView.open(about, siteTitle, state.user, why);
      return false;
    }
    loginView.close();
    startSession(about.name);
    dispatch({ type: "connection", connection: { state: "connecting" } });
    return true;
  },
  opened: () => session?.opened(),
  received: (data) => session?.received(data),
  ping: () => session?.ping(),
  lost(retryMs) {
    dispatch({ type: "connection", connection: { state: "lost", retryAt: Date.now() + retryMs } });
    session?.lost();
  },
});

const loginView = new LoginView(() => {
  hasLoggedOut = false;
  socket.open();
});

const conversationView = new ConversationView((action, { message, offer }) => {
  if (action === "withdraw") return files?.withdraw(offer.id);
  const to = openRoom() === undefined ? { user: state.user } : { room: openRoom()! };
  files?.decide(action, { from: message.from, to, text: message.text });
}, loadEarlier);

const sideView = new SideView({
  open,
  join: (room) => session?.ask({ type: "join", room }),
  leave: () => composeView.focus(),
});

const composeView = new ComposeView({
  send(to, text) {
    const isAccepted = "id" in say(to, text);
    if (isAccepted) conversationView.scrollToEnd();
    return isAccepted;
  },
  offerFile: (file, to) => files?.offer(file, to),
  saveDraft: (target, text) => dispatch({ type: "draft", target, text }),
});

function showMembers(isShown: boolean): void {
  byId("members").hidden = !isShown;
  byId("people").setAttribute("aria-expanded", String(isShown));
  const room = openRoom();
  if (isShown && room !== undefined) session?.ask({ type: "who", room });
}

/** Back to the list, which is another pane on a phone. */
function back(): void {
  if (!matchMedia("(max-width: 44rem)").matches) return sideView.focus();
  focusNext = sideView;
  dispatch({ type: "closed" });
}

byId("retry").addEventListener("click", () => socket.retryNow());
byId("back").addEventListener("click", back);
byId("people").addEventListener("click", () => showMembers(byId("members").hidden === true));
byId("members-close").addEventListener("click", () => {
  showMembers(false);
  byId("people").focus();
});
byId("leave").addEventListener("click", () => {
  const room = openRoom();
  if (room !== undefined) session?.ask({ type: "leave", room });
});
byId("logout").addEventListener("click", () => void endSession());

async function endSession(): Promise<void> {
  const waiting = session?.waiting ?? 0;
  const loss = waiting > 0
    ? `${waiting} of your messages are not sent yet`
    : files?.underWay
    ? "Files are still offered"
    : "";
  if (loss !== "" && !confirm(`${loss}. Log out anyway?`)) return;
  hasLoggedOut = true;
  files?.withdrawAll();
  await logOut().catch(() => {});
  socket.close();
  session?.lost();
  dispatch({ type: "user", name: "" });
  storage.clear();
  socket.open();
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || state.user === "") return;
  if (!byId("members").hidden) showMembers(false);
  else if (document.activeElement === byId("text")) back();
  else composeView.focus();
});
addEventListener("beforeunload", (event) => {
  if (files?.underWay) event.preventDefault();
});
addEventListener("pagehide", () => files?.withdrawAll());

function updateVisible(): void {
  dispatch({ type: "visible", visible: document.visibilityState === "visible" && document.hasFocus() });
}

for (const type of ["focus", "blur"]) addEventListener(type, updateVisible);
document.addEventListener("visibilitychange", updateVisible);
updateVisible();
setInterval(() => state.connection.state === "lost" && conversationView.drawConnection(state, Date.now()), 500);

socket.open();
