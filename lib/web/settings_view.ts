import { byId, make } from "./dom.ts";
import { LANGUAGES } from "./languages.ts";
import type { Settings } from "./settings.ts";
import type { SettingsStore } from "./settings_store.ts";

const SELECTS = ["language", "theme", "density", "clock"] as const;
const CHECKS = ["sounds", "enterSends", "typing", "notifications"] as const;

/** The dialog with the settings of this browser. */
export class SettingsView {
  readonly #dialog = byId<HTMLDialogElement>("settings");
  readonly #store: SettingsStore;

  constructor(store: SettingsStore, logOutEverywhere: () => void) {
    this.#store = store;
    const languages = Object.entries(LANGUAGES);
    byId("set-language").append(
      ...languages.map(([value, { name, tag }]) => make("option", { value, lang: tag }, name)),
    );
    for (const name of SELECTS) {
      const select = byId<HTMLSelectElement>(`set-${name}`);
      select.addEventListener("change", () => {
        store.set({ [name]: select.value } as Partial<Settings>);
        // What is written stays over a reload, and what is under way asks before it.
        if (name === "language") location.reload();
      });
    }
    for (const name of CHECKS) {
      const check = byId<HTMLInputElement>(`set-${name}`);
      check.addEventListener("change", () => {
        store.set({ [name]: check.checked });
        if (name === "notifications" && check.checked) void this.#permit(check);
      });
    }
    byId("everywhere").addEventListener("click", () => {
      this.#dialog.close();
      logOutEverywhere();
    });
  }

  /** Asks the browser; where it shows none, the setting does not say that it does. */
  async #permit(check: HTMLInputElement): Promise<void> {
    if (await Notification.requestPermission() === "granted") return;
    check.checked = false;
    this.#store.set({ notifications: false });
  }

  open(): void {
    const { current } = this.#store;
    for (const name of SELECTS) byId<HTMLSelectElement>(`set-${name}`).value = current[name];
    for (const name of CHECKS) byId<HTMLInputElement>(`set-${name}`).checked = current[name] === true;
    // Browsers have none without TLS, except on this machine.
    byId("set-notifications-label").hidden = !("Notification" in globalThis && isSecureContext);
    this.#dialog.showModal();
  }
}

/** Has the style sheets follow the theme, and not the system alone. */
export function applyTheme({ theme, density }: Settings): void {
  const root = document.documentElement;
  root.style.colorScheme = theme === "auto" ? "" : theme;
  root.dataset.density = density;
  // A rule that is given a medium, even the one that it has, has the page compute all styles anew.
  if (theme === applied) return;
  applied = theme;
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (!(rule instanceof CSSMediaRule)) continue;
      if (!darkRules.has(rule) && !/prefers-color-scheme: dark/.test(rule.media.mediaText)) continue;
      darkRules.add(rule);
      rule.media.mediaText = { auto: "(prefers-color-scheme: dark)", dark: "all", light: "not all" }[theme];
    }
  }
}

/** The theme that the rules follow; at first the system's. */
let applied: Settings["theme"] = "auto";
const darkRules = new WeakSet<CSSMediaRule>();
