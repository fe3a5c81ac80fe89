import { isPlainLabel, LOBBY } from "../chat/names.ts";
import { mentions } from "../core/rich_text.ts";
import type { ShownMessage } from "../protocols/native/client_event.ts";
import type { Target } from "../chat/entry.ts";
import type { RoomChange } from "../chat/event.ts";
import { Backoff } from "../core/backoff.ts";
import { oneLine, sanitized } from "../core/text.ts";
import type { OutgoingMessage } from "../protocols/native/outgoing.ts";
import { readSearchText } from "../protocols/native/search_text.ts";
import { Attachments } from "./attachments.ts";
import { canAskForNotifications, markIcon, notify, playTone } from "./attention.ts";
import { ChatStore } from "./chat_store.ts";
import { ComposeView } from "./compose_view.ts";
import { ConversationView } from "./conversation_view.ts";
import { keyOf, type Message, nameOf } from "./conversation.ts";
import { announce, byId, download, make, setText } from "./dom.ts";
import { PageFiles } from "./files.ts";
import { localTime, typedText, useTwelveHours } from "./format.ts";
import { fetchAbout, LoginView, logOut } from "./login_view.ts";
import { LeaveView } from "./leave_view.ts";
import { keyProtocols } from "./page_key.ts";
import { readLink } from "./permalinks.ts";
import { ChatSession } from "./session.ts";
import { SettingsStore } from "./settings_store.ts";
import { applyTheme, SettingsView } from "./settings_view.ts";
import { readSlash, SLASH_COMMANDS, type SlashAction } from "./slash_commands.ts";
import { SearchView } from "./search_view.ts";
import { SideView } from "./side_view.ts";
import { ReconnectingSocket } from "./socket.ts";
import {
  type ChatEvent,
  editableBefore,
  openConversation,
  repliableBefore,
  type ServerEvent,
  unreadCount,
} from "./state.ts";
import { UserStorage } from "./storage.ts";
import { TabIdentity } from "./tab_identity.ts";

const HISTORY_LIMIT = 100;
const HITS = 50;
/** Silence until the server is pinged, and again until the connection is given up. */
const SILENCE_MS = 12_500;

const store = new ChatStore(() => {
  // The title is visible while the page is not, and is not drawn.
  updateTitle();
  drawRequest ||= requestAnimationFrame(draw);
});
let session: ChatSession | undefined;
let files: PageFiles | undefined;
/** The largest file that can be left at the server. */
let attachmentBytes = 0;
let tab: TabIdentity | undefined;
let drawRequest = 0;
/** The version of the server that this page came from. */
let version: string | undefined;
let siteTitle = "Partyline";
let hasLoggedOut = false;
/** Why the last log-out does not hold. */
let logOutFault: string | undefined;
/** The room that a guest enters once there is a session. */
let guestRoom = "";
/** Whether the page has gone where its address leads. */
let isLinkFollowed = false;
/** Gets the focus after the next drawing: an element that is not drawn yet cannot have it. */
let focusNext: { focus: () => void } | undefined;

function dispatch(event: ChatEvent): void {
  store.dispatch(event);
}

function updateTitle(): void {
  const unread = unreadCount(store.state);
  markIcon(unread > 0);
  const open = openConversation(store.state);
  const name = open ? `${sanitized(nameOf(open.target))} – ` : "";
  const title = `${unread > 0 ? `(${unread}) ` : ""}${name}${siteTitle}`;
  if (document.title !== title) document.title = title;
}

function draw(): void {
  drawRequest = 0;
  byId("chat").hidden = store.state.user === "";
  byId("chat").dataset.connection = store.state.connection.state;
  byId("chat").dataset.pane = store.state.open === undefined ? "side" : "main";
  byId("notice").hidden = store.state.notice === "";
  setText(byId("notice"), sanitized(store.state.notice));
  sideView.draw(store.state);
  conversationView.draw(store.state, Date.now());
  composeView.draw(store.state);
  searchView.draw(store.state, Date.now());
  if (openRoom() === undefined && !byId("members").hidden) showPane("members", false);
  focusNext?.focus();
  focusNext = undefined;
  recordPane();
  loadMore();
  reportRead();
}

