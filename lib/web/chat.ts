import { LOBBY } from "../chat/names.ts";
import { sanitized } from "../core/text.ts";
import { Account } from "./account.ts";
import { Alerts } from "./alerts.ts";
import { Attachments } from "./attachments.ts";
import { ComposeView } from "./compose_view.ts";
import { targetOf } from "./conversation.ts";
import { ConversationView } from "./conversation_view.ts";
import { byId, download, setText } from "./dom.ts";
import { useTwelveHours } from "./format.ts";
import { listenForKeys } from "./keyboard.ts";
import { useLanguage } from "./language.ts";
import { LeaveView } from "./leave_view.ts";
import { Navigation } from "./navigation.ts";
import { onNotification } from "./offline.ts";
import { Page } from "./page.ts";
import { isPhone, Panes } from "./panes.ts";
import { PasswordView } from "./password_view.ts";
import { SearchView } from "./search_view.ts";
import { Sending } from "./sending.ts";
import { serverEvent } from "./server_events.ts";
import { SettingsStore } from "./settings_store.ts";
import { applyTheme, SettingsView } from "./settings_view.ts";
import { SideView } from "./side_view.ts";
import { runSlash } from "./slash_runner.ts";
import { openConversation } from "./state.ts";
import { chatTexts, sharedTexts } from "./texts.ts";
import { Typing, typingText } from "./typing.ts";

// The chat's page: its parts, and how they are connected.

let drawRequest = 0;
const typing = new Typing();

const page = new Page(() => {
  // The title is visible while the page is not, and is not drawn.
  alerts.updateTitle();
  drawRequest ||= requestAnimationFrame(draw);
});

function draw(): void {
  drawRequest = 0;
  const { state } = page;
  byId("chat").hidden = state.user === "";
  byId("away").hidden = state.user !== "" || state.connection.state !== "lost";
  byId("chat").dataset.connection = state.connection.state;
  byId("chat").dataset.pane = state.open === undefined ? "side" : "main";
  byId("notice").hidden = state.notice === "";
  setText(byId("notice"), sanitized(state.notice));
  sideView.draw(state);
  conversationView.draw(state, Date.now());
  composeView.draw(state);
  searchView.draw(state, Date.now());
  drawTyping();
  drawInvitation();
  page.focusNext?.focus();
  page.focusNext = undefined;
  panes.update();
  navigation.loadMore();
  navigation.reportRead();
}

function drawTyping(): void {
  setText(byId("typing"), typingText(typing.namesIn(page.state.open, performance.now())));
}

function settingsChanged(): void {
  const { current } = settings;
  if (!current.typing) typing.clear();
  applyTheme(current);
  useTwelveHours(current.clock === "12");
  const own = `${page.state.user} `;
  const keys = current.muted.filter((each) => each.startsWith(own)).map((each) => each.slice(own.length));
  conversationView.redraw();
  page.dispatch({ type: "muted", keys: new Set(keys) });
}

const settings = new SettingsStore(settingsChanged);
onNotification((key) => {
  const target = targetOf(key);
  if (target) navigation.open(target);
});
const alerts = new Alerts(page, settings, (target) => navigation.open(target));

const account = new Account(page, {
  say: (...said) => sending.say(...said),
  typing(from, to) {
    if (!settings.current.typing) return;
    typing.heard(from, to, performance.now());
    drawTyping();
  },
  show(event) {
    typing.received(event);
    if (passwordView.answered(event)) return;
    serverEvent(page, { account, alerts, navigation, list: sideView, field: composeView }, event);
  },
  ends() {
    typing.clear();
    leaveView.clear();
    attachments.close();
  },
  begun: settingsChanged,
  begunAlone() {
    // Every user is in it, whatever else the server will say.
    page.dispatch({ type: "roomChanges", rooms: [{ name: LOBBY, members: 0, joined: true }] });
    // On a phone the list comes first.
    if (page.state.open === undefined && !isPhone()) navigation.open({ room: LOBBY });
  },
});
const passwordView = new PasswordView({
  user: () => page.state.user,
  ask: (question) => page.ask(question),
  notice: (text) => page.notice(text),
});
const settingsView = new SettingsView(settings, () => void account.logOut(true));

const attachments = new Attachments({ show: (file) => page.dispatch({ type: "file", file }), save: download });

const leaveView = new LeaveView({
  most: () => page.attachmentBytes,
  offer: (file, to) => page.files?.offer(file, to),
  leave: (...given) => attachments.leave(...given),
  say(to, text) {
    if ("id" in sending.say(to, text)) page.dispatch({ type: "latest" });
  },
  problem: (text) => page.notice(text),
  done: () => composeView.focus(),
});

