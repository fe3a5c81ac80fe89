import { byId, setText } from "./dom.ts";
import { capitalized, errorText } from "./format.ts";
import { forgetPage, rememberedUser, rememberUser } from "./offline.ts";
import { exchangeTicket, forgetPageKey, guestKey, keepPageKey, keyHeaders } from "./page_key.ts";
import { chatTexts, sharedTexts } from "./texts.ts";

/** A shorter wait is not mentioned. */
const QUIET_WAIT_MS = 1000;

/** What the server, or the local client, says of itself and of this browser. */
export interface About {
  readonly version: string;
  /** The user that this browser is logged in as. */
  readonly name: string | null;
  readonly registration: boolean;
  /** Whether guests may join, with a name and a room. */
  readonly guests: boolean;
  readonly host: "server" | "client";
  readonly title?: string;
  /** Whether there is a client address table to look at: among peers. */
  readonly hasTable?: boolean;
  /** The largest file that can be left at the server; without it, or at 0, none can. */
  readonly attachmentBytes?: number;
  /** The hash over the files of the page that the server has. */
  readonly page?: string;
  /** Where others open the page, if they can. */
  readonly address?: string | null;
}

/** What the page itself says of its server, which is enough for a login; undefined in the page of a client. */
export function aboutOfPage(): About | undefined {
  const { content } = document.querySelector<HTMLMetaElement>("meta[name=about]")!;
  return content === "" ? undefined : { ...JSON.parse(content), name: null };
}

/** What the server or the client says; a text where this page is for another person. */
export async function fetchAbout(): Promise<About | string> {
  await exchangeTicket();
  const response = await fetch("/about", { cache: "no-store", credentials: "same-origin", headers: keyHeaders() });
  if (response.status === 403) return await response.text();
  if (!response.ok) throw new Error(`/about was answered with ${response.status}`);
  return await response.json();
}

/** How the dialog is used. */
type Mode = "login" | "register" | "guest";

/** Logs in, creates an account and logs in, or takes a name for a guest; the reason when that fails. */
async function logIn(mode: Mode, name: string, password: string, shared: boolean): Promise<string | undefined> {
  const proof = mode === "guest" ? { secret: guestKey() } : { password };
  const response = await post(`/${mode}`, { name, ...proof, shared });
  const { why, key, name: known } = await response.json().catch(() => ({}));
  if (response.ok) {
    keepPageKey(key);
    rememberUser(shared ? undefined : known);
    return undefined;
  }
  return typeof why === "string" ? why : sharedTexts.answeredWith(response.status);
}

/** Logs in with a new password, on a shared computer for as short a time as before; the reason when that fails. */
export async function logInAgain(name: string, password: string): Promise<string | undefined> {
  try {
    return await logIn("login", name, password, rememberedUser() !== name);
  } catch (error) {
    return chatTexts.unreachable(errorText(error));
  }
}

/** Ends this login, or all of the user; the reason when that does not hold. */
export async function logOut(everywhere: boolean): Promise<string | undefined> {
  try {
    const response = await post("/logout", { everywhere });
    if (response.ok) return undefined;
    return (await response.json()).why;
  } catch (error) {
    return chatTexts.stillLoggedIn(errorText(error));
  } finally {
    forgetPageKey();
    await forgetPage();
  }
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "content-type": "application/json", ...keyHeaders() },
    body: JSON.stringify(body),
  });
}

/** The login dialog. It covers the page until the server knows the user. */
export class LoginView {
  readonly #dialog = byId<HTMLDialogElement>("login");
  readonly #name = byId<HTMLInputElement>("login-name");
  readonly #password = byId<HTMLInputElement>("login-password");
  readonly #confirmation = byId<HTMLInputElement>("login-confirmation");
  readonly #shared = byId<HTMLInputElement>("login-shared");
  readonly #error = byId("login-error");
  readonly #room = byId<HTMLInputElement>("login-room");
  readonly #loggedIn: (room: string) => void;
  #mode: Mode = "login";
  #isSubmitting = false;

  /** `loggedIn` is given the room that a guest enters; empty for the lobby. */
  constructor(loggedIn: (room: string) => void) {
    this.#loggedIn = loggedIn;
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    byId("login-switch").addEventListener("click", () => this.#switch(this.#other("register")));
    byId("login-guest").addEventListener("click", () => this.#switch(this.#other("guest")));
    byId("login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** Opens the dialog with a suggested name and a text that says why. */
  open({ registration, guests }: About, title: string, name: string, why: string): void {
    if (this.#dialog.open) return;
    setText(byId("login-title"), title);
    byId("login-switch").hidden = !registration;
    byId("login-guest").hidden = !guests;
    this.#switch("login");
    setText(this.#error, capitalized(why));
    if (this.#name.value === "") this.#name.value = name;
    this.#dialog.showModal();
    (this.#name.value === "" ? this.#name : this.#password).focus();
  }

  close(): void {
    this.#dialog.close();
  }

  /** What a button switches to: its own mode, or back to the login. */
  #other(mode: "register" | "guest"): Mode {
    return this.#mode === mode ? "login" : mode;
  }

  #switch(mode: Mode): void {
    this.#mode = mode;
    const registers = mode === "register";
    const isGuest = mode === "guest";
    byId("login-confirmation-label").hidden = !registers;
    byId("login-password-label").hidden = isGuest;
    byId("login-room-label").hidden = !isGuest;
    this.#confirmation.required = registers;
    this.#password.required = !isGuest;
    this.#password.autocomplete = registers ? "new-password" : "current-password";
    setText(byId("login-submit"), chatTexts.submits[mode]);
    setText(byId("login-switch"), chatTexts.ways[this.#other("register")]);
    setText(byId("login-guest"), chatTexts.ways[this.#other("guest")]);
    setText(this.#error, "");
  }

  async #submit(): Promise<void> {
    if (this.#isSubmitting) return;
    if (this.#mode === "register" && this.#confirmation.value !== this.#password.value) {
      setText(this.#error, chatTexts.mismatch);
      return this.#confirmation.focus();
    }
    this.#isSubmitting = true;
    setText(this.#error, "");
    const slow = setTimeout(() => setText(this.#error, chatTexts.waits), QUIET_WAIT_MS);
    const why = await logIn(this.#mode, this.#name.value.trim(), this.#password.value, this.#shared.checked)
      .catch((error) => chatTexts.unreachable(errorText(error)));
    clearTimeout(slow);
    setText(this.#error, "");
    this.#isSubmitting = false;
    if (why !== undefined) {
      setText(this.#error, capitalized(why));
      return (this.#mode === "guest" ? this.#name : this.#password).select();
    }
    const room = this.#mode === "guest" ? this.#room.value.trim() : "";
    this.#password.value = this.#confirmation.value = this.#room.value = "";
    this.close();
    this.#loggedIn(room);
  }
}
