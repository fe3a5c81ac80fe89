import type { Target } from "../chat/entry.ts";
import { Backoff } from "../core/backoff.ts";
import type { ServerEvent } from "./chat_event.ts";
import { byId, download, make } from "./dom.ts";
import { LateFiles } from "./late_files.ts";
import { type About, aboutOfPage, fetchAbout, LoginView, logOut } from "./login_view.ts";
import { pageVersion, reloadFor, rememberedUser, storePage } from "./offline.ts";
import type { Page } from "./page.ts";
import { keyHeaders, keyProtocols } from "./page_key.ts";
import type { Sending } from "./sending.ts";
import { ChatSession } from "./session.ts";
import { ReconnectingSocket } from "./socket.ts";
import { UserStorage } from "./storage.ts";
import { TabIdentity } from "./tab_identity.ts";
import { chatTexts } from "./texts.ts";

/** Silence until the server is pinged, and again until the connection is given up. */
const SILENCE_MS = 12_500;

interface AccountParts {
  readonly say: Sending["say"];
  readonly show: (event: ServerEvent) => void;
  /** A user is writing to this one, or in a room. */
  readonly typing: (from: string, to: Target) => void;
  /** The page is about to belong to another user. */
  readonly ends: () => void;
  /** The page belongs to a user now. */
  readonly begun: () => void;
  /** It does, and the server has not answered yet. */
  readonly begunAlone: () => void;
}

/** The user whose page this is: login and log-out, and the connection on which their session runs. */
export class Account {
  readonly #page: Page;
  readonly #parts: AccountParts;
  readonly #socket: ReconnectingSocket;
  readonly #login: LoginView;
  #tab: TabIdentity | undefined;
  /** The version of the page, or of the server that it came from. */
  #version: string | undefined;
  #hasLoggedOut = false;
  /** Why the last log-out does not hold. */
  #logOutFault: string | undefined;
  /** The room that a guest enters once there is a session. */
  #guestRoom = "";