const conversationView = new ConversationView(
  {
    attachment: {
      act(action, { attachment, message }) {
        if (action === "fetch") return void attachments.fetch(attachment);
        if (action === "stop") return attachments.stop(attachment.id);
        const { open } = page;
        if (!open) return;
        void attachments.remove(attachment).then((why) => {
          if (why !== undefined) page.notice(chatTexts.notRemoved(why));
          else sending.withdraw(message.at, open.target);
        });
      },
      image: (attachment) => attachments.image(attachment),
    },
    file(action, { message, offer }) {
      if (action === "withdraw") return page.files?.withdraw(offer.id);
      const to = page.room === undefined ? { user: page.state.user } : { room: page.room };
      page.files?.decide(action, { from: message.from, to, text: message.text });
    },
    message: (action, message) => sending.act(action, message),
  },
  () => navigation.loadMore(),
  () => page.dispatch({ type: "latest" }),
  (user) => {
    if (panes.areDrawers) panes.show("members", false);
    navigation.open({ user });
  },
);

const sending: Sending = new Sending(page, {
  field: { focus: () => composeView.focus() },
  scrollToEnd: () => conversationView.scrollToEnd(),
  goTo: (place) => navigation.goTo(place),
  enterSends: () => settings.current.enterSends,
  offerFile: (file, to) => leaveView.choose(file, to),
  run: (action, here) => runSlash({ page, sending, navigation, panes }, action, here),
  written() {
    typing.sent();
    alerts.ask();
  },
  writing(to, text) {
    if (settings.current.typing && typing.isDue(to, text, performance.now())) page.session?.typing(to);
  },
});
const composeView = new ComposeView(sending.composing);

const navigation = new Navigation(page, {
  field: composeView,
  conversation: conversationView,
  closeSearch() {
    if (panes.areDrawers) panes.show("finder", false);
  },
});

const searchView = new SearchView({
  search: (text) => navigation.search(text),
  more: () => navigation.searchOlder(),
  open: (target, at) => navigation.jump(target, at),
  close: () => panes.leave("finder"),
});

const sideView = new SideView({
  open: (target) => navigation.open(target),
  join: (room) => page.ask({ type: "join", room }),
  leave: () => composeView.focus(),
});

const panes = new Panes(page, { list: sideView, search: searchView, draw });

byId("leave").addEventListener("click", () => {
  if (page.room !== undefined) page.ask({ type: "leave", room: page.room });
});
byId("settings-open").addEventListener("click", () => settingsView.open());
// A file that misses the conversation does not replace the page.
for (const type of ["dragover", "drop"] as const) addEventListener(type, (event) => event.preventDefault());
addEventListener("beforeunload", (event) => {
  if (page.files?.underWay || attachments.isBusy) event.preventDefault();
});
addEventListener("pageshow", ({ persisted }) => {
  // A later page of this tab may have used the same numbers.
  if (persisted) location.reload();
});

function updateVisible(): void {
  page.dispatch({ type: "visible", visible: document.visibilityState === "visible" && document.hasFocus() });
}

for (const type of ["focus", "blur"]) addEventListener(type, updateVisible);
document.addEventListener("visibilitychange", updateVisible);
setInterval(
  () => page.state.connection.state === "lost" && conversationView.drawConnection(page.state, Date.now()),
  500,
);
setInterval(() => typing.isWaiting && drawTyping(), 500);

applyTheme(settings.current);
void useLanguage({ shared: sharedTexts, chat: chatTexts }).then(() => {
  listenForKeys(page, { list: sideView, search: searchView, panes, field: composeView });
  updateVisible();
  settingsChanged();
  account.connect();
});

/** In an empty lobby, the address at which others open the page: as a code for phones, and as text. */
function drawInvitation(): void {
  const { state, address } = page;
  const open = openConversation(state);
  const isLobby = open !== undefined && "room" in open.target && open.target.room === LOBBY;
  const isEmpty = isLobby && open.messages.length === 0 && !open.more && !open.window;
  byId("invite").hidden = !isEmpty || address === undefined;
  if (byId("invite").hidden) return;
  const code = byId<HTMLImageElement>("invite-code");
  if (code.dataset.address !== address) {
    code.dataset.address = address;
    code.src = "/address.svg";
  }
  setText(byId("invite-address"), address!);
}
