import { the, write } from "./dom.js";
import { enter } from "./host.js";
import { reason } from "./text.js";

/** The log-in: over everything, until the server knows who is there. */
export class Door {
  #dialog = /** @type {HTMLDialogElement} */ (the("door"));
  #name = /** @type {HTMLInputElement} */ (the("door-name"));
  #password = /** @type {HTMLInputElement} */ (the("door-password"));
  #again = /** @type {HTMLInputElement} */ (the("door-again"));
  #registers = false;
  #busy = false;

  /** @param {() => void} entered */
  constructor(entered) {
    this.entered = entered;
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    the("door-other").addEventListener("click", () => this.#turn(!this.#registers));
    the("door-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** @param {import("./host.js").About} about @param {string} title @param {string} name who was here before @param {string} why */
  open(about, title, name, why) {
    if (this.#dialog.open) return;
    write(the("door-title"), title);
    the("door-other").hidden = !about.registration;
    this.#turn(false);
    write(the("door-why"), why);
    if (this.#name.value === "") this.#name.value = name;
    this.#dialog.showModal();
    (this.#name.value === "" ? this.#name : this.#password).focus();
  }

  close() {
    this.#dialog.close();
  }

  /** @param {boolean} registers */
  #turn(registers) {
    this.#registers = registers;
    the("door-again-label").hidden = !registers;
    this.#again.required = registers;
    this.#password.autocomplete = registers ? "new-password" : "current-password";
    write(the("door-enter"), registers ? "Make the account" : "Log in");
    write(the("door-other"), registers ? "I have an account" : "Make an account");
    write(the("door-why"), "");
  }

  async #submit() {
    if (this.#busy) return;
    if (this.#registers && this.#again.value !== this.#password.value) {
      write(the("door-why"), "The two passwords are not the same.");
      return this.#again.focus();
    }
    this.#busy = true;
    write(the("door-why"), "");
    const why = await enter(this.#registers ? "register" : "login", this.#name.value.trim(), this.#password.value)
      .catch((error) => `The server cannot be reached: ${reason(error)}`);
    this.#busy = false;
    if (why !== undefined) {
      write(the("door-why"), why);
      return this.#password.select();
    }
    this.#password.value = this.#again.value = "";
    this.close();
    this.entered();
  }
}
