import type { ServerAt } from "../chat/event.ts";
import { LOBBY } from "../chat/names.ts";
import { isLoopback } from "../core/address.ts";
import { sanitized } from "../core/text.ts";
import { type Conversation, isPlain, nameOf } from "./conversation.ts";
import { byId, make, setText } from "./dom.ts";
import { bytesText, durationText } from "./format.ts";
import { linkTo } from "./permalinks.ts";
import { drawRow, type RowActions } from "./row_view.ts";
import { type Row, Rows } from "./rows.ts";
import { openConversation, type State } from "./state.ts";
import { chatTexts } from "./texts.ts";
import { VirtualList } from "./virtual_list.ts";

/** Within this distance from the beginning, in pixels, earlier messages are loaded. */
const NEAR_TOP = 600;

/** The open conversation: its title, its messages, its members, and the state of the connection. */
export class ConversationView {
  readonly #scroller = byId("scroller");
  readonly #list: VirtualList<Row>;
  #rows = new Rows();
  #drawn: State | undefined;
  #members: State["members"] | undefined;

  #goal: State["goal"];
  #isWindow = false;
  #isEmpty = true;
  /** The other servers that are shown. */
  #others = "";

  /** Opens the conversation with a member. */
  readonly #openUser: (name: string) => void;

  /** `loadMore`: the user reads near the beginning, or the end, of what is loaded. */
  constructor(
    act: Pick<RowActions, "file" | "attachment" | "message">,
    loadMore: () => void,
    latest: () => void,
    openUser: (name: string) => void,
  ) {
    this.#openUser = openUser;
    this.#list = new VirtualList({
      scroller: this.#scroller,
      body: byId("messages"),
      draw: (row, element) => {
        const { replies, reactions, people, user } = this.#drawn!;
        const names = { user, isName: (name: string) => name === user || people.has(name) };
        const target = openConversation(this.#drawn!)!.target;
        const link = (at: number) => linkTo(target, at);
        return drawRow(row, element, "room" in target, { ...act, replies, reactions, names, link });
      },
      nearTop: loadMore,
    });
    this.#scroller.addEventListener("scroll", () => {
      this.#drawToEnd();
      if (this.#isWindow && this.isNearEnd) loadMore();
    }, { passive: true });
    byId("to-end").addEventListener("click", () => this.#isWindow ? latest() : this.scrollToEnd());
  }

  get isNearTop(): boolean {
    return this.#scroller.scrollTop < NEAR_TOP;
  }

  get isNearEnd(): boolean {
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
    return scrollTop + clientHeight > scrollHeight - NEAR_TOP;
  }

  scrollToEnd(): void {
    this.#list.scrollToEnd();
    this.#drawToEnd();
  }

  #drawToEnd(): void {
    byId("to-end").hidden = this.#list.isAtEnd && !this.#isWindow;
  }

  draw(state: State, now: number): void {
    const before = this.#drawn;
    this.#drawn = state;
    const conversation = openConversation(state);
    byId("compose").hidden = !conversation;
    this.#drawHead(state, conversation);
    this.#drawEmpty(conversation);
    this.drawConnection(state, now);
    this.#drawReading(state);
    this.#drawMembers(state);
    const isOther = before?.open !== state.open;
    if (before && !isOther && hasSameRows(before, state)) return;
    if (isOther || !isDrawnAlike(before, state)) this.#rows = new Rows();
    const isWindow = conversation?.window !== undefined;
    const rows = conversation ? this.#rows.of(conversation, state.files, now, state.goal?.at) : [];
    const goal = state.goal === this.#goal ? undefined : rows.find((row) => row.kind !== "line" && row.isGoal)?.key;
    if (goal !== undefined || !state.goal) this.#goal = state.goal;
    const toLatest = this.#isWindow && !isWindow && !state.goal;
    this.#isWindow = isWindow;
    if (goal !== undefined) this.#list.restart(rows, goal);
    else if (isOther || toLatest || this.#isEmpty) {
      // History may come after the conversation was opened.
      this.#list.restart(rows, rows.some(({ key }) => key === "new") ? "new" : undefined);
    } else this.#list.set(rows, !isWindow);
    this.#isEmpty = conversation?.completeFrom === undefined || rows.length === 0;
    this.#drawToEnd();
  }

  /** Draws everything anew the next time: times have another form. */
  redraw(): void {
    this.#drawn = undefined;
  }

  /** The state of the connection, with the seconds until the next attempt. */
  drawConnection({ connection, servers }: State, now: number): void {
    const isApart = connection.state === "open" && servers?.apart === true;
    byId("connection").hidden = connection.state === "open" && !isApart;
    byId("retry").hidden = connection.state === "open" || connection.state === "connecting";
    const [text, time, retry = ""] = isApart ? [chatTexts.apart, ""] : connectionText(connection, now);
    setText(byId("retry"), retry);
    setText(byId("connection-state"), text);
    setText(byId("connection-time"), time);
    this.#drawOthers(connection.state === "lost" ? servers?.list ?? [] : []);
  }

  /** Where the same chat is while its server does not answer. The user logs in there: a page may not speak with another server. */
  #drawOthers(servers: readonly ServerAt[]): void {
    const isHere = isLoopback(location.hostname) || location.hostname === "localhost";
    const links = servers.flatMap(({ name, host, page }) =>
      page === undefined || !/^https?:\/\//.test(page) || (isLoopback(host) && !isHere)
        ? []
        : [make("a", { href: page }, sanitized(name))]
    );
    const key = links.map(({ href, textContent }) => `${href} ${textContent}`).join();
    if (key === this.#others) return;
    this.#others = key;
    const items = links.flatMap((link) => [" ", link]);
    byId("other-servers").replaceChildren(...items.length === 0 ? [] : [chatTexts.otherServers, ...items]);
  }

  #drawHead(state: State, conversation: Conversation | undefined): void {
    const target = conversation?.target;
    const room = target && "room" in target ? target.room : undefined;
    byId("heading").hidden = !target;
    setText(byId("title"), target ? sanitized(nameOf(target)) : "");
    setText(byId("subtitle"), subtitleOf(state, conversation));
    byId("people").hidden = room === undefined;
    byId("mute").hidden = !target;
    setText(byId("mute"), conversation && state.muted.has(conversation.key) ? chatTexts.unmute : chatTexts.mute);
    byId("leave").hidden = room === undefined || room === LOBBY;
  }

  #drawEmpty(conversation: Conversation | undefined): void {
    const shown = conversation?.window ?? conversation;
    byId("empty").hidden = shown !== undefined && shown.messages.length > 0;
    const text = !shown ? chatTexts.select : shown.more ? "" : chatTexts.noMessages;
    setText(byId("empty-text"), text);
  }

  /** Files that are read before they are offered; they are in no conversation yet. */
  #drawReading({ files }: State): void {
    const reading = [...files.values()].filter(({ state }) => state === "reading");
    byId("reading").hidden = reading.length === 0;
    const parts = reading.map(({ name, done, bytes }) =>
      chatTexts.readingFile(sanitized(name), bytesText(done), bytesText(bytes))
    );
    setText(byId("reading"), chatTexts.readingFiles(parts.join("; ")));
  }

  #drawMembers({ members, people, user }: State): void {
    if (this.#members === members) return;
    this.#members = members;
    const focused = document.activeElement?.closest("#member-list li")?.textContent;
    setText(byId("member-count"), members.length === 0 ? "" : `${members.length}`);
    const items = members.map(({ name, online }) => {
      const parts = [
        make("span", { class: online ? "dot online" : "dot" }),
        make("bdi", {}, sanitized(name)),
        make("span", { class: "unseen" }, online ? chatTexts.isOnline : chatTexts.isOffline),
      ];
      // Guests have no conversation of their own.
      const canOpen = name !== user && people.has(name);
      const onclick = () => this.#openUser(name);
      const item = canOpen
        ? make("button", { type: "button", class: "place", onclick }, ...parts)
        : make("span", { class: "place" }, ...parts);
      return make("li", {}, item);
    });
    byId("member-list").replaceChildren(...items);
    if (focused) items.find(({ textContent }) => textContent === focused)?.querySelector("button")?.focus();
  }
}

