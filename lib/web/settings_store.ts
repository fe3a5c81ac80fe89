import { readSettings, type Settings } from "./settings.ts";

const NAME = "partyline settings";

/** The settings as they are stored. */
export function storedSettings(): Settings {
  let text: string | null = null;
  try {
    text = localStorage.getItem(NAME);
  } catch { /* the storage is disabled */ }
  return readSettings(text);
}

/** The settings of this browser; where it stores nothing, they last as long as the page. */
export class SettingsStore {
  current: Settings;

  constructor(readonly changed: () => void) {
    this.current = storedSettings();
    addEventListener("storage", ({ key, newValue }) => {
      if (key !== NAME) return;
      this.current = readSettings(newValue);
      changed();
    });
  }

  set(change: Partial<Settings>): void {
    this.current = { ...this.current, ...change };
    try {
      localStorage.setItem(NAME, JSON.stringify(this.current));
    } catch { /* the storage is full or disabled */ }
    this.changed();
  }
}