/** Requests the newest messages, and others once they would be visible. */
function loadMore(): void {
  const open = openConversation(store.state);
  if (!open || !session?.isLoggedIn) return;
  const { key, target: of, window, completeFrom } = open;
  const ask = { type: "history", of, limit: HISTORY_LIMIT } as const;
  const shown = window ?? open;
  const isFirst = !window && completeFrom === undefined;
  if (shown.more && !shown.loading && (isFirst || conversationView.isNearTop)) {
    dispatch({ type: "loading", key });
    session.ask({ ...ask, before: window ? window.from : completeFrom });
  }
  if (window?.moreAfter && !window.loadingAfter && conversationView.isNearEnd) {
    dispatch({ type: "loading", key, later: true });
    session.ask({ ...ask, after: window.upTo });
  }
}

/** Tells the server, once a drawing, what the user has read. */
function reportRead(): void {
  if (!session?.isLoggedIn || !store.state.overview) return;
  for (const { key, target, read, reported } of store.state.conversations.values()) {
    if (read <= reported) continue;
    session.read(target, read);
    dispatch({ type: "reported", key, upTo: read });
  }
}

/** Opens a conversation at a message of its history. */
function jump(of: Target, to: number): void {
  dispatch({ type: "jumped", target: of, to });
  if (isDrawer()) showPane("finder", false);
  if (!openConversation(store.state)?.window) return;
  session?.ask({ type: "history", of, before: to + 1, limit: HISTORY_LIMIT / 2 });
  session?.ask({ type: "history", of, after: to, limit: HISTORY_LIMIT / 2 });
}

/** Goes to the message that the address of the page leads to. */
function followLink(): void {
  const link = readLink(location.hash);
  if (!link) return;
  const { target, at } = link;
  const isKnown = "room" in target
    ? store.state.rooms.get(target.room)?.joined
    : store.state.people.has(target.user) || store.state.conversations.has(keyOf(target));
  if (isKnown) jump(target, at);
  else dispatch({ type: "notice", text: `The link leads to ${nameOf(target)}, where you are not.` });
}

function search(text: string, before?: number): void {
  const read = readSearchText(text, store.state.rooms, localTime);
  if ("why" in read) return dispatch({ type: "searchFailed", text, why: `No search: ${read.why}.` });
  const question = { type: "search", ...read, ...(before === undefined ? {} : { before }), limit: HITS } as const;
  dispatch({ type: "searched", text, question });
  session?.ask(question);
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
    case "closing":
      if (event.why === undefined) return;
      // falls through
    case "elsewhere":
      socket.pause();
      return session?.lost();
    case "users":
      // Everything that a link can lead to is known now.
      if (!isLinkFollowed) followLink();
      isLinkFollowed = true;
      return;
    case "joined":
      focusNext = composeView;
      return session?.ask({ type: "rooms" });
    case "roomChanges":
      return membersChanged(event.rooms);
    case "presence":
      for (const name of event.online) if (!before.get(name)) files?.online(name);
      return;
    case "message": {
      if (event.own) return;
      callFor(event.message);
      const { from, to, text } = event.message;
      // Another program offers no files, whatever its text looks like.
      if (!isPlainLabel(from)) files?.received(event.message);
      if (keyOf("room" in to ? to : { user: from }) === store.state.open) {
        announce(`${sanitized(from)}: ${sanitized(oneLine(text))}`);
      } else if ("user" in to) announce(`${sanitized(from)}: a new message`);
    }
  }
}

function loggedIn(rooms: readonly string[]): void {
  session?.ask({ type: "users" });
  session?.ask({ type: "rooms" });
  files?.loggedIn();
  if (guestRoom !== "") {
    session?.ask({ type: "join", room: guestRoom, unlisted: true });
    guestRoom = "";
    return;
  }
  // On a phone the list comes first.
  if (store.state.open !== undefined || !matchMedia("(min-width: 44.01rem)").matches) return;
  if (rooms.includes(LOBBY)) open({ room: LOBBY });
  else focusNext = sideView;
}