/** Whether the open conversation has the same rows; much else changes more often. */
function hasSameRows(before: State, after: State): boolean {
  const one = openConversation(before);
  const other = openConversation(after);
  return one?.messages === other?.messages && one?.newAfter === other?.newAfter && one?.more === other?.more &&
    one?.window === other?.window && before.files === after.files && before.goal === after.goal &&
    isDrawnAlike(before, after);
}

/** Whether equal rows look the same: what can be done with them, and which words are names, has not changed. */
function isDrawnAlike(before: State | undefined, after: State): boolean {
  return before?.replies === after.replies && before.reactions.length === after.reactions.length &&
    before.people.size === after.people.size;
}

function connectionText(connection: State["connection"], now: number): [text: string, time: string, retry?: string] {
  switch (connection.state) {
    case "open":
      return ["", ""];
    case "connecting":
      return [chatTexts.connecting, " …"];
    case "elsewhere":
      return [chatTexts.elsewhere, "", chatTexts.useHere];
    case "ended":
      return [chatTexts.ended(connection.why), "", chatTexts.connectAgain];
    case "lost": {
      const left = Math.max(0, connection.retryAt - now);
      const wait = left < 500 ? chatTexts.reconnecting : chatTexts.reconnectingIn(durationText(left));
      return [chatTexts.lost, wait, chatTexts.tryNow];
    }
  }
}

function subtitleOf({ people, rooms, connection }: State, conversation: Conversation | undefined): string {
  // Without a connection nothing is known of the others.
  if (!conversation || connection.state !== "open") return "";
  const { target } = conversation;
  if (isPlain(target)) return chatTexts.plainPeer;
  if ("user" in target) return people.get(target.user) ? chatTexts.personOnline : chatTexts.personOffline;
  // Before the server has said who there is.
  if (target.room === LOBBY && people.size === 0) return "";
  if (target.room === LOBBY) return chatTexts.everyone([...people.values()].filter(Boolean).length);
  const members = rooms.get(target.room)?.members ?? 0;
  // Some servers do not say.
  return members === 0 ? "" : chatTexts.memberCount(members);
}
