import { byId, setText } from "./dom.ts";
import { errorText } from "./format.ts";
import { exchangeTicket, forgetPageKey, keepPageKey, keyHeaders } from "./page_key.ts";

/** A shorter wait is not mentioned. */
const QUIET_WAIT_MS = 1000;
const WAITS = "The server has not answered yet. When many log in, or wrong passwords came, it takes a while.";

/** What the server, or the local client, says of itself and of this browser. */
export interface About {
  readonly version: string;
  /** The user that this browser is logged in as. */
  readonly name: string | null;
  readonly registration: boolean;
  readonly host: "server" | "client";
  readonly title?: string;
  /** Whether there is a client address table to look at: among peers. */
  readonly hasTable?: boolean;
}

/** What the server or the client says; a text where this page is for another person. */
export async function fetchAbout(): Promise<About | string> {
  await exchangeTicket();
  const response = await fetch("/about", { cache: "no-store", credentials: "same-origin", headers: keyHeaders() });
  if (response.status === 403) return await response.text();
  if (!response.ok) throw new Error(`/about was answered with ${response.status}`);
  return await response.json();
}

/** Logs in, or creates an account and logs in; the reason when that fails. */
async function logIn(path: "/login" | "/register", name: string, password: string): Promise<string | undefined> {
  const response = await post(path, { name, password });
  const { why, key } = await response.json().catch(() => ({}));
  if (response.ok) return void keepPageKey(key);
  return typeof why === "string" ? why : `the server has answered with ${response.status}`;
}

export async function logOut(): Promise<void> {
  await post("/logout", {});
  forgetPageKey();
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The login dialog. It covers the page until the server knows the user. */
export class LoginView {
  readonly #dialog = byId<HTMLDialogElement>("login");
  readonly #name = byId<HTMLInputElement>("login-name");
  readonly #password = byId<HTMLInputElement>("login-password");
  readonly #confirmation = byId<HTMLInputElement>("login-confirmation");
  readonly #error = byId("login-error");
  readonly #loggedIn: () => void;
  #registers = false;
  #isSubmitting = false;

  constructor(loggedIn: () => void) {
    this.#loggedIn = loggedIn;
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    byId("login-switch").addEventListener("click", () => this.#switch(!this.#registers));
    byId("login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** Opens the dialog with a suggested name and a text that says why. */
  open({ registration }: About, title: string, name: string, why: string): void {
    if (this.#dialog.open) return;
    setText(byId("login-title"), title);
    byId("login-switch").hidden = !registration;
    this.#switch(false);
    setText(this.#error, why);
    if (this.#name.value === "") this.#name.value = name;
    this.#dialog.showModal();
    (this.#name.value === "" ? this.#name : this.#password).focus();
  }

  close(): void {
    this.#dialog.close();
  }

  #switch(registers: boolean): void {
    this.#registers = registers;
    byId("login-confirmation-label").hidden = !registers;
    this.#confirmation.required = registers;
    this.#password.autocomplete = registers ? "new-password" : "current-password";
    setText(byId("login-submit"), registers ? "Create account" : "Log in");
    setText(byId("login-switch"), registers ? "I have an account" : "Create an account");
    setText(this.#error, "");
  }

  async #submit(): Promise<void> {
    if (this.#isSubmitting) return;
    if (this.#registers && this.#confirmation.value !== this.#password.value) {
      setText(this.#error, "The passwords do not match.");
      return this.#confirmation.focus();
    }
    this.#isSubmitting = true;
    setText(this.#error, "");
    const path = this.#registers ? "/register" : "/login";
    const slow = setTimeout(() => setText(this.#error, WAITS), QUIET_WAIT_MS);
    const why = await logIn(path, this.#name.value.trim(), this.#password.value)
      .catch((error) => `The server cannot be reached: ${errorText(error)}`);
    clearTimeout(slow);
    setText(this.#error, "");
    this.#isSubmitting = false;
    if (why !== undefined) {
      setText(this.#error, why);
      return this.#password.select();
    }
    this.#password.value = this.#confirmation.value = "";
    this.close();
    this.#loggedIn();
  }
}