/** Asks for the members of the open room, where they are shown and have changed. */
function membersChanged(rooms: readonly RoomChange[]): void {
  const room = openRoom();
  if (room === undefined || byId("members").hidden || !rooms.some(({ name }) => name === room)) return;
  session?.ask({ type: "who", room });
}

/** Calls the user, if they do not see the message anyway: by a tone, and by a notification of what is meant for them. */
function callFor({ from, to, text }: ShownMessage): void {
  const target = "room" in to ? to : { user: from };
  const key = keyOf(target);
  const isMention = "room" in to && mentions(text, store.state.user);
  if (store.state.visible && store.state.open === key) return;
  if (store.state.muted.has(key) && !isMention) return;
  if (settings.current.sounds) playTone();
  if (store.state.visible || !settings.current.notifications || ("room" in to && !isMention)) return;
  const where = "room" in to ? `${sanitized(from)} in ${sanitized(to.room)}` : sanitized(from);
  notify(where, sanitized(oneLine(text)).slice(0, 200), key, () => open(target));
}

/** Mutes the open conversation, or not any more. */
function toggleMute(): void {
  const { open, user } = store.state;
  const name = `${user} ${open}`;
  const { muted } = settings.current;
  settings.set({ muted: muted.includes(name) ? muted.filter((each) => each !== name) : [...muted, name] });
}

function settingsChanged(): void {
  const { current } = settings;
  applyTheme(current);
  useTwelveHours(current.clock === "12");
  const own = `${store.state.user} `;
  const keys = current.muted.filter((each) => each.startsWith(own)).map((each) => each.slice(own.length));
  conversationView.redraw();
  dispatch({ type: "muted", keys: new Set(keys) });
}

