import type { ClientQuestion } from "../protocols/native/client_event.ts";
import type { ServerEvent } from "./chat_event.ts";
import { byId, setText } from "./dom.ts";
import { capitalized } from "./format.ts";
import { logInAgain } from "./login_view.ts";
import { chatTexts } from "./texts.ts";

/** A shorter wait is not mentioned. */
const QUIET_WAIT_MS = 1000;

interface PasswordViewParts {
  readonly user: () => string;
  readonly ask: (question: ClientQuestion) => void;
  readonly notice: (text: string) => void;
}

/** The dialog in which users change their password. */
export class PasswordView {
  readonly #dialog = byId<HTMLDialogElement>("passwd");
  readonly #old = byId<HTMLInputElement>("passwd-old");
  readonly #new = byId<HTMLInputElement>("passwd-new");
  readonly #again = byId<HTMLInputElement>("passwd-again");
  readonly #error = byId("passwd-error");
  readonly #parts: PasswordViewParts;
  #isFixed = false;
  #isWaiting = false;
  #slow: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: PasswordViewParts) {
    this.#parts = parts;
    byId("password-open").addEventListener("click", () => {
      byId<HTMLDialogElement>("settings").close();
      setText(this.#error, "");
      this.#dialog.showModal();
      // The server answers with the reason, before anything is typed.
      if (this.#isFixed) this.#parts.ask({ type: "passwd", old: "", new: "" });
    });
    byId("passwd-cancel").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#forget());
    byId("passwd-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Takes the server's answer; whether the event is one. */
  answered(event: ServerEvent): boolean {
    if (event.type === "newPassword") {
      this.#dialog.close();
      void this.#logIn(event.password);
      return true;
    }
    if (event.type === "loggedIn") this.#isFixed = event.fixedPassword === true;
    if (event.type !== "denied" || event.question?.type !== "passwd") return false;
    this.#waitsNoMore();
    if (!this.#dialog.open) return false;
    setText(this.#error, capitalized(event.why));
    this.#old.select();
    return true;
  }

  #submit(): void {
    if (this.#isWaiting) return;
    if (this.#new.value !== this.#again.value) {
      setText(this.#error, chatTexts.mismatch);
      return this.#again.focus();
    }
    this.#isWaiting = true;
    setText(this.#error, "");
    this.#slow = setTimeout(() => setText(this.#error, chatTexts.waits), QUIET_WAIT_MS);
    this.#parts.ask({ type: "passwd", old: this.#old.value, new: this.#new.value });
  }

  #waitsNoMore(): void {
    this.#isWaiting = false;
    clearTimeout(this.#slow);
  }

  /** No password stays in the page. */
  #forget(): void {
    this.#waitsNoMore();
    this.#old.value = this.#new.value = this.#again.value = "";
  }

  /** The old login cookie is worth nothing any more, this browser's included. */
  async #logIn(password: string): Promise<void> {
    const { user, notice } = this.#parts;
    const why = await logInAgain(user(), password);
    notice(why === undefined ? chatTexts.passwordChanged : chatTexts.passwordChangedLogin(why));
  }
}
