import { LOBBY } from "../chat/names.ts";
import type { Target } from "../chat/entry.ts";
import { Backoff } from "../core/backoff.ts";
import { sanitized } from "../core/text.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import { ChatStore } from "./chat_store.ts";
import { ComposeView } from "./compose_view.ts";
import { ConversationView } from "./conversation_view.ts";
import { firstNumber, keyOf, nameOf } from "./conversation.ts";
import { announce, byId, download, setText } from "./dom.ts";
import { PageFiles } from "./files.ts";
import { fetchAbout, LoginView, logOut } from "./login_view.ts";
import { ChatSession } from "./session.ts";
import { SideView } from "./side_view.ts";
import { ReconnectingSocket } from "./socket.ts";
import { type ChatEvent, openConversation, type ServerEvent, unreadCount } from "./state.ts";
import { freshId, UserStorage } from "./storage.ts";

const HISTORY_LIMIT = 100;
/** Silence until the server is pinged, and again until the connection is given up. */
const SILENCE_MS = 12_500;

const store = new ChatStore(() => {
  // The title is visible while the page is not, and is not drawn.
  updateTitle();
  drawRequest ||= requestAnimationFrame(draw);
});
let session: ChatSession | undefined;
let files: PageFiles | undefined;
let drawRequest = 0;
/** The version of the server that this page came from. */
let version: string | undefined;
let siteTitle = "Partyline";
let hasLoggedOut = false;
/** Gets the focus after the next drawing: an element that is not drawn yet cannot have it. */
let focusNext: { focus: () => void } | undefined;

function dispatch(event: ChatEvent): void {
  store.dispatch(event);
}

function updateTitle(): void {
  const unread = unreadCount(store.state);
  const open = openConversation(store.state);
  const name = open ? `${sanitized(nameOf(open.target))} – ` : "";
  const title = `${unread > 0 ? `(${unread}) ` : ""}${name}${siteTitle}`;
  if (document.title !== title) document.title = title;
}

function draw(): void {
  drawRequest = 0;
  byId("chat").hidden = store.state.user === "";
  byId("chat").dataset.pane = store.state.open === undefined ? "side" : "main";
  byId("notice").hidden = store.state.notice === "";
  setText(byId("notice"), sanitized(store.state.notice));
  sideView.draw(store.state);
  conversationView.draw(store.state, Date.now());
  composeView.draw(store.state);
  if (openRoom() === undefined && !byId("members").hidden) showMembers(false);
  focusNext?.focus();
  focusNext = undefined;
  loadEarlier();
}

/** Requests earlier messages once they would be visible. */
function loadEarlier(): void {
  const open = openConversation(store.state);
  if (!open?.more || open.loading || !session?.isLoggedIn || !conversationView.isNearTop) return;
  dispatch({ type: "loading", key: open.key });
  session.ask({ type: "history", of: open.target, before: firstNumber(open), limit: HISTORY_LIMIT });
}

function openRoom(): string | undefined {
  const target = openConversation(store.state)?.target;
  return target && "room" in target ? target.room : undefined;
}

function open(target: Target): void {
  dispatch({ type: "opened", target });
  if ("room" in target && !byId("members").hidden) session?.ask({ type: "who", room: target.room });
  focusNext = composeView;
}

function serverEvent(event: ServerEvent): void {
  const before = store.state.people;
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
      if (keyOf("room" in to ? to : { user: from }) === store.state.open) {
        announce(`${sanitized(from)}: ${sanitized(text)}`);
      } else if ("user" in to) announce(`${sanitized(from)}: a new message`);
    }
  }
}

function loggedIn(rooms: readonly string[]): void {
  session?.ask({ type: "users" });
  session?.ask({ type: "rooms" });
  files?.loggedIn();
  // On a phone the list comes first.
  if (store.state.open !== undefined || !matchMedia("(min-width: 44.01rem)").matches) return;
  if (rooms.includes(LOBBY)) open({ room: LOBBY });
  else focusNext = sideView;
}

/** Makes the page this user's. */
function startSession(user: string): void {
  if (store.state.user === user) return;
  files?.close();
  const storage = new UserStorage(user);
  const unanswered = storage.list<OutgoingMessage>("unsent");
  const started = session = new ChatSession({
    user,
    client: tabName(storage),
    lastNumber: Number(storage.get("lastNumber") ?? 0),
    unanswered,
    send: (json) => socket.send(json),
    show: serverEvent,
    signal: (from, text) => files?.signalled(from, text),
    signalFailed: (to) => files?.signalFailed(to),
    keep: (messages, lastNumber) => {
      storage.set("unsent", messages);
      storage.set("lastNumber", lastNumber);
    },
    broken: () => socket.giveUp(),
  });
  files = new PageFiles({
    signal: (to, text) => started.signal(to, text),
    say,
    show: (file) => dispatch({ type: "file", file }),
    forget: (id) => dispatch({ type: "fileForgotten", id }),
    problem: (text) => dispatch({ type: "notice", text }),
    save: download,
    storage,
    now: () => performance.now(),
  });
  store.setUser(user, storage, unanswered);
}

/** The name of this tab among all clients of the user: its numbers go on after a reload. */
function tabName(own: UserStorage): string {
  const known = own.get("client");
  if (typeof known === "string") return known;
  const name = freshId();
  own.set("client", name);
  return name;
}

function say(to: Target, text: string): OutgoingMessage | { readonly why: string } {
  const said = session!.say(to, text, Date.now());
  if ("why" in said) dispatch({ type: "notice", text: `Not sent: ${said.why}` });
  else dispatch({ type: "written", message: said });
  return said;
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
      const why = store.state.user === "" || hasLoggedOut ? "" : "Please log in again. Nothing that you wrote is lost.";
      loginView.open(about, siteTitle, store.state.user, why);
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
  const to = openRoom() === undefined ? { user: store.state.user } : { room: openRoom()! };
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
  store.clearUser();
  socket.open();
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || store.state.user === "") return;
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
setInterval(
  () => store.state.connection.state === "lost" && conversationView.drawConnection(store.state, Date.now()),
  500,
);

socket.open();