/** Makes the page this user's. */
async function startSession(user: string): Promise<void> {
  if (store.state.user === user) return;
  files?.close();
  leaveView.clear();
  attachments.close();
  tab?.close();
  const storage = new UserStorage(user);
  const own = tab = await TabIdentity.open(storage);
  const { client, lastNumber, unanswered } = own.kept;
  const started = session = new ChatSession({
    user,
    client,
    lastNumber,
    unanswered,
    send: (json) => socket.send(json),
    show: serverEvent,
    signal: (from, text) => files?.signalled(from, text),
    signalFailed: (to) => files?.signalFailed(to),
    keep: (messages, lastNumber) => own.keep(messages, lastNumber),
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
  settingsChanged();
}

function say(to: Target, text: string, reply?: number): OutgoingMessage | { readonly why: string } {
  const said = session!.say(to, text, Date.now(), reply);
  if ("why" in said) dispatch({ type: "notice", text: `Not sent: ${said.why}` });
  else dispatch({ type: "written", message: said });
  return said;
}

const socket = new ReconnectingSocket({
  path: "/chat",
  protocols: keyProtocols,
  silenceMs: SILENCE_MS,
  backoff: new Backoff(),
  async mayConnect() {
    const about = await fetchAbout();
    if (typeof about === "string") {
      document.body.replaceChildren(make("p", { role: "alert" }, about));
      return false;
    }
    siteTitle = about.title ?? siteTitle;
    attachmentBytes = about.attachmentBytes ?? 0;
    byId("logout").hidden = about.host === "client";
    byId("addresses").hidden = about.hasTable !== true;
    if (version !== undefined && version !== about.version) {
      dispatch({ type: "notice", text: "The server has another version now. Please reload this page." });
    }
    version ??= about.version;
    if (about.name === null) {
      const again = store.state.user === "" || hasLoggedOut
        ? ""
        : "Please log in again. Nothing that you wrote is lost.";
      const why = logOutFault ?? again;
      logOutFault = undefined;
      loginView.open(about, siteTitle, store.state.user, why);
      return false;
    }
    loginView.close();
    await startSession(about.name);
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

const settings = new SettingsStore(settingsChanged);
const settingsView = new SettingsView(settings, () => void endSession(true));

const loginView = new LoginView((room) => {
  hasLoggedOut = false;
  guestRoom = room;
  socket.open();
});

const attachments = new Attachments({ show: (file) => dispatch({ type: "file", file }), save: download });

const leaveView = new LeaveView({
  most: () => attachmentBytes,
  offer: (file, to) => files?.offer(file, to),
  leave: (...given) => attachments.leave(...given),
  say(to, text) {
    if ("id" in say(to, text)) dispatch({ type: "latest" });
  },
  problem: (text) => dispatch({ type: "notice", text }),
  done: () => composeView.focus(),
});

const conversationView = new ConversationView(
  {
    attachment: {
      act(action, { attachment, message }) {
        if (action === "fetch") return void attachments.fetch(attachment);
        if (action === "stop") return attachments.stop(attachment.id);
        const open = openConversation(store.state);
        if (!open) return;
        void attachments.remove(attachment).then((why) => {
          if (why !== undefined) dispatch({ type: "notice", text: `Not removed: ${why}` });
          else change(session!.withdraw(message.at, open.target, Date.now()));
        });
      },
      image: (attachment) => attachments.image(attachment),
    },
    file(action, { message, offer }) {
      if (action === "withdraw") return files?.withdraw(offer.id);
      const to = openRoom() === undefined ? { user: store.state.user } : { room: openRoom()! };
      files?.decide(action, { from: message.from, to, text: message.text });
    },
    message(action, message) {
      const { key, at, text, earlier } = message;
      if (action === "reply") return reply(message);
      if (action === "quoted") return goTo(message.reply!);
      if (action === "again") return sendAgain(key, text);
      if (action === "edit") return dispatch({ type: "editing", editing: { at, text } });
      if (action === "versions") {
        if (earlier) dispatch({ type: "versionsHidden", at });
        else session?.ask({ type: "versions", of: at });
        return;
      }
      const open = openConversation(store.state);
      if (!open) return;
      const { target } = open;
      if (typeof action === "object") change(session!.react(at, target, action.react, Date.now()));
      else change(session!.withdraw(at, target, Date.now()));
    },
  },
  loadMore,
  () => dispatch({ type: "latest" }),
  (user) => {
    if (isDrawer()) showPane("members", false);
    open({ user });
  },
);

/** The user replies to a message. */
function reply(to: Message | undefined): void {
  dispatch({ type: "replying", to });
  focusNext = composeView;
}

/** Goes to a message of the open conversation. */
function goTo(place: number): void {
  const open = openConversation(store.state);
  if (open) jump(open.target, place);
}

/** Says what has failed once more. */
function sendAgain(key: string, text: string): void {
  const open = openConversation(store.state);
  if (!open || "why" in say(open.target, text)) return;
  dispatch({ type: "dropped", key: open.key, message: key });
  dispatch({ type: "latest" });
  conversationView.scrollToEnd();
}

/** Whether a change of a message was accepted. */
function change(outcome: { readonly id: string } | { readonly why: string }): boolean {
  if ("why" in outcome) dispatch({ type: "notice", text: `Not changed: ${outcome.why}` });
  return "id" in outcome;
}

const searchView = new SearchView({
  search,
  more() {
    const { text = "", hits = [] } = store.state.search ?? {};
    search(text, hits.at(-1)?.seq);
  },
  open: jump,
  close() {
    showPane("finder", false);
    byId("find").focus();
  },
});

const sideView = new SideView({
  open,
  join: (room) => session?.ask({ type: "join", room }),
  leave: () => composeView.focus(),
});

const composeView = new ComposeView({
  enterSends: () => settings.current.enterSends,
  send(to, line) {
    const command = readSlash(line, to);
    if (command) return runSlash(command, to);
    const typed = typedText(line);
    if ("why" in typed) {
      dispatch({ type: "notice", text: `Not sent: ${typed.why}` });
      return false;
    }
    const isAccepted = "id" in say(to, typed.text, store.state.replying?.at);
    if (isAccepted && store.state.replying) reply(undefined);
    if (isAccepted) dispatch({ type: "latest" });
    if (isAccepted) conversationView.scrollToEnd();
    // A user who has written waits for an answer.
    if (isAccepted && settings.current.notifications === undefined) byId("ask").hidden = !canAskForNotifications();
    return isAccepted;
  },
  edit: (at, to, text) => change(session!.edit(at, to, text.trimEnd(), Date.now())),
  fault: (text) => session?.textFault(text),
  withdraw(at, to) {
    if (change(session!.withdraw(at, to, Date.now()))) dispatch({ type: "editing", editing: undefined });
  },
  editBefore(place) {
    const found = editableBefore(store.state, place);
    if (found) dispatch({ type: "editing", editing: { at: found.at, text: found.text } });
  },
  replyBefore(place) {
    const found = repliableBefore(store.state, place);
    if (found) reply(found);
  },
  cancelReply: () => reply(undefined),
  cancelEdit: () => dispatch({ type: "editing", editing: undefined }),
  offerFile: (file, to) => leaveView.choose(file, to),
  saveDraft: (target, text) => dispatch({ type: "draft", target, text }),
});

/** Does what a command of the field says; whether the field is to be emptied. */
function runSlash(action: SlashAction | { readonly why: string }, here: Target): boolean {
  if ("why" in action) {
    dispatch({ type: "notice", text: action.why });
    return false;
  }
  const last = editableBefore(store.state, Infinity);
  switch (action.type) {
    case "say":
      return "id" in say(action.to, action.text);
    case "open":
      open(action.target);
      return true;
    case "join":
    case "leave":
      session?.ask({ type: action.type, room: action.room });
      return true;
    case "who":
      if ("room" in here) showPane("members", true);
      return true;
    case "search":
      showPane("finder", true);
      byId<HTMLInputElement>("finder-text").value = action.text;
      if (action.text !== "") search(action.text);
      return true;
    case "edit":
    case "withdraw":
      if (!last) return dispatch({ type: "notice", text: "There is no message of yours to change." }), false;
      return change(
        action.type === "edit"
          ? session!.edit(last.at, here, action.text, Date.now())
          : session!.withdraw(last.at, here, Date.now()),
      );
    case "help":
      byId<HTMLDialogElement>("keys").showModal();
      return true;
  }
}

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ["Ctrl K", "search people and rooms"],
  ["Alt ↑ ↓", "the conversation above, or below"],
  ["Esc", "mark as read; then to the list"],
  ["↑", "edit your last message"],
  ["Ctrl ↑", "reply to the last message"],
  ["Shift Enter", "a new line"],
  ["?", "this list"],
];
byId("key-list").replaceChildren(
  ...[...KEYS, ...Object.values(SLASH_COMMANDS).map(({ usage, short }) => [usage, short] as const)].flatMap(
    ([term, meaning]) => [make("dt", {}, term), make("dd", {}, meaning)],
  ),
);

/** Shows or hides a pane beside the conversation; there is place for one. */
function showPane(pane: "members" | "finder", isShown: boolean): void {
  for (const [id, button] of [["members", "people"], ["finder", "find"]] as const) {
    const shows = isShown ? id === pane : id !== pane && !byId(id).hidden;
    byId(id).hidden = !shows;
    byId(button).setAttribute("aria-expanded", String(shows));
  }
  if (!isShown) return;
  const room = openRoom();
  if (pane === "finder") focusNext = searchView;
  else if (room !== undefined) session?.ask({ type: "who", room });
  if (pane === "finder") draw();
}

/** Whether the list and the conversation are seen one at a time. */
function isPhone(): boolean {
  return matchMedia("(max-width: 44rem)").matches;
}

/** Whether the panes beside the conversation lie over it. */
function isDrawer(): boolean {
  return matchMedia("(max-width: 64rem)").matches;
}

/** Back to the list, which is another pane on a phone. */
function back(): void {
  if (!isPhone()) return sideView.focus();
  // The browser's own way back does the same.
  if (history.state?.pane === "main") return history.back();
  closeConversation();
}

function closeConversation(): void {
  for (const pane of ["members", "finder"] as const) showPane(pane, false);
  focusNext = sideView;
  dispatch({ type: "closed" });
}

/** On a phone an open conversation is a page of its own in the browser's history, so that its button for back leads to the list. */
function recordPane(): void {
  const isMain = store.state.open !== undefined && store.state.user !== "";
  const isRecorded = history.state?.pane === "main";
  if (isMain && !isRecorded && isPhone()) history.pushState({ pane: "main" }, "");
}

addEventListener("popstate", () => {
  if (isPhone() && history.state?.pane !== "main" && store.state.open !== undefined && !readLink(location.hash)) {
    closeConversation();
  }
});

/** What lies over the conversation closes by a tap beside it. */
addEventListener("pointerdown", ({ target }) => {
  if (!isDrawer() || !(target instanceof Element) || target.closest("#members, #finder, #people, #find, #compose")) {
    return;
  }
  for (const pane of ["members", "finder"] as const) if (!byId(pane).hidden) showPane(pane, false);
});

byId("retry").addEventListener("click", () => socket.retryNow());
byId("back").addEventListener("click", back);
byId("people").addEventListener("click", () => showPane("members", byId("members").hidden === true));
byId("find").addEventListener("click", () => showPane("finder", byId("finder").hidden === true));
byId("members-close").addEventListener("click", () => {
  showPane("members", false);
  byId("people").focus();
});
byId("leave").addEventListener("click", () => {
  const room = openRoom();
  if (room !== undefined) session?.ask({ type: "leave", room });
});
byId("mute").addEventListener("click", toggleMute);
byId("settings-open").addEventListener("click", () => settingsView.open());
byId("ask-yes").addEventListener("click", () => {
  byId("ask").hidden = true;
  settings.set({ notifications: true });
  void Notification.requestPermission();
});
byId("ask-no").addEventListener("click", () => {
  byId("ask").hidden = true;
  settings.set({ notifications: false });
});
byId("logout").addEventListener("click", () => void endSession(false));

async function endSession(everywhere: boolean): Promise<void> {
  const waiting = session?.waiting ?? 0;
  const loss = waiting > 0
    ? `${waiting} of your messages are not sent yet`
    : files?.underWay
    ? "Files are still offered"
    : "";
  if (loss !== "" && !confirm(`${loss}. Log out anyway?`)) return;
  hasLoggedOut = true;
  files?.withdrawAll();
  socket.close();
  logOutFault = await logOut(everywhere);
  session?.lost();
  tab?.close();
  tab = undefined;
  store.clearUser();
  socket.open();
}

// The field shows that it has the focus to those who move it by the keyboard.
addEventListener("keydown", ({ key }) => {
  if (key === "Tab" || key === "Escape") document.documentElement.dataset.keyboard = "";
});
addEventListener("pointerdown", () => delete document.documentElement.dataset.keyboard);
addEventListener("keydown", (event) => {
  if (store.state.user === "" || document.querySelector("dialog[open]")) return;
  const { key, altKey, ctrlKey, metaKey } = event;
  const isTyping = document.activeElement?.matches("input, textarea, select") ?? false;
  if ((ctrlKey || metaKey) && key.toLowerCase() === "k") {
    if (isPhone()) back();
    sideView.focus();
  } else if (altKey && (key === "ArrowUp" || key === "ArrowDown")) sideView.step(key === "ArrowUp" ? -1 : 1);
  else if (key === "?" && !isTyping) byId<HTMLDialogElement>("keys").showModal();
  else if (
    key === "Escape" && document.activeElement === byId("text") && openConversation(store.state)?.newAfter !== undefined
  ) {
    dispatch({ type: "seen" });
  } else return;
  event.preventDefault();
});
// A file that misses the conversation does not replace the page.
for (const type of ["dragover", "drop"] as const) addEventListener(type, (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || store.state.user === "") return;
  if (!byId("members").hidden) showPane("members", false);
  else if (!byId("finder").hidden) showPane("finder", false);
  else if (document.activeElement === byId("text")) back();
  else composeView.focus();
});
addEventListener("hashchange", followLink);
addEventListener("beforeunload", (event) => {
  if (files?.underWay || attachments.isBusy) event.preventDefault();
});
addEventListener("pagehide", () => {
  files?.withdrawAll();
  tab?.leave();
});
addEventListener("pageshow", ({ persisted }) => {
  // A later page of this tab may have used the same numbers.
  if (persisted) location.reload();
});

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

settingsChanged();
socket.open();