  constructor(page: Page, parts: AccountParts) {
    this.#page = page;
    this.#parts = parts;
    this.#login = new LoginView((room) => {
      this.#hasLoggedOut = false;
      this.#guestRoom = room;
      this.#socket.open();
    });
    this.#socket = new ReconnectingSocket({
      path: "/chat",
      protocols: keyProtocols,
      silenceMs: SILENCE_MS,
      backoff: new Backoff(),
      mayConnect: () => this.#mayConnect(),
      opened: () => page.session?.opened(),
      received: (data) => page.session?.received(data),
      ping: () => page.session?.ping(),
      lost(retryMs) {
        page.dispatch({ type: "connection", connection: { state: "lost", retryAt: Date.now() + retryMs } });
        page.session?.lost();
      },
    });
    byId("retry").addEventListener("click", () => this.#socket.retryNow());
    byId("logout").addEventListener("click", () => void this.logOut(false));
    addEventListener("pagehide", () => {
      page.files?.withdrawAll();
      this.#tab?.leave();
    });
  }

  connect(): void {
    this.#socket.open();
  }

  /** The server has ended the session: only the user starts another. */
  pause(): void {
    this.#socket.pause();
    this.#page.session?.lost();
  }

  /** Files can be left at the server: a client's page is told only now, and asks how large they may be. */
  async filesOffered(): Promise<void> {
    const about = this.#page.attachmentBytes > 0 ? undefined : await fetchAbout().catch(() => undefined);
    if (typeof about === "object") this.#page.attachmentBytes = about.attachmentBytes ?? 0;
  }

  /** The room that a guest wants to enter; given once. */
  takeGuestRoom(): string {
    const room = this.#guestRoom;
    this.#guestRoom = "";
    return room;
  }

  /** Whether the server knows the user; else the login is shown. */
  async #mayConnect(): Promise<boolean> {
    const page = this.#page;
    await this.#startRemembered();
    // Without a key nobody is logged in, and a new page has nothing to ask.
    const isNew = this.#version === undefined && keyHeaders()["x-partyline-key"] === undefined;
    const about = (isNew ? aboutOfPage() : undefined) ?? await fetchAbout();
    if (typeof about === "string") {
      document.body.replaceChildren(make("p", { role: "alert" }, about));
      return false;
    }
    page.title = about.title ?? page.title;
    page.attachmentBytes = about.attachmentBytes ?? 0;
    byId("logout").hidden = byId("password-open").hidden = about.host === "client";
    byId("addresses").hidden = about.hasTable !== true;
    page.address = about.address ?? undefined;
    this.#compareVersion(about);
    if (about.name === null) {
      const again = page.state.user === "" || this.#hasLoggedOut ? "" : chatTexts.loginAgain;
      const why = this.#logOutFault ?? again;
      this.#logOutFault = undefined;
      this.#login.open(about, page.title, page.state.user, why);
      return false;
    }
    this.#login.close();
    await this.#start(about.name);
    // On a shared computer nothing stays, and a client's page is at another address each time.
    if (about.host === "server" && rememberedUser() === about.name) void storePage();
    page.dispatch({ type: "connection", connection: { state: "connecting" } });
    return true;
  }

  /** A page that came from the browser's store may be an older one. */
  #compareVersion(about: About): void {
    const version = about.page ?? about.version;
    const isFirst = this.#version === undefined;
    this.#version ??= about.page === undefined ? version : pageVersion() ?? version;
    if (this.#version === version) return;
    // What was typed, and what waits to be sent, survives that.
    if (isFirst && reloadFor(version)) return;
    this.#page.notice(chatTexts.otherVersion);
  }

  /** The page does not wait for the server: its user can write at once, and what they write waits. */
  async #startRemembered(): Promise<void> {
    const name = rememberedUser();
    if (this.#page.state.user !== "" || name === undefined) return;
    await this.#start(name);
    // A guest enters a room first, which the server may refuse.
    if (this.#guestRoom === "") this.#parts.begunAlone();
  }

  /** Makes the page this user's. */
  async #start(user: string): Promise<void> {
    const page = this.#page;
    if (page.state.user === user) return;
    page.files?.close();
    this.#parts.ends();
    this.#tab?.close();
    const storage = new UserStorage(user);
    const own = this.#tab = await TabIdentity.open(storage);
    const { client, lastNumber, unanswered } = own.kept;
    const started = page.session = new ChatSession({
      user,
      client,
      lastNumber,
      unanswered,
      send: (json) => this.#socket.send(json),
      show: this.#parts.show,
      signal: (...signal) => page.files?.signalled(...signal),
      typing: this.#parts.typing,
      signalFailed: (to) => page.files?.signalFailed(to),
      keep: (messages, lastNumber) => own.keep(messages, lastNumber),
      broken: () => this.#socket.giveUp(),
    });
    page.files = new LateFiles({
      signal: (...signal) => started.signal(...signal),
      say: this.#parts.say,
      show: (file) => page.dispatch({ type: "file", file }),
      forget: (id) => page.dispatch({ type: "fileForgotten", id }),
      problem: (text) => page.notice(text),
      save: download,
      storage,
      now: () => performance.now(),
    });
    page.store.setUser(user, storage, unanswered);
    this.#parts.begun();
  }

  /** Logs out here, or on every device of the user, once they know what is lost by that. */
  async logOut(everywhere: boolean): Promise<void> {
    const { session, files, store } = this.#page;
    const waiting = session?.waiting ?? 0;
    const loss = waiting > 0 ? chatTexts.unsent(waiting) : files?.underWay ? chatTexts.stillOffered : undefined;
    if (loss !== undefined && !confirm(loss)) return;
    this.#hasLoggedOut = true;
    files?.withdrawAll();
    this.#socket.close();
    this.#logOutFault = await logOut(everywhere);
    session?.lost();
    this.#tab?.close();
    this.#tab = undefined;
    store.clearUser();
    this.#socket.open();
  }
}
